"""This version, asked by another one what it writes: without a word about where it lies, and with nothing installed."""

import subprocess
import sys
from pathlib import Path

import pytest

from slipway import __version__
from slipway.core.shell import Shell
from slipway.core.steps import Steps
from slipway.template import changes, own, protocol, render
from slipway.template.__main__ import make
from slipway.template.new import lock
from slipway.template.protocol import MADE_BY, Kind
from slipway.upgrade.source import Locked, made_command
from tests.support import ROOT

SOURCE = "./vendor/slipway_tasks-0.2.0-py3-none-any.whl --hash=sha256:00"


def test_a_project_is_rendered_as_it_was_made() -> None:
    made = make(["new", "shop", "--empty"], SOURCE)
    assert {path: file.content for path, file in made.files.items()} == render.render("shop", empty=True)
    assert [path for path, file in made.files.items() if file.kind is Kind.EXECUTABLE] == ["inv"]
    assert made.version == __version__
    assert f"{MADE_BY}new shop --empty\n{SOURCE}\n" in made.lock


def test_of_an_adopted_project_two_files_are_slipways() -> None:
    assert sorted(make(["adopt"], SOURCE).files) == ["inv", "tasks.py"]


def test_no_linter_of_an_adopted_project_minds_slipways_tasks(tmp_path: Path) -> None:
    (tmp_path / "tasks.py").write_bytes(make(["adopt"], SOURCE).files["tasks.py"].content)
    (tmp_path / "pyproject.toml").write_text('[tool.ruff]\nline-length = 79\n[tool.ruff.lint]\nselect = ["ALL"]\n')
    for words in (["check", "."], ["format", "--check", "."]):
        done = subprocess.run(
            [sys.executable, "-m", "ruff", *words, "--no-cache"],
            cwd=tmp_path,
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == 0, done.stdout


def test_where_nobody_knows_how_it_was_made_there_is_a_lock() -> None:
    made = make([], SOURCE)
    assert (made.files, made.lock.splitlines()[-1]) == ({}, own.shipped().splitlines()[-1])
    assert MADE_BY not in made.lock


@pytest.mark.parametrize("words", ["old", "new", "new a b", "new shop --full", "adopt x", "new UPPER", "new ../x"])
def test_words_of_another_version_are_refused(words: str) -> None:
    with pytest.raises(ValueError, match=r"does not know|cannot be called"):
        make(words.split(), SOURCE)


@pytest.mark.parametrize(("empty", "words"), [(False, ("new", "shop")), (True, ("new", "shop", "--empty"))])
def test_what_new_notes_is_what_is_asked(empty: bool, words: tuple[str, ...], tmp_path: Path) -> None:
    wheel = tmp_path / "slipway_tasks-0.2.0-py3-none-any.whl"
    wheel.write_bytes(b"")
    for path, content in lock("shop", wheel, empty=empty).items():
        (tmp_path / path).parent.mkdir(exist_ok=True)
        (tmp_path / path).write_bytes(content)
    found = Locked.read(tmp_path)
    assert (found.made_by, found.version, found.file) == (words, "0.2.0", f"vendor/{wheel.name}")
    assert (tmp_path / "slipway.lock").read_bytes() == make(list(words), found.line).lock.encode()


def test_it_answers_without_anything_installed() -> None:
    # -S: no site-packages, so what it imports is the standard library's, or its own.
    python, *rest = made_command(ROOT)
    said = Shell(ROOT, Steps()).output([python, "-S", *rest], given=protocol.asked(["new", "shop"], SOURCE))
    assert "pyproject.toml" in protocol.read(said).files


def test_what_is_in_no_release_yet_is_this_versions(tmp_path: Path) -> None:
    folder = tmp_path / "changelog.d"
    folder.mkdir()
    (tmp_path / "CHANGELOG.md").write_text(
        "# Changelog\n\n<!-- the releases, newest first -->\n\n## 0.1.0\n\n- First.\n"
    )
    assert changes.read(tmp_path) == (tmp_path / "CHANGELOG.md").read_text()
    (folder / "+b.fixed.md").write_text("It works\nagain.\n")
    (folder / "+a.added.md").write_text("It is new.\n")
    assert changes.read(tmp_path).endswith(
        f"newest first -->\n\n## {__version__} (not released yet)\n\n### Added\n\n- It is new.\n\n### Fixed\n\n"
        "- It works\n  again.\n\n## 0.1.0\n\n- First.\n"
    )


def test_the_command_needs_a_project(tmp_path: Path) -> None:
    command = [sys.executable, "-P", "-m", "slipway", "upgrade", "--plan"]
    done = subprocess.run(
        command, cwd=tmp_path, env={"PYTHONPATH": str(ROOT)}, capture_output=True, text=True, check=False
    )
    assert (done.returncode, done.stdout) == (1, "")
    assert "no slipway.lock here or above" in done.stderr


def test_the_command_finds_the_project_above(tmp_path: Path) -> None:
    (tmp_path / "slipway.lock").write_text("-e .\n")
    (tmp_path / "below").mkdir()
    command = [sys.executable, "-P", "-m", "slipway", "upgrade", "--plan"]
    env = {"PYTHONPATH": str(ROOT), "PATH": "/usr/bin:/bin"}
    done = subprocess.run(command, cwd=tmp_path / "below", env=env, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert done.stdout == "Slipway lies in this folder as source (-e .): git merges it, and nothing is upgraded.\n"
