"""How a build is asked of Docker: secrets, platforms, the registry."""

from pathlib import Path

import pytest

from slipway.core.errors import Problem
from slipway.image import build as building
from slipway.image.build import Options


def test_secrets_are_seen_from_the_callers_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "pip, mine.conf").touch()
    monkeypatch.setenv("KEY", "x")

    file = building.read_secret('id=pip.conf,"src=pip, mine.conf"', tmp_path)
    options = Options((file, building.read_secret("id=key,env=KEY")), no_cache=True)

    quoted = f'id=pip.conf,"src={tmp_path}/pip, mine.conf"'
    assert options.arguments == ["--no-cache", "--secret", quoted, "--secret", "id=key,env=KEY"]


@pytest.mark.parametrize(
    ("secret", "said"),
    [
        ("pip.conf", "takes id=NAME"), ("src=x", "takes id=NAME"), ("id=x,src=a,env=B", "takes id=NAME"),
        ("id=x,foo=bar,env=HOME", "takes id=NAME"), ("id=x,src=gone", "no file"), ("id=x,env=NOWHERE", "not set"),
    ],
)  # fmt: skip
def test_a_secret_that_is_none_is_told(secret: str, said: str, tmp_path: Path) -> None:
    with pytest.raises(Problem, match=said):
        building.read_secret(secret, tmp_path)


def test_several_platforms_are_built_and_pushed_in_one_command() -> None:
    command = building.push_command("r/x:1", {"A": "b"}, ["linux/amd64", "linux/arm64"], Options(pull=True))

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
