"""Slipway's own part of a build: found, and the locked one."""

from pathlib import Path, PurePosixPath

import pytest

from slipway.core.errors import Problem
from slipway.image import origin
from slipway.image.context import context
from slipway.template import wheel
from slipway.template.own import NAME, SOURCE, text
from tests.support import ROOT

DOCKERFILE = (ROOT / "Dockerfile").read_text()
WHEEL = "slipway_tasks-1.0-py3-none-any.whl"


def written(root: Path, line: str) -> Path:
    """Write a project that has Slipway as a line of its lock says."""
    (root / NAME).write_text(text(line, ""))
    (root / ".dockerignore").write_text(f"*\n!{NAME}\n!vendor/*.whl\n")
    (root / "vendor").mkdir()
    (root / "vendor" / WHEEL).write_bytes(b"the wheel")
    return root


def refused(root: Path) -> str:
    """Return why a build would be refused, "" when it would not be."""
    try:
        origin.check(root, set(map(PurePosixPath, context(root))), DOCKERFILE)
    except Problem as problem:
        return str(problem.message)
    return ""


def test_a_wheel_in_the_project_is_the_locked_one(tmp_path: Path) -> None:
    root = written(tmp_path, wheel.line(b"the wheel", WHEEL))
    assert refused(root) == ""

    (root / "vendor" / WHEEL).write_bytes(b"another")
    assert f"vendor/{WHEEL} is not the file that slipway.lock names" in refused(root)
    (root / "vendor" / WHEEL).unlink()
    assert "which is not there" in refused(root)


@pytest.mark.parametrize("line", [f"!{NAME}", "!vendor/*.whl"])
def test_what_dockerignore_keeps_out_is_named(tmp_path: Path, line: str) -> None:
    root = written(tmp_path, wheel.line(b"the wheel", WHEEL))
    rules = root / ".dockerignore"
    rules.write_text(rules.read_text().replace(f"{line}\n", ""))

    assert "it needs the line !" in refused(root)


def test_an_index_has_nothing_in_the_project(tmp_path: Path) -> None:
    assert refused(written(tmp_path, f"slipway-tasks==1.0 --hash=sha256:{'0' * 64}")) == ""


def test_without_a_lock_nobody_knows_which_slipway(tmp_path: Path) -> None:
    root = written(tmp_path, SOURCE)
    assert "There is no slipway/image/poetry.txt" in refused(root)
    (root / NAME).write_text("# nothing\n")
    assert "does not begin with Slipway itself. Put it back" in refused(root)
    (root / NAME).unlink()
    assert "There is no slipway.lock" in refused(root)


def test_a_dockerfile_without_slipways_stages_needs_nothing(tmp_path: Path) -> None:
    origin.check(tmp_path, set(), "FROM python\n")
