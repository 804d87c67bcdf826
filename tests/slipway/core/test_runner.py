"""The program that restarts a process when code changes, and lets no two be at work."""

import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from slipway.core import runner
from slipway.core.processes import family
from tests.support import wait_for

WORKER = """
import pathlib, signal, sys, time
signal.signal(signal.SIGTERM, lambda *_: (print("finished", flush=True), sys.exit(0)))
print("began", pathlib.Path("app/one.py").read_text().strip(), flush=True)
time.sleep(60)
"""


@contextmanager
def started(root: Path, script: str, lock: str = "", watched: str = "") -> "Iterator[subprocess.Popen[bytes]]":
    """Run a script by the runner, its output in a file."""
    argv = [sys.executable, "-I", str(Path(runner.__file__)), "5", lock, sys.executable, "-c", script]
    env = {**os.environ, runner.WATCHED: watched}
    with (root / "log").open("ab") as log:
        process = subprocess.Popen(argv, cwd=root, env=env, stdout=log, stderr=log)
    try:
        yield process
    finally:
        process.terminate()
        process.wait(30)


def said(root: Path) -> str:
    """Return what was printed."""
    return (root / "log").read_text()


def test_changed_code_restarts_what_has_time_to_finish(tmp_path: Path) -> None:
    code = tmp_path / "app" / "one.py"
    code.parent.mkdir()
    code.write_text("1")
    with started(tmp_path, WORKER, watched=str(tmp_path)) as process:
        wait_for(lambda: said(tmp_path) == "began 1\n")
        code.write_text("two")
        wait_for(lambda: said(tmp_path).endswith("began two\n"))
        assert said(tmp_path).startswith("began 1\nfinished\nslipway: its code has changed")
        process.terminate()
        assert process.wait(30) == 0
    assert said(tmp_path).endswith("began two\nfinished\n")


def test_what_a_change_has_broken_begins_again_with_the_next_one(tmp_path: Path) -> None:
    code = tmp_path / "app" / "one.py"
    code.parent.mkdir()
    code.write_text("print('well', flush=True); import time; time.sleep(60)")
    with started(tmp_path, "exec(open('app/one.py').read())", watched=str(tmp_path / "app")):
        wait_for(lambda: said(tmp_path) == "well\n")
        code.write_text("nonsense")
        wait_for(lambda: "it ended with status 1, and is started again when its code changes" in said(tmp_path))
        code.write_text("print('mended', flush=True); import time; time.sleep(60)")
        wait_for(lambda: said(tmp_path).endswith("mended\n"))


@pytest.mark.parametrize("watched", ["", "."], ids=["as it is", "watched"])
def test_its_status_is_that_of_what_it_runs(tmp_path: Path, watched: str) -> None:
    with started(tmp_path, "raise SystemExit(3)", watched=watched) as process:
        assert process.wait(30) == 3


def test_two_never_hold_one_lock_also_after_the_first_was_killed(tmp_path: Path) -> None:
    lock = str(tmp_path / "lock")
    script = "import subprocess; print('at work', flush=True); subprocess.run(['sleep', '60'])"
    with started(tmp_path, script, lock) as first:
        wait_for(lambda: said(tmp_path) == "at work\n")
        (left,) = family(first.pid)[1:]
        with started(tmp_path, script, lock) as second:
            assert second.wait(30) == 1
        assert "another one is at work" in said(tmp_path)
        first.kill()
        first.wait(30)
    left.kill()


def test_folders_of_packages_and_of_no_code_are_not_looked_at(tmp_path: Path) -> None:
    for name in ("app/a.py", "app/b.txt", ".git/c.py", "venv/lib/d.py", "node_modules/e.py", "app/__pycache__/f.py"):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).touch()
    (tmp_path / "venv" / "pyvenv.cfg").touch()
    assert list(runner.snapshot([str(tmp_path)])) == [str(tmp_path / "app/a.py")]
