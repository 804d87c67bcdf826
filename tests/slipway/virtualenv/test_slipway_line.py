"""The launcher reads which Slipway it is in slipway.lock: no other state of that file ends in a traceback."""

import hashlib
import shutil
import subprocess
from pathlib import Path

import pytest

from tests.slipway.virtualenv.support import Project
from tests.support import ROOT

WHEEL = "vendor/slipway_tasks-9.9.9-py3-none-any.whl"
OTHER = hashlib.sha256(b"other").hexdigest()


def refused(root: Path, lock: str) -> str:
    """Return what the launcher says of a slipway.lock that it cannot use, and holds that nothing is left of it."""
    shutil.copy(ROOT / "inv", root / "inv")
    (root / "slipway.lock").write_text(lock)
    done = subprocess.run([root / "inv", "up"], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout) == (1, "")
    assert not (root / ".slipway").exists()
    return done.stderr.replace(f"{root}/", "")


@pytest.mark.parametrize("first", ["<<<<<<< HEAD", "slipway", "invoke==1.0 --hash=sha256:0"])
def test_what_does_not_begin_with_slipway_is_told(tmp_path: Path, first: str) -> None:
    assert refused(tmp_path, f"# About it.\n\n{first}\n-e .\n") == (
        f"inv: slipway.lock does not begin with Slipway itself, but with {first}; git checkout HEAD slipway.lock\n"
    )


@pytest.mark.parametrize("start", ["./", ""])
def test_a_wheel_that_is_gone_or_another_one_is_told(tmp_path: Path, start: str) -> None:
    line = f"{start}{WHEEL} --hash=sha256:{OTHER}\n"
    assert refused(tmp_path, line) == (
        f"inv: {WHEEL} is not there, and slipway.lock names it; git checkout HEAD slipway.lock vendor\n"
    )
    (tmp_path / "vendor").mkdir()
    (tmp_path / WHEEL).write_bytes(b"another")
    assert f"{WHEEL} is not the file that slipway.lock has the hash of" in refused(tmp_path, line)


def test_what_editors_on_windows_do_to_it_changes_nothing(project: Project) -> None:
    lock = project.root / "slipway.lock"
    lock.write_bytes(b"\xef\xbb\xbf# About it.\n" + lock.read_bytes().replace(b"\n", b"\r\n"))
    done = project.inv("up")
    assert (done.returncode, done.stdout.split()[0]) == (0, "invoke"), done.stderr


def test_markers_of_a_conflict_further_down_are_told(project: Project) -> None:
    lock = project.root / "slipway.lock"
    lock.write_text(f"{lock.read_text()}<<<<<<< HEAD\n=======\n>>>>>>> other\n")
    done = project.inv("up")
    assert done.returncode == 1
    assert "slipway.lock has the line '<<<<<<< HEAD'" in done.stderr
    assert done.stderr.endswith("git checkout HEAD slipway.lock\n")


def test_ctrl_c_while_slipway_is_read_is_a_sentence(tmp_path: Path) -> None:
    (tmp_path / "slipway").mkdir()
    (tmp_path / "slipway/__init__.py").touch()
    (tmp_path / "slipway/bootstrap.py").write_text("raise KeyboardInterrupt")
    shutil.copy(ROOT / "inv", tmp_path / "inv")
    (tmp_path / "slipway.lock").write_text("-e .\n")
    done = subprocess.run([tmp_path / "inv", "up"], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (1, "inv: stopped; run ./inv again\n")
