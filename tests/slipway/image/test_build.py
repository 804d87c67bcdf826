"""What is asked of a build: secrets, platforms, options that exclude each other; and what it is refused for."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from slipway.core.errors import Problem
from slipway.image import build, plan
from slipway.image.base import Base
from slipway.image.build import Options
from slipway.project.config import Project, load
from slipway.project.tree import NEVER, Tree

TREE = Tree("c" * 40, NEVER, (), 3, "")


def test_secrets_are_seen_from_the_callers_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "pip, mine.conf").touch()
    monkeypatch.setenv("KEY", "x")

    file = build.read_secret('id=pip.conf,"src=pip, mine.conf"', tmp_path)
    options = Options((file, build.read_secret("id=key,env=KEY")), no_cache=True)

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
        build.read_secret(secret, tmp_path)


def test_platforms_are_read_as_docker_writes_them() -> None:
    assert build.platforms("linux/amd64, linux/arm/v7") == ["linux/amd64", "linux/arm/v7"]
    assert build.platforms("") == []
    for wrong in ("windows/amd64", "arm64", "linux/amd64,"):
        with pytest.raises(Problem, match="linux/amd64,linux/arm64"):
            build.platforms(wrong)


@pytest.mark.parametrize(("platforms", "push", "verify"), [("linux/arm64", False, False), ("", True, True)])
def test_options_that_exclude_each_other_are_refused(platforms: str, push: bool, verify: bool) -> None:
    with pytest.raises(Problem, match="--push"):
        build.check_options(platforms, push, verify)


@pytest.fixture
def project(sources: Path) -> Project:
    """Give a copy of the project."""
    return load(sources)


def refused(project: Project, home: Project | None = None, **changes: Any) -> str:
    """Return why the image of a tree is not built, "" when it would be."""
    try:
        build.check(plan.of(replace(project, **changes), TREE), home or project)
    except Problem as problem:
        return str(problem.message)
    return ""


def test_nothing_is_built_that_would_show_a_secret(project: Project) -> None:
    root = project.root
    assert refused(project) == ""
    assert "an address with a login" in refused(project, source="https://me:secret@example.com/x")
    assert "add ARG FEATURE" in refused(project, build_args={"FEATURE": "1"})
    assert "target is for a Dockerfile of the project's own" in refused(project, target="test")

    (root / ".env").write_text("A='never closed\n")
    assert refused(project) == ""
    assert "cannot be told" in refused(project, build_args={"WEB_CONCURRENCY": "2"})

    (root / ".dockerignore").unlink()
    assert ".dockerignore lets .env into the build" in refused(project)
    (root / ".dockerignore").write_text("**/.env*\n")
    assert refused(project) == ""
    (root / "Dockerfile.dockerignore").write_text("*.md\n")  # goes before the other
    assert ".dockerignore lets .env into the build" in refused(project)


def test_a_build_that_lacks_the_pinned_poetry_is_told(project: Project) -> None:
    rules = project.root / ".dockerignore"
    rules.write_text(rules.read_text().replace("!slipway/image/poetry.txt\n", ""))
    assert "it needs the line !slipway/image/poetry.txt" in refused(project)

    dockerfile = project.root / "Dockerfile"
    dockerfile.write_text("FROM python\n")  # one that installs no Poetry
    assert "slipway/image/poetry.txt" not in refused(project)


@pytest.mark.parametrize("name", ["Dockerfile", "poetry.lock", "slipway/image/poetry.txt"])
def test_what_is_missing_is_named(project: Project, name: str) -> None:
    (project.root / name).unlink()

    assert f"There is no {name}" in refused(project)


@pytest.mark.parametrize("kind", ["git", "url"])
def test_what_no_hash_checks_is_refused_before_a_build(project: Project, kind: str) -> None:
    lock = project.root / "poetry.lock"
    package = '[[package]]\nname = "ours"\nversion = "1"\nfiles = []\ngroups = ["dev"]\n\n[package.source]\n'
    lock.write_text(f'{package}type = "{kind}"\nurl = "https://x/ours"\n\n{lock.read_text()}')
    image = plan.of(project, TREE)

    build.check(image, project)  # it is in no image
    with pytest.raises(Problem, match=r"No image can be made: ours comes from .*https://x/ours, not from"):
        build.check(image, project, "test")
    lock.write_text(lock.read_text().replace('groups = ["dev"]', 'groups = ["main"]', 1))
    with pytest.raises(Problem, match=r"no hash checks it\. Publish it to an index of yours .*; then: poetry lock"):
        build.check(image, project)


def test_the_secrets_of_the_checkout_are_no_arguments_of_a_clone(
    project: Project, tmp_path_factory: pytest.TempPathFactory
) -> None:
    home = replace(project, root=tmp_path_factory.mktemp("checkout"))
    (home.root / ".env").write_text("SMTP_ADDRESS=mail.example.com\n")
    args = {"ASGI_APP": "at mail.example.com"}

    assert refused(project, build_args=args) == ""
    assert "ASGI_APP holds the value of SMTP_ADDRESS in .env" in refused(project, home, build_args=args)


def test_packages_without_a_wheel_for_the_base_are_named(project: Project) -> None:
    lock = project.root / "poetry.lock"
    image = plan.of(project, TREE)
    assert build.compiled(image, "x86_64") == []

    lock.write_text(
        '[[package]]\nname = "slow"\nversion = "2.0"\noptional = false\ngroups = ["main"]\n'
        'files = [{file = "slow-2.0-cp313-cp313-musllinux_1_2_x86_64.whl", hash = "sha256:0"}]\n'
        '[metadata]\nlock-version = "2.1"\n'
    )
    assert build.compiled(image, "x86_64") == ["slow 2.0"]
    assert build.compiled(replace(image, base=Base("3.13", "alpine")), "x86_64") == []
    assert build.compiled(replace(image, base=Base("3.13", "alpine")), "aarch64") == ["slow 2.0"]
