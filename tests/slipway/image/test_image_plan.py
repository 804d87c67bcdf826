"""What goes into the image, and what it is called."""

import re
from dataclasses import replace
from pathlib import Path

import pytest

from slipway.core.errors import Problem
from slipway.engine.builder import build_command
from slipway.image import plan
from slipway.image.arguments import INJECTED, shape
from slipway.image.base import choose
from slipway.project.config import load
from slipway.project.revisions import heads
from slipway.project.tree import NEVER, Tree
from tests.slipway.image.support import touch
from tests.support import ROOT


@pytest.mark.parametrize(
    "changed", ["app/main.py", "poetry.lock", "alembic/env.py", "Dockerfile", "app/new.py", "slipway/image/poetry.txt"]
)
def test_inputs_change_with_what_goes_in(sources: Path, changed: str) -> None:
    before = plan.inputs(load(sources))
    with (sources / changed).open("a") as file:
        file.write("# changed\n")

    assert plan.inputs(load(sources)) != before


@pytest.mark.parametrize("changed", ["README.md", "tests/app/posts/test_posts.py", ".env", "app/__pycache__/x.pyc"])
def test_inputs_stay_when_something_else_changes(sources: Path, changed: str) -> None:
    before = plan.inputs(load(sources))
    touch(sources, changed)
    with (sources / changed).open("a") as file:
        file.write("# changed\n")

    assert plan.inputs(load(sources)) == before


def test_the_tag_says_what_differs_from_the_project() -> None:
    tree = Tree("c" * 40, "2026-01-02T03:04:05Z", ("v0.1.0",), 0, "")
    project = replace(load(ROOT), name="x", version="0.1.0")
    plain = plan.of(project, tree)
    on_full = plan.of(project, tree, python="3.12", variant="full")
    one, other = (plan.of(project, tree, given=[f"FEATURE={value}"]) for value in ("on", "off"))

    assert plain.tag == "x:0.1.0"
    assert on_full.tag == "x:0.1.0-python3.12-full"
    assert on_full.args["VARIANT"] == ""
    assert len({plain.tag, one.tag, other.tag}) == 3
    assert one.args["FEATURE"] == "on"


def test_a_commit_gives_the_same_arguments_anywhere(monkeypatch: pytest.MonkeyPatch) -> None:
    tree = Tree("c" * 40, "2026-01-02T03:04:05Z", ("v1.2.0",), 0, "", "1.1.0")
    args = plan.of(load(ROOT), tree).args
    for name, value in (("TZ", "Asia/Tokyo"), ("SOURCE_DATE_EPOCH", "1"), ("LC_ALL", "de_DE.UTF-8")):
        monkeypatch.setenv(name, value)

    assert plan.of(load(ROOT), tree).args == args
    assert args["SOURCE_DATE_EPOCH"] == "1767323045"
    assert (args["PREVIOUS"], args["SCHEMA"]) == ("1.1.0", heads(load(ROOT)))
    assert {"DATABASE_PASSWORD", "SECRET_KEY_FASTAPI_AUTH_NEXT"} <= set(args["ACCEPTS"].split())


def test_a_commit_of_before_has_the_arguments_that_its_dockerfile_knows(tmp_path: Path) -> None:
    tree = Tree("c" * 40, "2026-01-02T03:04:05Z", ("v1.2.0",), 0, "", "1.1.0")
    project = replace(load(ROOT), root=tmp_path)
    (tmp_path / "Dockerfile").write_text("FROM scratch\nARG SCHEMA=\n")
    assert "ACCEPTS" not in plan.of(project, tree).args
    (tmp_path / "Dockerfile").write_text("FROM scratch\nARG SCHEMA= ACCEPTS=\n")
    assert "ACCEPTS" in plan.of(project, tree).args


@pytest.mark.parametrize("version", ["1.0+local", "1" * 129, ""])
def test_a_tag_that_cannot_be_is_told(version: str) -> None:
    with pytest.raises(Problem, match="cannot be an image's tag"):
        plan.of(replace(load(ROOT), version=version), Tree("c" * 40, NEVER, (f"v{version}",), 0, ""))


def test_every_injected_argument_is_declared_and_kept_for_inv() -> None:
    declared = set(re.findall(r"(?m)^ARG (\w+)", (ROOT / "Dockerfile").read_text()))
    described = plan.of(load(ROOT), Tree("c" * 40, NEVER, (), 3, "")).args.keys()

    assert described <= declared
    assert described - shape(load(ROOT), choose(load(ROOT))).keys() <= INJECTED


def test_build_command_is_pasteable_and_complete() -> None:
    project = load(ROOT)
    args = plan.of(project, Tree("c" * 40, "2026-01-02T03:04:05Z", (), 3, "")).args
    command = build_command(["a:1", "a:2"], args, "test")

    assert command[:9] == ["docker", "build", "--provenance=false", "--tag", "a:1", "--tag", "a:2", "--target", "test"]
    assert command[-1] == "."
    assert f"VERSION={project.version}-dev.3-cccccccccccc" in command
    assert f"REVISION={'c' * 40}" in command
    assert "CREATED=2026-01-02T03:04:05Z" in command
    names = [word.partition("=")[0] for word in command]
    assert not [name for name in names if "PASSWORD" in name or "SECRET" in name]


def test_plain_docker_build_makes_what_pyproject_says() -> None:
    defaults = dict(
        line.removeprefix("ARG ").split("=", 1)
        for line in (ROOT / "Dockerfile").read_text().splitlines()
        if line.startswith("ARG ") and "=" in line
    )

    assert shape(load(ROOT), choose(load(ROOT))).items() <= defaults.items()
