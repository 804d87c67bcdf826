"""Versions: which one comes next, and what git calls them."""

import pytest

from slipway.core.errors import Problem
from slipway.project.semver import git_tag, is_version, parse, raised, version_of


@pytest.mark.parametrize(("part", "new"), [("patch", "1.2.4"), ("minor", "1.3.0"), ("major", "2.0.0")])
def test_raised(part: str, new: str) -> None:
    assert raised("1.2.3", part) == new


@pytest.mark.parametrize(("old", "part"), [("1.2.3", "micro"), ("1.2", "patch"), ("1.2.3rc1", "patch")])
def test_what_cannot_be_raised_is_a_problem(old: str, part: str) -> None:
    with pytest.raises(Problem):
        raised(old, part)


@pytest.mark.parametrize("text", ["", "1", "1.2", "1.2.3.4", "v1.2.3", "1.2.3rc1", "01.2.3", "1.2.3\n", "\u0661.2.3"])
def test_what_is_no_version_is_told(text: str) -> None:
    with pytest.raises(Problem, match=r"not X\.Y\.Z"):
        parse(text)


def test_a_version_is_three_numbers() -> None:
    assert parse("1.20.300") == (1, 20, 300)
    assert [is_version(text) for text in ("0.0.0", "1.2.3", "1.2", "1.2.3-dev.1")] == [True, True, False, False]


@pytest.mark.parametrize(
    ("tag", "version"), [("v1.2.3", "1.2.3"), ("1.2.3", ""), ("v1.2", ""), ("vv1.2.3", ""), ("v", "")]
)
def test_a_version_has_one_git_tag(tag: str, version: str) -> None:
    assert version_of(tag) == version
    assert not version or git_tag(version) == tag
