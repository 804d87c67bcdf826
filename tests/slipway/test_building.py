"""How a build is asked of Docker: secrets, platforms, the registry."""

from pathlib import Path

import pytest

from slipway import building
from slipway.building import How
from slipway.errors import Problem


def test_secrets_are_seen_from_the_callers_folder(tmp_path: Path) -> None:
    (tmp_path / "pip.conf").touch()

    how = building.how(["id=pip.conf,src=pip.conf", "id=key,env=KEY"], no_cache=True, pull=False, caller=tmp_path)

    secrets = ["--secret", f"id=pip.conf,src={tmp_path}/pip.conf", "--secret", "id=key,env=KEY"]
    assert how.options == ["--no-cache", *secrets]


@pytest.mark.parametrize(
    ("secret", "said"), [("pip.conf", "takes id=NAME"), ("src=x", "takes id=NAME"), ("id=x,src=gone", "no file")]
)
def test_a_secret_that_is_none_is_told(secret: str, said: str, tmp_path: Path) -> None:
    with pytest.raises(Problem, match=said):
        building.how([secret], no_cache=False, pull=False, caller=tmp_path)


def test_several_platforms_are_built_and_pushed_in_one_command() -> None:
    command = building.push_command("r/x:1", {"A": "b"}, ["linux/amd64", "linux/arm64"], How(pull=True))

    assert command == [
        "docker", "buildx", "build", "--provenance=false", "--platform", "linux/amd64,linux/arm64", "--push", "--pull",
        "--tag", "r/x:1", "--build-arg", "A=b", ".",
    ]  # fmt: skip


def test_platforms_are_read_as_docker_writes_them() -> None:
    assert building.platforms("linux/amd64, linux/arm/v7") == ["linux/amd64", "linux/arm/v7"]
    assert building.platforms("") == []
    for wrong in ("windows/amd64", "arm64", "linux/amd64,"):
        with pytest.raises(Problem, match="linux/amd64,linux/arm64"):
            building.platforms(wrong)


@pytest.mark.parametrize(("platforms", "push", "verify"), [("linux/arm64", False, False), ("", True, True)])
def test_options_that_exclude_each_other_are_refused(platforms: str, push: bool, verify: bool) -> None:
    with pytest.raises(Problem, match="--push"):
        building.check(platforms, push, verify)
