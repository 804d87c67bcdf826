"""The launcher: when .venv serves, is brought up to date, or is made anew."""

import shutil
import sys
from pathlib import Path

import pytest

from tests.slipway.virtualenv.support import Project, wheel
from tests.support import ROOT

VERSION = f"{sys.version_info[0]}.{sys.version_info[1]}"
SERVED = f"invoke {VERSION} up\n"


@pytest.fixture
def made(project: Project) -> Project:
    """Give a project whose .venv was made by the launcher."""
    first = project.inv("up")
    assert (first.stdout, first.returncode) == (SERVED, 0), first.stderr
    assert "making .venv from poetry.lock, 2 packages" in first.stderr
    return project


def serves(project: Project, *said: str, silent: bool = False, **env: str) -> None:
    """Call a verb; it must work, and say this. The next call says nothing."""
    done = project.inv("up", **env)
    assert (done.stdout, done.returncode) == (SERVED, 0), done.stderr
    assert [text for text in said if text not in done.stderr] == [], done.stderr
    again = project.inv("up", **env)
    assert (again.stdout, again.stderr) == (SERVED, "")
    assert not silent or not done.stderr


def test_a_package_that_leaves_the_lock_file_leaves_venv_and_one_that_was_added_by_hand_stays(made: Project) -> None:
    wheel(made.index, "byhand")
    made.unpack("byhand")
    made.lock("one", "two")
    serves(made, ".venv is not what poetry.lock asks for: installing one, two\n")
    made.lock("two")
    serves(made, ".venv is not what poetry.lock asks for: removing one\n")
    assert made.has() == {"invoke", "two", "byhand"}

    # It was broken off while it installed a package: that is not taken for one that is there.
    (made.site() / "two-1.0.dist-info/RECORD").unlink()
    (made.root / ".venv/poetry.lock").unlink()
    serves(made, "installing two")

    # Only what is not there is brought back; but what does not work though it is there needs all of it made anew.
    shutil.rmtree(made.site() / "invoke-1.0.dist-info")
    shutil.rmtree(made.site() / "invoke")
    serves(made, "installing invoke\n")
    shutil.rmtree(made.site() / "invoke")
    anew = (
        ".venv does not serve any more (No module named 'invoke'): making it anew (byhand is for you to install again)"
    )
    serves(made, anew)
    assert made.has() == {"invoke", "two"}


def test_a_venv_of_another_tool_serves_when_it_has_what_is_locked(project: Project) -> None:
    from_git = '[[package]]\nname = "ours"\nversion = "1.0"\ngroups = ["main"]\nfiles = []\n'
    from_git += '[package.source]\ntype = "git"\nurl = "https://git.example/ours"\nresolved_reference = "0"\n'
    project.lock("other", extra=from_git)

    refused = project.inv("up")
    assert refused.returncode == 1
    assert refused.stderr.count("\n") == 1
    assert "make .venv with `POETRY_VIRTUALENVS_IN_PROJECT=true poetry install`" in refused.stderr

    project.venv()
    wheel(project.index, "ours")
    project.unpack("invoke", "pip", "other")
    lacks = project.inv("up")
    assert (
        "(ours comes from https://git.example/ours, not from a package index); .venv lacks ours: make" in lacks.stderr
    )

    project.unpack("ours")
    serves(project, silent=True)
    project.lock("other")
    serves(project, silent=True)
    assert "ours" in project.has(), "it was not the launcher that installed it"


def test_a_python_that_does_not_start_or_is_another_machines_is_noticed(made: Project) -> None:
    python = made.root / ".venv/bin/python"
    python.unlink()
    python.write_text("#!/bin/sh\necho broken >&2\nexit 1\n")
    python.chmod(0o755)
    assert made.inv("up").returncode == 1
    serves(made, ".venv has a Python that does not start (broken): making it anew")

    note = made.root / ".venv/slipway.txt"
    asked, library, extensions, *ours = note.read_text().splitlines()
    note.write_text("\n".join([asked, library, ".cpython-311-x86_64-linux-musl.so", *ours, ""]))
    serves(made, f"was made where packages end in .cpython-311-x86_64-linux-musl.so; here they end in {extensions}")

    python.unlink()
    python.symlink_to("/nowhere/python3")
    serves(made, ".venv has no Python any more: making it anew")

    # What it was begun anew for and not finished serves nobody.
    note.write_text("\n".join([asked, "begun", extensions, *ours, ""]))
    serves(made, ".venv was not made to the end: making it anew")


def test_what_is_no_virtual_environment_is_left_alone(project: Project) -> None:
    (project.root / ".venv").mkdir()
    (project.root / ".venv/notes").write_text("mine")
    done = project.inv("up")
    assert done.returncode == 1
    assert done.stderr.endswith(
        "has no pyvenv.cfg, so it is no virtual environment: move it away, then run ./inv again\n"
    )
    assert (project.root / ".venv/notes").read_text() == "mine"


def test_python_is_obeyed_when_there_is_a_venv_and_refused_in_a_sentence(made: Project, tmp_path: Path) -> None:
    assert made.inv("up", PYTHON="/nowhere/python").stderr == (
        "inv: PYTHON cannot be used: /nowhere/python does not start; name another one, or none\n"
    )
    same = Path(sys.executable).resolve()
    serves(made, silent=True, PYTHON=str(same))
    serves(made, silent=True)

    made.requires("<3.11")
    refused = made.inv("up", PYTHON=sys.executable)
    assert refused.stderr.startswith(f"inv: PYTHON cannot be used: {sys.executable} is Python {VERSION}.")
    assert '"<3.11"; name another one' in refused.stderr
    assert refused.stderr.count("\n") == 1
    (made.root / ".venv/poetry.lock").unlink()
    refused = made.inv("up")
    assert (
        "inv: no Python of version 3.11 or newer was found that the project takes (python3 is Python " in refused.stderr
    )


def test_what_pythonpath_names_stands_for_nothing_in_venv(project: Project, tmp_path: Path) -> None:
    other = tmp_path / "other"
    for name in ("invoke", "one"):
        shutil.copytree(ROOT / "tests/slipway/little/hello", other / name)
        (other / name / "__main__.py").write_text("raise SystemExit('foreign')")
        (other / f"{name}-1.0.dist-info").mkdir()
        (other / f"{name}-1.0.dist-info/METADATA").write_text(f"Metadata-Version: 2.1\nName: {name}\nVersion: 1.0\n")
    project.lock("one")
    serves(project, "making .venv", PYTHONPATH=str(other))
    assert project.has() == {"invoke", "one"}
    serves(project, silent=True, PYTHONPATH=f"{other}:")
    (project.root / "slipway/verbs/__main__.py").write_text("import os; print(os.environ['PYTHONPATH'])")
    assert project.inv("up", PYTHONPATH=f"{other}:").stdout == f"{other}:\n"
