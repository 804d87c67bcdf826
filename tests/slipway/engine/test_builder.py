"""Buildx: how it is told to build, and what its builder can do."""

import pytest

from slipway.engine import builder
from tests.slipway.engine.support import Answers


def test_a_build_is_one_command_that_can_be_pasted() -> None:
    assert builder.build_command(["a:1", "a:2"], {"A": "b", "C": "d e"}, "test", ["--load", "--pull"]) == [
        "docker", "build", "--provenance=false", "--load", "--pull", "--tag", "a:1", "--tag", "a:2", "--target", "test",
        "--build-arg", "A=b", "--build-arg", "C=d e", ".",
    ]  # fmt: skip
    assert builder.build_command([], {}) == ["docker", "build", "--provenance=false", "."]


def test_several_platforms_are_built_and_pushed_in_one_command() -> None:
    assert builder.push_command("r/x:1", {"A": "b"}, ["linux/amd64", "linux/arm64"], ["--pull"]) == [
        "docker", "buildx", "build", "--provenance=false", "--platform", "linux/amd64,linux/arm64", "--push", "--pull",
        "--tag", "r/x:1", "--build-arg", "A=b", ".",
    ]  # fmt: skip
    assert builder.push_command("r/x:1", {}) == [
        "docker", "buildx", "build", "--provenance=false", "--push", "--tag", "r/x:1", ".",
    ]  # fmt: skip


def test_a_build_begins_with_another_image_than_the_dockerfile_names() -> None:
    on = builder.in_place_of("python:3.13-slim", "python@sha256:1")
    assert on == ["--build-context", "python:3.13-slim=docker-image://python@sha256:1"]


def test_what_is_asked_of_buildx() -> None:
    assert builder.inspect_command() == ["docker", "buildx", "inspect"]
    assert builder.version_command() == ["docker", "buildx", "version"]
    assert builder.store_command() == ["docker", "info", "--format", "{{.DriverStatus}}"]


@pytest.mark.parametrize(
    ("answers", "own", "several"),
    [
        (["Name:   default\nDriver: docker\n", "[[Backing Filesystem extfs]]"], True, False),
        (["Name:   default\nDriver: docker\n", "[[driver-type io.containerd.snapshotter.v1]]"], True, True),
        (["Name:   many\nDriver: docker-container\n"], False, True),
    ],
)
def test_the_engines_own_builder_is_told_apart(answers: list[str], own: bool, several: bool) -> None:
    assert builder.is_engines_own(Answers(*answers)) is own
    assert builder.builds_several(Answers(*answers)) is several


def test_the_version_is_the_second_word() -> None:
    assert builder.version(Answers("github.com/docker/buildx v0.13.1 788433953af1")) == "v0.13.1"
    assert builder.version(Answers("")) == ""


@pytest.mark.parametrize(
    ("said", "told"), [({}, {}), ({"DOCKER_BUILDKIT": "1"}, {}), ({"DOCKER_BUILDKIT": "0"}, {"DOCKER_BUILDKIT": "1"})]
)
def test_a_build_uses_buildkit_where_the_environment_has_turned_it_off(
    said: dict[str, str], told: dict[str, str]
) -> None:
    assert builder.buildkit(said) == told
