"""Backups by PostgreSQL's programs of another major version than the server's."""

import contextlib
import os
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from slipway.database.store import TOO_OLD, script_command
from slipway.project.database import Database
from slipway.runtime.installations import Binaries, installations
from slipway.runtime.postgres import FAST, Server

LOGIN = Database("someone", "a password", "theirs")


@pytest.fixture(scope="module")
def both() -> tuple[Binaries, Binaries]:
    """Give the oldest PostgreSQL that is here, and the newest."""
    found = sorted(installations(), key=lambda one: one.major)
    if found[0].major == found[-1].major:
        pytest.skip("there is one major version of PostgreSQL here")
    return found[0], found[-1]


@contextlib.contextmanager
def serving(folder: Path, server: Binaries, programs: Binaries) -> Iterator[dict[str, str]]:
    """Give the variables of a client of a server of one version, with the programs of another."""
    one = Server(folder / "elsewhere")
    one.binaries = server
    port = one.start(LOGIN, settings=FAST)
    try:
        path = f"{programs.folder}{os.pathsep}{os.environ['PATH']}"
        yield {**os.environ, **LOGIN.seen_at("127.0.0.1", port).client, "PATH": path}
    finally:
        one.stop()


def told(env: dict[str, str], folder: Path, *command: str) -> subprocess.CompletedProcess[str]:
    """Run a command in the folder of the backups."""
    return subprocess.run(command, cwd=folder, env=env, capture_output=True, text=True, check=False, timeout=120)


def test_programs_that_are_older_than_the_server_say_so(tmp_path: Path, both: tuple[Binaries, Binaries]) -> None:
    old, new = both
    with serving(tmp_path, new, old) as env:
        for function in (["make"], ["dump"], ["readable", "x.dump"]):
            assert told(env, tmp_path, *script_command(*function)).returncode == TOO_OLD
        majors = told(env, tmp_path, *script_command("majors", "postgres"))
    assert list(map(int, majors.stdout.split())) == [new.major, old.major]
    assert not list(tmp_path.glob("*.partial"))


def test_what_newer_programs_save_they_restore_as_well(tmp_path: Path, both: tuple[Binaries, Binaries]) -> None:
    old, new = both
    row = "SET transaction_timeout = 0;"
    fill = f"CREATE TABLE t (a text); INSERT INTO t SELECT '{row}' FROM generate_series(1, 50)"
    restore = ["restore", "theirs_restored_20261124t120000z", "theirs_before_20261124t120000z"]
    count = ["psql", "-XAtc", "SELECT count(*), min(a) FROM t"]
    with serving(tmp_path, old, new) as env:
        assert told(env, tmp_path, "psql", "-Xqc", fill).returncode == 0
        name = told(env, tmp_path, *script_command("make")).stdout.split()[0]
        told(env, tmp_path, "psql", "-Xqc", "DROP TABLE t")

        whole = (tmp_path / name).read_bytes()
        (tmp_path / "half.dump").write_bytes(whole[:-40])
        assert told(env, tmp_path, *script_command(restore[0], "half.dump", *restore[1:])).returncode != 0
        assert told(env, tmp_path, *count).returncode != 0  # as it was

        restored = told(env, tmp_path, *script_command(restore[0], name, *restore[1:]))
        assert restored.returncode == 0, restored.stderr
        assert told(env, tmp_path, *count).stdout.strip() == f"50|{row}"
