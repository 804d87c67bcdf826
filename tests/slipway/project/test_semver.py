"""Versions: which one comes next, and which tags move to it."""

import pytest

from slipway.core.errors import Problem
from slipway.project.semver import is_version, moving, parse, raised


@pytest.mark.parametrize(("part", "new"), [("patch", "1.2.4"), ("minor", "1.3.0"), ("major", "2.0.0")])
def test_raised(part: str, new: str) -> None:
    assert raised("1.2.3", part) == new


@pytest.mark.parametrize(("old", "part"), [("1.2.3", "micro"), ("1.2", "patch"), ("1.2.3rc1", "patch")])
def test_what_cannot_be_raised_is_a_problem(old: str, part: str) -> None:
    with pytest.raises(Problem):
        raised(old, part)


@pytest.mark.parametrize(
    ("new", "known", "tags"),
    [
        ("1.0.0", [], ["1.0", "1", "latest"]),
        ("1.2.4", ["1.2.3", "1.1.9", "0.9.0"], ["1.2", "1", "latest"]),
        ("1.1.10", ["1.2.0", "1.1.9"], ["1.1"]),
        ("1.9.9", ["1.9.8", "2.0.0"], ["1.9", "1"]),
        ("1.1.1", ["1.1.2", "2.0.0"], []),
        ("1.10.0", ["1.9.0", "1.10.0"], ["1.10", "1", "latest"]),
    ],
)
def test_a_tag_moves_to_the_highest_of_its_line_alone(new: str, known: list[str], tags: list[str]) -> None:
    assert moving(new, known) == tags


@pytest.mark.parametrize("text", ["", "1", "1.2", "1.2.3.4", "v1.2.3", "1.2.3rc1", "01.2.3", "1.2.3\n", "\u0661.2.3"])
def test_what_is_no_version_is_told(text: str) -> None:
    with pytest.raises(Problem, match=r"not X\.Y\.Z"):
        parse(text)


def test_a_version_is_three_numbers() -> None:
    assert parse("1.20.300") == (1, 20, 300)
    assert [is_version(text) for text in ("0.0.0", "1.2.3", "1.2", "1.2.3-dev.1")] == [True, True, False, False]
