"""The oldest Slipway that a project wants."""

from pathlib import Path

import pytest

from slipway.core.errors import Problem
from slipway.project import minimum
from slipway.project.config import load

ORDERED = [
    "0.9.0", "1.0.0.dev1", "1.0.0.dev2", "1.0.0a1.dev1", "1.0.0a1", "1.0.0a2", "1.0.0-beta.1", "1.0.0b2", "1.0.0-rc.1",
    "1.0.0rc10", "1.0.0", "1.0.1", "1.2.0", "1.10.0", "2.0.0.dev0", "2.0.0",
]  # fmt: skip


def test_versions_are_ordered_as_they_are_released() -> None:
    backwards = ORDERED[::-1]
    assert sorted(backwards, key=minimum.order) == ORDERED


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("1.0.0rc1", "1.0.0-rc.1"),
        ("1.0", "1.0.0"),
        ("v1.0.0", "1.0.0"),
        ("1.0.0+local.1", "1.0.0"),
        ("1.0.0c1", "1.0.0RC1"),
    ],
)
def test_both_spellings_mean_the_same(one: str, other: str) -> None:
    assert minimum.order(one) == minimum.order(other)


@pytest.mark.parametrize("text", ["", "1", "latest", "1.x", ">=1.0.0", "1.0.0.0.0", "1.0.0 rc1 x", "\u0661.0.0"])
def test_what_is_no_version_is_said(text: str) -> None:
    with pytest.raises(ValueError, match="is no version"):
        minimum.order(text)
    assert f"minimum-version = {text!r} should be a version" in minimum.unfit(text, own="1.0.0")


@pytest.mark.parametrize("wanted", [1, True, 1.4, ["1.0.0"], {}])
def test_the_key_is_a_text(wanted: object) -> None:
    assert "should be a version" in minimum.unfit(wanted, own="1.0.0")


@pytest.mark.parametrize("wanted", [None, "0.9.0", "1.0.0", "1.0.0rc1"])
def test_a_slipway_that_is_new_enough_goes_on(wanted: str | None) -> None:
    assert minimum.unfit(wanted, own="1.0.0") == ""


@pytest.mark.parametrize("own", ["0.9.9", "1.0.0rc1", "1.0.0.dev3"])
def test_an_older_one_says_what_helps(own: str) -> None:
    told = minimum.unfit("1.0.0", own)
    for said in (
        "needs Slipway 1.0.0",
        f"this is {own}",
        "Nothing was changed",
        "git pull",
        "./inv upgrade --to 1.0.0",
    ):
        assert said in told


def test_it_comes_before_what_an_older_one_does_not_know(tmp_path: Path) -> None:
    text = '[project]\nname = "shop"\n[tool.slipway]\nminimum-version = "999.0.0"\nof-the-future = 1\n'
    (tmp_path / "pyproject.toml").write_text(text)
    with pytest.raises(Problem, match=r"needs Slipway 999\.0\.0"):
        load(tmp_path)
