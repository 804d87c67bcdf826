"""Processes of this project's, and those that another user has started."""

import contextlib
import json
import os
import sys
from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest

from slipway.core.processes import Record, is_alive, is_moved, load, mark, marked, spawn, stop
from tests.support import wait_for


@pytest.fixture
def record(tmp_path: Path) -> Iterator[Path]:
    """Give the record of a process that runs."""
    path = tmp_path / "service.json"
    argv = [sys.executable, "-c", "import time; time.sleep(60)"]
    process = spawn(argv, cwd=tmp_path, env={**os.environ, **mark(path)}, log=tmp_path / "log")
    Record(process.pid, process.create_time(), 8000, "", "1.2.3").save(path)
    wait_for(lambda: bool(process.environ()))  # for a moment, a program that begins has none yet
    yield path
    process.kill()
    process.wait()


def test_a_copy_of_a_record_is_nothing(record: Path, tmp_path: Path) -> None:
    assert load(record)
    copy = tmp_path / "copy.json"
    copy.write_text(record.read_text())
    assert load(copy) is None
    record.write_text(json.dumps(json.loads(record.read_text()) | {"created": 0.0}))
    assert load(record) is None


def test_what_another_version_has_added_to_a_record_or_lacks_is_no_reason_to_start_it_twice(record: Path) -> None:
    found = load(record)
    assert found
    values = json.loads(record.read_text())
    record.write_text(json.dumps(values | {"of the future": 1}))
    assert load(record) == found
    record.write_text(json.dumps({name: value for name, value in values.items() if name not in ("schema", "address")}))
    assert load(record) == found
    record.write_text("[]")
    assert load(record) is None
    record.write_text(json.dumps(values))


def test_what_may_not_be_asked_is_its_records_owners(record: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def denied(process: psutil.Process) -> dict[str, str]:
        raise psutil.AccessDenied(process.pid)

    monkeypatch.setattr(psutil.Process, "environ", denied)
    assert load(record)
    mine = psutil.Process().uids()
    monkeypatch.setattr(psutil.Process, "uids", lambda _: mine._replace(real=mine.real + 1))
    assert load(record) is None


def test_what_runs_in_a_folder_that_is_moved_goes_with_it(tmp_path: Path) -> None:
    old, new = tmp_path / "old", tmp_path / "new"
    (old / "state").mkdir(parents=True)
    record = old / "state/service.json"
    script = "import subprocess, sys; subprocess.run([sys.executable, '-c', 'import time; time.sleep(60)'], cwd='/')"
    process = spawn([sys.executable, "-c", script], cwd=old, env={**os.environ, **mark(record)}, log=tmp_path / "log")
    try:
        Record(process.pid, process.create_time(), 8000, "", "1.2.3").save(record)
        wait_for(lambda: len(marked(record)) == 2)
        assert not is_moved(record)
        old.rename(new)
        moved = new / "state/service.json"
        assert load(record) is None
        assert load(moved)
        assert is_moved(moved)

        (old / "state").mkdir(parents=True)  # a clone where it was before takes nothing for its own
        record.write_text(moved.read_text())
        assert load(record) is None
        assert process.pid not in [one.pid for one in marked(record)]
        record.unlink()

        child = process.children()[0]
        assert stop(moved, 5)
        process.wait()
        wait_for(lambda: not is_alive(child))
        assert not moved.exists()
    finally:
        with contextlib.suppress(psutil.NoSuchProcess):
            process.kill()


def test_what_has_overwritten_its_environment_is_known_by_where_it_works(tmp_path: Path) -> None:
    (own := tmp_path / "cache").mkdir()
    for number, works in enumerate((own, tmp_path.parent)):
        path = tmp_path / f"{number}.json"
        argv = [sys.executable, "-c", "import time; time.sleep(60)"]
        process = spawn(argv, cwd=works, env={"PATH": ""}, log=tmp_path / "log")  # as `ps e` shows that of a Redis
        Record(process.pid, process.create_time(), 6379, "", "").save(path)
        wait_for(lambda process=process: bool(process.environ()))  # type: ignore[misc]
        assert bool(load(path)) is (works == own)
        process.kill()
        process.wait()
