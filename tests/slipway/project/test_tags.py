"""Tags: one never means two things."""

import pytest

from slipway.project import tags
from slipway.project.tree import Tree

COMMIT = "0123456789abcdef0123456789abcdef01234567"


@pytest.mark.parametrize(
    ("tree", "tag"),
    [
        (Tree(COMMIT, "", ("v1.2.3",), 0, ""), "1.2.3"),
        (Tree(COMMIT, "", ("v1.2.2",), 0, ""), "1.2.3-dev.0-0123456789ab"),
        (Tree(COMMIT, "", (), 4, ""), "1.2.3-dev.4-0123456789ab"),
        (Tree(COMMIT, "", ("v1.2.3",), 0, "f" * 64), "1.2.3-dev.0-0123456789ab-dirty.ffffffffffff"),
        (Tree("", "", (), 0, "e" * 64), "1.2.3-dev.0-nocommit-dirty.eeeeeeeeeeee"),
    ],
)
def test_the_tag_of_a_tree(tree: Tree, tag: str) -> None:
    assert tags.of_tree("1.2.3", tree) == tag


@pytest.mark.parametrize(
    ("tag", "fits"),
    [
        ("1.4.2", True), ("1.4", True), ("1", True), ("latest", True), ("stable", True), ("", True),
        ("1.4.20", False), ("1.4.1", False), ("14", False), ("1.40", False), ("4", False), ("2", False),
        ("sha-0123456789ab", True), ("sha-ba9876543210", False),
    ],
)  # fmt: skip
def test_a_tag_means_its_own_version_or_commit_alone(tag: str, fits: bool) -> None:
    assert tags.may_mean(tag, "1.4.2", COMMIT) is fits


def test_a_released_commit_and_the_tests_of_a_version_have_tags() -> None:
    assert tags.of_commit(COMMIT) == "sha-0123456789ab"
    assert tags.tests_of("1.2.3") == "1.2.3-test"


@pytest.mark.parametrize(
    ("reference", "fixed"),
    [
        ("r/x:1.2.3", True), ("x:sha-0123456789ab", True), ("x:1.2.3-dev.4-0123456789ab", True),
        (f"r/x@sha256:{'d' * 64}", True), (f"r/x:latest@sha256:{'d' * 64}", True),
        ("r/x:1.2", False), ("r/x:1", False), ("r/x:latest", False), ("r/x", False), ("x:dev", False),
        ("r/x:1.2.3-test", False), ("x:sha-0123", False), (f"x@sha256:{'d' * 63}", False),
    ],
)  # fmt: skip
def test_what_is_never_published_twice_is_fixed(reference: str, fixed: bool) -> None:
    assert tags.is_fixed(reference) is fixed


@pytest.mark.parametrize(
    ("tag", "in_registry", "on_engine"),
    [
        ("1.2.3", "r.example/shop:1.2.3", "shop:1.2.3"),
        ("sha-0123456789ab", "r.example/shop:sha-0123456789ab", "shop:sha-0123456789ab"),
        ("other:1", "", "other:1"),
        ("r.example/other:1", "r.example/other:1", "r.example/other:1"),
        ("r.example/shop@sha256:d", "r.example/shop@sha256:d", "r.example/shop@sha256:d"),
    ],
)
def test_what_a_tag_option_is_called(tag: str, in_registry: str, on_engine: str) -> None:
    assert tags.in_registry(tag, "r.example/shop") == in_registry
    assert tags.on_engine(tag, "shop") == on_engine


def test_without_a_registry_a_plain_tag_is_in_none() -> None:
    assert tags.in_registry("1.2.3", "") == ""


@pytest.mark.parametrize(
    ("text", "valid"), [("1.2.3", True), ("_a-b.c", True), ("a" * 128, True), ("a" * 129, False), (".a", False),
                        ("-a", False), ("a+b", False), ("a/b", False), ("", False), ("\u00e4", False)],
)  # fmt: skip
def test_what_can_be_a_tag(text: str, valid: bool) -> None:
    assert bool(tags.TAG.fullmatch(text)) is valid


@pytest.mark.parametrize(
    ("new", "known", "names"),
    [
        ("1.0.0", [], ["1.0", "1", "latest"]),
        ("1.2.4", ["1.2.3", "1.1.9", "0.9.0"], ["1.2", "1", "latest"]),
        ("1.1.10", ["1.2.0", "1.1.9"], ["1.1"]),
        ("1.9.9", ["1.9.8", "2.0.0"], ["1.9", "1"]),
        ("1.1.1", ["1.1.2", "2.0.0"], []),
        ("1.10.0", ["1.9.0", "1.10.0"], ["1.10", "1", "latest"]),
    ],
)
def test_a_tag_moves_to_the_highest_of_its_line_alone(new: str, known: list[str], names: list[str]) -> None:
    assert tags.moving(new, known) == names
