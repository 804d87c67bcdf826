"""Which .venv can serve."""

import os
import sys
from dataclasses import replace
from pathlib import Path

import pytest

from slipway.virtualenv import judge as judging
from slipway.virtualenv import packages, python
from slipway.virtualenv.judge import judge
from slipway.virtualenv.mark import Mark
from slipway.virtualenv.python import Python
from slipway.virtualenv.venv import Refused, Venv, own, service
from tests.slipway.virtualenv.support import Project

MINE = python.ask(Path(sys.executable))
MINOR = MINE.minor


def ours(project: Project) -> Venv:
    """Return the service's environment."""
    return service(project.root, "poetry.lock")


def why(project: Project, mark: Mark | None = None, requires: str = "", asked: str = "", mine: Python = MINE) -> str:
    """Return what is wrong with a project's .venv."""
    venv = replace(ours(project), requires=requires)
    verdict = judge(venv, mark or Mark(), asked, mine)
    assert verdict.python
    return verdict.why


def test_one_that_was_made_with_this_python_serves(project: Project) -> None:
    assert judge(ours(project), Mark(), "", MINE) == judging.Verdict()
    project.venv()
    assert not why(project)
    assert not why(project, Mark("", MINE.library, MINE.extensions), f"=={MINOR}.*", "python3")


def test_python_is_another_when_it_has_another_version_or_lies_elsewhere(project: Project) -> None:
    project.venv()
    older, elsewhere = replace(MINE, version="3.10.9"), replace(MINE, prefix="/opt")
    ours = f"was made with Python {MINE.version} in {MINE.prefix}, and PYTHON is "
    assert why(project, asked="python3.10", mine=older) == f"{ours}python3.10"
    assert why(project, asked="/opt/bin/python3", mine=elsewhere) == f"{ours}/opt/bin/python3"
    assert not why(project, mine=older), "nobody asked for another"


def test_what_the_project_takes_counts(project: Project) -> None:
    project.venv()
    reason = f'was made with Python {MINE.version}, and pyproject.toml has requires-python = "<3.11"'
    assert why(project, requires="<3.11") == reason
    assert not why(project, requires="whatever"), "what cannot be read excludes nothing"
    assert not why(project, requires=f"^{MINOR}"), "as Poetry says it"
    assert why(project, requires="^4.0")
    assert own(project.root).excludes("3.10.9") == "Slipway needs 3.11 or newer"


def test_a_python_that_was_upgraded_is_another(project: Project) -> None:
    config = project.venv() / "pyvenv.cfg"
    text = config.read_text()
    config.write_text(text.replace(f"version = {MINE.version}", "version = 3.9.2"))
    assert why(project) == f"was made with Python 3.9, which is {MINOR} by now"
    config.write_text(text.replace(f"version = {MINE.version}", f"version_info = {MINE.version}.final.0\nuv = 0.13.9"))
    assert not why(project)
    config.write_text("home = /usr/bin\n")
    assert judging.made_with(config.parent) == ""


def test_a_file_is_no_venv_and_empty_folders_are_none_yet(tmp_path: Path) -> None:
    assert not judging.is_there(tmp_path / "a")
    (tmp_path / "a/lib").mkdir(parents=True)
    assert not judging.is_there(tmp_path / "a")
    (tmp_path / "b").write_text("/home/me/venvs/b\n")
    with pytest.raises(Refused, match="is no folder: move it away, then run"):
        judging.is_there(tmp_path / "b")


@pytest.mark.parametrize(
    ("text", "requires"),
    [
        ('[project]\nrequires-python = ">=3.12"\n', ">=3.12"),
        ("[project]\nname = 'x'\n", ""),
        ('[tool.poetry.dependencies]\npython = "^3.12"\n', "^3.12"),
        ("project = 3\n", ""),
        ("no toml", ""),
    ],
)
def test_pyproject_says_which_pythons(tmp_path: Path, text: str, requires: str) -> None:
    assert python.wanted(tmp_path) == ""
    (tmp_path / "pyproject.toml").write_text(text)
    assert python.wanted(tmp_path) == requires


def test_versions_are_the_same_however_they_are_spelled() -> None:
    asked = {"a": "1.0", "b": "2024.7.4", "c": "2.0+cpu.1", "d": "1.10", "e": "3", "folder": ""}
    there = {"a": "1.0", "b": "2024.07.04", "c": "2.0+cpu.1", "d": "1.1", "folder": "0.1"}
    assert packages.lacking(asked, there) == ["d", "e"]


def test_a_note_of_before_is_the_copy_of_the_lock_file(project: Project) -> None:
    folder, venv = project.venv(), ours(project)
    assert Mark.read(venv) == Mark()
    (folder / "poetry.lock").write_text((project.root / "poetry.lock").read_text())
    assert Mark.read(venv) == Mark(packages=frozenset({"invoke", "pip"}))
    note = Mark("python3", "/usr/lib/os.py", ".so", frozenset({"b", "a"}), {"a": "sha256:0"})
    note.write(folder)
    assert Mark.read(venv) == note


def test_a_python_in_a_folder_that_is_closed_serves_nobody(project: Project, monkeypatch: pytest.MonkeyPatch) -> None:
    project.venv()
    path, stat = ours(project).python, Path.stat

    def closed(self: Path, **how: bool) -> os.stat_result:
        if self == path:
            raise PermissionError(13, "Permission denied", str(self))
        return stat(self, **how)

    monkeypatch.setattr(Path, "stat", closed)  # root may look everywhere
    assert judge(ours(project), Mark(), "", MINE).why == "has a Python that is closed to this user"
