"""The launcher, and how it makes Slipway's own environment."""

import errno
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from slipway import bootstrap
from slipway.core import output
from slipway.virtualenv import install, make, venv
from slipway.virtualenv.mark import Mark
from slipway.virtualenv.progress import Progress
from slipway.virtualenv.venv import Refused
from tests.support import ROOT


def test_the_launcher_says_what_is_missing(tmp_path: Path) -> None:
    shutil.copy(ROOT / "inv", tmp_path / "inv")
    shutil.copy(ROOT / "slipway.lock", tmp_path / "slipway.lock")
    for name in ("cmp", "dirname", "sh"):
        (tmp_path / name).symlink_to(shutil.which(name) or name)
    env = {"PATH": str(tmp_path)}

    done = subprocess.run([tmp_path / "inv"], env=env, capture_output=True, text=True, check=False)

    assert done.returncode == 1
    assert "no Python of version 3.11 or newer was found" in done.stderr
    assert "PYTHON=" in done.stderr


def launch(tmp_path: Path, python: str, **env: str) -> "subprocess.CompletedProcess[str]":
    """Run the launcher of a project whose only Python is this script."""
    for name in ("inv", "slipway.lock"):
        shutil.copy(ROOT / name, tmp_path / name)
    for name in ("cmp", "sh"):
        if not (tmp_path / name).exists():
            (tmp_path / name).symlink_to(shutil.which(name) or name)
    (tmp_path / "python3").write_text(f"#!/bin/sh\n{python}\n")
    (tmp_path / "python3").chmod(0o755)
    env = {"PATH": str(tmp_path), **env}
    return subprocess.run([tmp_path / "inv"], env=env, capture_output=True, text=True, check=False)


def test_the_launcher_says_which_older_python_there_is(tmp_path: Path) -> None:
    done = launch(tmp_path, "printf 'Python 3.10.4 (/usr/bin/python3.10), and Slipway needs 3.11 or newer'; exit 1")
    assert done.returncode == 1
    assert done.stderr == (
        "inv: no Python of version 3.11 or newer was found (python3 is Python 3.10.4 "
        "(/usr/bin/python3.10), and Slipway needs 3.11 or newer); install one, or name it: PYTHON=/path/to/python3 "
        "./inv\n"
    )


@pytest.mark.parametrize(
    ("folder", "is_taken"),
    [
        ("home/.pyenv/versions/3.12.1", True), ("home/.pyenv/versions/3.13.1t", False),
        ("home/.local/share/uv/python/cpython-3.13.1-linux-x86_64-gnu", True),
        ("home/.local/share/uv/python/cpython-3.13.1+freethreaded-linux-x86_64-gnu", False),
    ],
)  # fmt: skip
def test_a_python_of_pyenv_or_uv_is_found_off_path(tmp_path: Path, folder: str, is_taken: bool) -> None:
    (tmp_path / folder / "bin").mkdir(parents=True)
    other = tmp_path / folder / "bin/python3"
    other.write_text('#!/bin/sh\n[ "$1" = -c ] && [ $# -gt 2 ] && echo "runs $0" || printf accepted\n')
    other.chmod(0o755)
    done = launch(tmp_path, "exit 127", HOME=str(tmp_path / "home"))  # as a shim of pyenv's ends
    assert done.stdout == (f"runs {other}\n" if is_taken else ""), done.stderr


def test_what_is_no_python_is_none(tmp_path: Path) -> None:
    for python in ("exit 0", "echo anything"):
        done = launch(tmp_path, python, PYTHON=str(tmp_path / "python3"))
        assert (done.returncode, done.stdout) == (1, "")
        assert done.stderr.startswith("inv: PYTHON cannot be used: ")


def test_a_home_that_cannot_be_entered_is_done_without(tmp_path: Path) -> None:
    (tmp_path / "file").touch()  # as root enters every folder
    tell = 'if [ -z "${SLIPWAY_VENV_FAILED+x}" ]; then printf accepted; else echo "home: ${HOME-none}"; fi'
    kept = ["", "/", "/not/there", str(tmp_path)]
    assert [launch(tmp_path, tell, HOME=home).stdout for home in kept] == [f"home: {home}\n" for home in kept]
    closed = [str(tmp_path / name) for name in ("file", "file/below")]
    assert [launch(tmp_path, tell, HOME=home).stdout for home in closed] == ["home: none\n"] * 2


@pytest.mark.parametrize(
    ("printed", "said"),
    [
        ("[Errno 28] No space left on device", r"No space is left on the disk: .* free in "),
        ("No matching distribution found", r"see pip's message above"),
    ],
    ids=["full", "index"],
)
def test_why_a_program_failed_is_told_by_what_it_prints(
    tmp_path: Path, printed: str, said: str, capfd: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(install.Failed, match=said):
        install._run(tmp_path, Progress(), ["sh", "-c", f"echo '{printed}'; exit 1"], "see pip's message above")
    assert printed in capfd.readouterr().err


@pytest.mark.parametrize("code", [errno.EROFS, errno.EACCES], ids=errno.errorcode.get)
def test_a_file_that_cannot_be_written_is_a_sentence(
    tmp_path: Path, code: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(ours: venv.Venv, *_: object) -> None:
        raise OSError(code, os.strerror(code), str(ours.root / ".slipway/bootstrap.lock"))

    monkeypatch.setattr(make, "make", fail)
    monkeypatch.setattr(output, "keep", lambda: None)
    with pytest.raises(SystemExit, match=r"bootstrap\.lock (cannot be written|is closed to)"):
        bootstrap.main(tmp_path, [])


def test_without_a_lock_file_there_is_a_next_command(tmp_path: Path) -> None:
    with pytest.raises(Refused, match=r"there is no poetry\.lock to make \.venv from: poetry lock"):
        make.make(venv.service(tmp_path, "poetry.lock"), Path(sys.executable))


def test_a_lock_file_that_cannot_be_used_is_named(tmp_path: Path) -> None:
    (tmp_path / "poetry.lock").write_text('[metadata]\nlock-version = "9.0"\n')
    with pytest.raises(Refused, match=r"poetry\.lock cannot be read here \(.+\): poetry lock"):
        make.make(venv.service(tmp_path, "poetry.lock"), Path(sys.executable))


def test_what_was_made_from_this_lock_file_is_left_alone(tmp_path: Path) -> None:
    (tmp_path / ".venv/bin").mkdir(parents=True)
    (tmp_path / ".venv/bin/python").symlink_to(sys.executable)
    for name in ("poetry.lock", ".venv/poetry.lock"):
        (tmp_path / name).write_text("nothing that could be read")
    Mark("", __file__).write(tmp_path / ".venv")
    make.make(venv.service(tmp_path, "poetry.lock"), Path(sys.executable))
