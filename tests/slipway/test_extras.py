"""Packages that only some verbs need."""

import sys
from pathlib import Path

import pytest

from slipway import extras
from slipway.core.errors import Problem
from slipway.virtualenv import venv
from tests.slipway.virtualenv.support import Project, index_of, pinned, wheel


@pytest.fixture
def made(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Project:
    """Give a project with an environment of Slipway's, and packages in extras of slipway.lock."""
    (tmp_path / "project").mkdir()
    project = Project(tmp_path / "project")
    for name in ("PYTHON", "PYTHONPATH", venv.ASKED):
        monkeypatch.delenv(name, raising=False)
    for name, value in index_of(project).items():
        monkeypatch.setenv(name, value)
    lock(project)
    (project.root / "pyproject.toml").write_text('[project]\nname = "shop"\nversion = "0.1.0"\n')
    assert project.inv("up").returncode == 0
    assert project.has(own=True) == {"invoke"}
    return project


def lock(project: Project, *more: str) -> None:
    """Lock Invoke, pip and more packages, and two others in extras."""
    project.lock(*more)
    with (project.root / "slipway.lock").open("a") as file:
        for name, condition in (("scales", 'extra == "a" or extra == "b"'), ("crane", 'extra == "b"')):
            file.write(pinned(wheel(project.index, name)).replace(" --hash", f" ; {condition} --hash") + "\n")


def test_they_are_installed_when_they_are_needed_and_stay(made: Project) -> None:
    extras.add(made.root, ["a"])
    assert made.has(own=True) == {"invoke", "scales"}
    extras.add(made.root, ["b"])
    assert made.has(own=True) == {"invoke", "scales", "crane"}
    assert venv.own(made.root).groups == ("main", "a", "b")
    lock(made, "other")
    assert made.inv("up").returncode == 0
    assert made.has(own=True) == {"invoke", "scales", "crane", "other"}
    assert made.inv("up").stderr == ""


def test_all_of_them_can_be_had_at_once(made: Project) -> None:
    (made.root / ".slipway/venv/slipway.lock").unlink()
    assert made.inv("up", SLIPWAY_EXTRAS="a,b").returncode == 0
    assert made.has(own=True) == {"invoke", "scales", "crane"}


def test_what_cannot_be_installed_is_a_problem_and_the_rest_serves(made: Project) -> None:
    next(made.index.glob("crane-*")).unlink()
    with pytest.raises(Problem, match=r"\.slipway/venv could not be made: see pip's message above"):
        extras.add(made.root, ["b"])
    done = made.inv("up")
    assert done.returncode == 0, done.stderr
    assert venv.own(made.root).groups == ("main",)


def test_another_environment_is_left_as_it_is(made: Project, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(made.root)
    monkeypatch.setattr("slipway.project.root.SAID", [made.root])
    extras.need("b")
    assert made.has(own=True) == {"invoke"}
    monkeypatch.setattr(sys, "prefix", str(made.root / ".slipway/venv"))
    extras.need("b")
    assert made.has(own=True) == {"invoke", "scales", "crane"}


def test_nothing_is_installed_for_a_project_that_wants_a_newer_slipway(
    made: Project, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("slipway.project.root.SAID", [made.root])
    monkeypatch.setattr(sys, "prefix", str(made.root / ".slipway/venv"))
    file = made.root / "pyproject.toml"
    file.write_text(f'{file.read_text()}\n[tool.slipway]\nminimum-version = "999.0.0"\n')
    with pytest.raises(Problem, match=r"needs Slipway 999\.0\.0"):
        extras.need("b")
    assert made.has(own=True) == {"invoke"}
