"""The launcher: when Slipway's own environment serves, is brought up to date, or is made anew."""

import shutil
import sys
from pathlib import Path

import pytest

from slipway.virtualenv.start import START
from tests.slipway.virtualenv.support import Project, wheel
from tests.support import ROOT

VERSION = f"{sys.version_info[0]}.{sys.version_info[1]}"
SERVED = f"invoke {VERSION} up\n"


@pytest.fixture
def made(project: Project) -> Project:
    """Give a project whose environment was made by the launcher."""
    first = project.inv("up")
    assert (first.stdout, first.returncode) == (SERVED, 0), first.stderr
    assert "making .slipway/venv from slipway.lock, 2 packages" in first.stderr
    return project


def serves(project: Project, *said: str, silent: bool = False, **env: str) -> None:
    """Call a verb; it must work, and say this. The next call says nothing."""
    done = project.inv("up", **env)
    assert (done.stdout, done.returncode) == (SERVED, 0), done.stderr
    assert [text for text in said if text not in done.stderr] == [], done.stderr
    again = project.inv("up", **env)
    assert (again.stdout, again.stderr) == (SERVED, "")
    assert not silent or not done.stderr


def test_it_starts_what_is_documented() -> None:
    assert f"start='{START.strip()}'\n" in (ROOT / "inv").read_text()


def test_a_package_that_leaves_the_lock_file_leaves_and_one_that_was_added_by_hand_stays(made: Project) -> None:
    wheel(made.index, "byhand")
    made.unpack("byhand", own=True)
    made.lock("one", "two")
    serves(made, "bringing .slipway/venv in line with slipway.lock: installing one, two\n")
    made.lock("two")
    serves(made, "bringing .slipway/venv in line with slipway.lock: removing one\n")
    assert made.has(own=True) == {"invoke", "two", "byhand"}

    # It was broken off while it installed a package: that is not taken for one that is there.
    (made.own_site() / "two-1.0.dist-info/RECORD").unlink()
    (made.root / ".slipway/venv/slipway.lock").unlink()
    serves(made, "installing two")

    # Only what is not there is brought back; but what does not work though it is there needs all of it made anew.
    shutil.rmtree(made.own_site() / "invoke-1.0.dist-info")
    shutil.rmtree(made.own_site() / "invoke")
    serves(made, "installing invoke\n")
    shutil.rmtree(made.own_site() / "invoke")
    anew = "does not serve any more (No module named 'invoke'): making it anew (byhand is for you to install again)"
    serves(made, f".slipway/venv {anew}")
    assert made.has(own=True) == {"invoke", "two"}


def test_one_that_lost_its_way_to_slipway_is_made_anew(made: Project) -> None:
    (made.own_site() / "slipway.pth").write_text("/nowhere\n")
    serves(made, ".slipway/venv does not serve any more (No module named 'slipway'): making it anew")


def test_a_folder_that_is_moved_still_finds_slipway(made: Project, tmp_path: Path) -> None:
    moved = tmp_path / "moved"
    moved.mkdir()
    for name in ("inv", "slipway.lock", "slipway", ".slipway"):
        (made.root / name).rename(moved / name)
    made.root = moved
    serves(made, silent=True)


def test_a_venv_of_another_tool_serves_when_it_has_what_is_locked(project: Project) -> None:
    from_git = '[[package]]\nname = "ours"\nversion = "1.0"\ngroups = ["main"]\nfiles = []\n'
    from_git += '[package.source]\ntype = "git"\nurl = "https://git.example/ours"\nresolved_reference = "0"\n'
    project.lock("other", extra=from_git)

    refused = project.make()
    assert refused.returncode == 1
    assert refused.stderr.count("\n") == 1
    assert "make .venv with `POETRY_VIRTUALENVS_IN_PROJECT=true poetry install`" in refused.stderr

    project.venv()
    wheel(project.index, "ours")
    project.unpack("invoke", "pip", "other")
    lacks = project.make()
    assert (
        "(ours comes from https://git.example/ours, not from a package index); .venv lacks ours: make" in lacks.stderr
    )

    project.unpack("ours")
    for _ in range(2):
        done = project.make()
        assert (done.returncode, done.stderr) == (0, "")
        project.lock("other")
    assert "ours" in project.has(), "it was not Slipway that installed it"


def test_a_python_that_does_not_start_or_is_another_machines_is_noticed(made: Project) -> None:
    venv = made.root / ".slipway/venv"
    python = venv / "bin/python"
    python.unlink()
    python.write_text("#!/bin/sh\necho broken >&2\nexit 1\n")
    python.chmod(0o755)
    assert made.inv("up").returncode == 1
    serves(made, ".slipway/venv has a Python that does not start (broken): making it anew")

    note = venv / "slipway.txt"
    asked, library, extensions, *ours = note.read_text().splitlines()
    note.write_text("\n".join([asked, library, ".cpython-311-x86_64-linux-musl.so", *ours, ""]))
    serves(made, f"was made where packages end in .cpython-311-x86_64-linux-musl.so; here they end in {extensions}")

    python.unlink()
    python.symlink_to("/nowhere/python3")
    serves(made, ".slipway/venv has no Python any more: making it anew")

    # What it was begun anew for and not finished serves nobody.
    note.write_text("\n".join([asked, "begun", extensions, *ours, ""]))
    serves(made, ".slipway/venv was not made to the end: making it anew")


def test_what_is_no_virtual_environment_is_left_alone(project: Project) -> None:
    (project.root / ".slipway/venv").mkdir(parents=True)
    (project.root / ".slipway/venv/notes").write_text("mine")
    done = project.inv("up")
    assert done.returncode == 1
    assert done.stderr.endswith(
        "has no pyvenv.cfg, so it is no virtual environment: move it away, then run ./inv again\n"
    )
    assert (project.root / ".slipway/venv/notes").read_text() == "mine"


def test_python_is_obeyed_when_it_starts_and_refused_in_a_sentence(made: Project) -> None:
    assert made.inv("up", PYTHON="/nowhere/python").stderr == (
        "inv: PYTHON cannot be used: /nowhere/python does not start; name another one, or none\n"
    )
    same = Path(sys.executable).resolve()
    serves(made, silent=True, PYTHON=str(same))
    serves(made, silent=True)


def test_a_python_that_is_for_the_service_alone_leaves_slipway_its_own(made: Project, tmp_path: Path) -> None:
    old = tmp_path / "python3.10"
    old.write_text("#!/bin/sh\nprintf 'Python 3.10.9 (/usr/bin/python3.10), and Slipway needs 3.11 or newer'\n")
    old.chmod(0o755)
    serves(made, silent=True, PYTHON=str(old))


def test_what_pythonpath_names_stands_for_nothing_of_slipways(project: Project, tmp_path: Path) -> None:
    other = tmp_path / "other"
    for name in ("invoke", "one", "slipway"):
        shutil.copytree(ROOT / "tests/slipway/little/hello", other / name)
        (other / name / "__main__.py").write_text("raise SystemExit('foreign')")
        (other / f"{name}-1.0.dist-info").mkdir()
        (other / f"{name}-1.0.dist-info/METADATA").write_text(f"Metadata-Version: 2.1\nName: {name}\nVersion: 1.0\n")
    project.lock("one")
    serves(project, "making .slipway/venv", PYTHONPATH=str(other))
    assert project.has(own=True) == {"invoke", "one"}
    serves(project, silent=True, PYTHONPATH=f"{other}:")
    (project.root / "slipway/verbs/main.py").write_text("import os\ndef run(root): print(os.environ['PYTHONPATH'])")
    assert project.inv("up", PYTHONPATH=f"{other}:").stdout == f"{other}:\n"
