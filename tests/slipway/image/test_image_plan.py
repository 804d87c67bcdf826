"""What goes into the image, and how it is built."""

import re
import shutil
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from slipway.core.errors import Problem
from slipway.core.steps import Steps
from slipway.image import arguments as buildargs
from slipway.image import base as variants
from slipway.image import plan as image
from slipway.image.context import context
from slipway.project.config import load
from slipway.project.settings import Settings
from slipway.project.tree import NEVER, Tree, digest
from slipway.verbs.session import Lifecycle
from tests.conftest import ROOT


def tree(root: Path, *names: str) -> Path:
    """Make empty files."""
    for name in names:
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).touch()
    return root


FILES = (
    "app/a.py",
    "app/b.txt",
    "app/__pycache__/a.pyc",
    "app/sub/c.py",
    "docs/d.md",
    ".env",
    ".git/x",
    "e.py",
    "x1.py",
)


@pytest.mark.parametrize(
    ("rules", "kept"),
    [
        ("", {*FILES, ".dockerignore"}),
        ("*", set()),
        ("*\n!app\n**/__pycache__\n", {"app/a.py", "app/b.txt", "app/sub/c.py"}),
        ("# comment\n\n*\n!app/*.py\n", {"app/a.py"}),
        ("*\n!app/**/*.py\n", {"app/a.py", "app/sub/c.py"}),
        ("*\n!/app/\napp/sub/\n", {"app/a.py", "app/b.txt", "app/__pycache__/a.pyc"}),
        ("*\n!app/sub/c.py\n", {"app/sub/c.py"}),
        ("**\n!?[0-9].py\n", {"x1.py"}),
        ("*/*\n.*\n", {"e.py", "x1.py"}),
        ("app\ndocs\n.*\n!app/b.txt\n", {"app/b.txt", "e.py", "x1.py"}),
    ],
)
def test_context_follows_dockerignore(tmp_path: Path, rules: str, kept: set[str]) -> None:
    tree(tmp_path, *FILES)
    (tmp_path / ".dockerignore").write_text(rules)

    assert set(context(tmp_path)) == kept


def test_the_context_of_this_project_holds_what_the_service_needs_alone() -> None:
    tops = {name.partition("/")[0] for name in context(ROOT)}

    assert tops == {"app", "alembic", "gunicorn.conf.py", "pyproject.toml", "poetry.lock", "slipway", "tests"}
    assert not [name for name in context(ROOT) if "__pycache__" in name or ".env" in name]


@pytest.fixture
def copy(tmp_path: Path) -> Path:
    """Give a copy of what the hash is made of."""
    for name in context(ROOT):
        tree(tmp_path, name)
        shutil.copy(ROOT / name, tmp_path / name)
    for name in ("Dockerfile", ".dockerignore"):
        shutil.copy(ROOT / name, tmp_path / name)
    return tmp_path


@pytest.mark.parametrize("changed", ["app/main.py", "poetry.lock", "alembic/env.py", "Dockerfile", "app/new.py"])
def test_inputs_change_with_what_goes_in(copy: Path, changed: str) -> None:
    before = image.inputs(load(copy))
    with (copy / changed).open("a") as file:
        file.write("# changed\n")

    assert image.inputs(load(copy)) != before


@pytest.mark.parametrize("changed", ["README.md", "tests/app/test_posts.py", ".env", "app/__pycache__/x.pyc"])
def test_inputs_stay_when_something_else_changes(copy: Path, changed: str) -> None:
    before = image.inputs(load(copy))
    tree(copy, changed)
    with (copy / changed).open("a") as file:
        file.write("# changed\n")

    assert image.inputs(load(copy)) == before


def test_the_tag_says_what_differs_from_the_project() -> None:
    tree = Tree("c" * 40, "2026-01-02T03:04:05Z", ("v0.1.0",), 0, "")
    project = replace(load(ROOT), name="x", version="0.1.0")
    plain = image.of(project, tree)
    on_full = image.of(project, tree, python="3.12", variant="full")
    one, other = (image.of(project, tree, given=[f"FEATURE={value}"]) for value in ("on", "off"))

    assert plain.tag == "x:0.1.0"
    assert on_full.tag == "x:0.1.0-python3.12-full"
    assert on_full.args["VARIANT"] == ""
    assert len({plain.tag, one.tag, other.tag}) == 3
    assert one.args["FEATURE"] == "on"


def test_a_commit_gives_the_same_arguments_anywhere(monkeypatch: pytest.MonkeyPatch) -> None:
    tree = Tree("c" * 40, "2026-01-02T03:04:05Z", ("v1.2.0",), 0, "", "1.1.0")
    args = image.of(load(ROOT), tree).args
    for name, value in (("TZ", "Asia/Tokyo"), ("SOURCE_DATE_EPOCH", "1"), ("LC_ALL", "de_DE.UTF-8")):
        monkeypatch.setenv(name, value)

    assert image.of(load(ROOT), tree).args == args
    assert args["SOURCE_DATE_EPOCH"] == "1767323045"
    assert (args["PREVIOUS"], args["SCHEMA"]) == ("1.1.0", "0002")


@pytest.mark.parametrize("version", ["1.0+local", "1" * 129, ""])
def test_a_tag_that_cannot_be_is_told(version: str) -> None:
    with pytest.raises(Problem, match="cannot be an image's tag"):
        image.of(replace(load(ROOT), version=version), Tree("c" * 40, NEVER, (f"v{version}",), 0, ""))


@pytest.fixture
def here(copy: Path) -> Iterator[Lifecycle]:
    """Give the verbs' environment, on a copy of the project."""
    lifecycle = Lifecycle("dev", "docker", Steps())
    lifecycle.project = load(copy)
    lifecycle.settings = Settings(lifecycle.project, Steps(), lambda: True)
    yield lifecycle


def refused(here: Lifecycle, **changes: Any) -> str:
    """Return why the image of a tree is not built, "" when it would be."""
    try:
        image.check(here, image.of(replace(here.project, **changes), Tree("c" * 40, NEVER, (), 3, "")))
    except Problem as problem:
        return str(problem.message)
    return ""


def test_nothing_is_built_that_would_show_a_secret(here: Lifecycle) -> None:
    root = here.project.root
    assert refused(here) == ""
    assert "an address with a login" in refused(here, source="https://me:secret@example.com/x")
    assert "add ARG FEATURE" in refused(here, build_args={"FEATURE": "1"})

    (root / ".env").write_text("A='never closed\n")
    assert refused(here) == ""
    assert "cannot be told" in refused(here, build_args={"WEB_CONCURRENCY": "2"})

    (root / ".dockerignore").unlink()
    assert ".dockerignore lets .env into the build" in refused(here)
    (root / ".dockerignore").write_text("**/.env*\n")
    assert refused(here) == ""
    (root / "Dockerfile.dockerignore").write_text("*.md\n")  # goes before the other
    assert ".dockerignore lets .env into the build" in refused(here)


@pytest.mark.parametrize("name", ["Dockerfile", "poetry.lock"])
def test_what_is_missing_is_named(here: Lifecycle, name: str) -> None:
    (here.project.root / name).unlink()

    assert f"There is no {name}" in refused(here)


def test_links_are_part_of_the_context(tmp_path: Path) -> None:
    tree(tmp_path, "app/a.py", "app/sub/b.py")
    (tmp_path / "app/gone").symlink_to("nowhere")
    (tmp_path / "app/folder").symlink_to("sub")

    seen = set(context(tmp_path))
    assert seen == {"app/a.py", "app/sub/b.py", "app/gone", "app/folder"}
    before = digest(tmp_path, seen)
    (tmp_path / "app/folder").unlink()
    (tmp_path / "app/folder").symlink_to(".")
    assert digest(tmp_path, context(tmp_path)) != before


def test_every_injected_argument_is_declared_and_kept_for_inv() -> None:
    declared = set(re.findall(r"(?m)^ARG (\w+)", (ROOT / "Dockerfile").read_text()))
    described = image.of(load(ROOT), Tree("c" * 40, NEVER, (), 3, "")).args.keys()

    assert described <= declared
    assert described - buildargs.shape(load(ROOT), variants.choose(load(ROOT))).keys() <= buildargs.INJECTED


def test_build_command_is_pasteable_and_complete() -> None:
    project = load(ROOT)
    args = image.of(project, Tree("c" * 40, "2026-01-02T03:04:05Z", (), 3, "")).args
    command = image.build_command(["a:1", "a:2"], args, "test")

    assert command[:9] == ["docker", "build", "--provenance=false", "--tag", "a:1", "--tag", "a:2", "--target", "test"]
    assert command[-1] == "."
    assert f"VERSION={project.version}-dev.3-cccccccccccc" in command
    assert f"REVISION={'c' * 40}" in command
    assert "CREATED=2026-01-02T03:04:05Z" in command
    assert not [word for word in command if "PASSWORD" in word or "SECRET" in word]


def test_plain_docker_build_makes_what_pyproject_says() -> None:
    defaults = dict(
        line.removeprefix("ARG ").split("=", 1)
        for line in (ROOT / "Dockerfile").read_text().splitlines()
        if line.startswith("ARG ") and "=" in line
    )

    assert buildargs.shape(load(ROOT), variants.choose(load(ROOT))).items() <= defaults.items()
