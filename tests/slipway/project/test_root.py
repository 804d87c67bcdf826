"""Where the project is."""

import sys
from pathlib import Path
from types import SimpleNamespace

import pytest

from slipway.core.errors import Problem
from slipway.project import root


@pytest.fixture(autouse=True)
def nobody_has_said(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let nothing be said, and no tasks file be loaded."""
    monkeypatch.setattr(root, "SAID", [])
    monkeypatch.delitem(sys.modules, root.TASKS, raising=False)


def project(folder: Path, text: str = "") -> Path:
    """Make a folder with a pyproject.toml."""
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "pyproject.toml").write_text(text)
    return folder


@pytest.mark.parametrize("table", ["[tool.slipway]\n", "[tool.slipway.tests]\nhost = []\n", " [tool.slipway]\n"])
def test_it_is_the_nearest_folder_above_that_slipway_has_a_table_of(tmp_path: Path, table: str) -> None:
    above = project(tmp_path / "above", f'[project]\nname = "x"\n{table}')
    inner = project(above / "libs/ours", "[tool.slipwayish]\n")
    assert root.find(inner) == above
    assert root.find(above) == above
    assert root.find(project(inner / "own", table)) == inner / "own"


def test_without_a_table_it_is_the_nearest_project(tmp_path: Path) -> None:
    inner = project(project(tmp_path / "above") / "inner")
    (inner / "deep").mkdir()
    assert root.find(inner / "deep") == inner
    (inner / "pyproject.toml").write_bytes(b"\xff")
    assert root.find(inner) == inner


def test_nowhere_is_told_with_what_to_do(tmp_path: Path) -> None:
    with pytest.raises(Problem, match=r"There is no pyproject\.toml in .*: go to the project's folder"):
        root.find(tmp_path)


def test_what_is_said_counts_then_the_tasks_file_then_where_one_is(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    here, there, said = (project(tmp_path / name) for name in ("here", "there", "said"))
    monkeypatch.chdir(here)
    assert root.here() == here
    monkeypatch.setitem(sys.modules, root.TASKS, SimpleNamespace(__file__=str(there / "tasks.py")))
    assert root.here() == there
    root.say(tmp_path / "here" / ".." / "said")
    assert root.here() == said
