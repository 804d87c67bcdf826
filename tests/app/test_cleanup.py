"""The process that deletes what has expired."""

import asyncio
import json
import logging
import logging.config
import os
import runpy
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import psycopg
import pytest

from app.cleanup import clean
from app.core.db import BATCH
from app.core.logging import log_to_stdout
from tests.app.support import DATABASE, PATIENT, ROOT, Client, a_user, clean_up, connect, log_in, wait_for

ATTEMPTS = (
    "INSERT INTO login_attempts SELECT '{} ' || n, 1, now() - interval '{} minutes' FROM generate_series(1, {}) n"
)
# Every few milliseconds instead of every minute.
OFTEN = "from app import cleanup; cleanup.INTERVAL = 0.01; cleanup.main()"
Started = Callable[..., "Process"]


def subjects(database: psycopg.Connection) -> set[str]:
    """Return of whom the first word is still there."""
    return {row[0] for row in database.execute("SELECT split_part(subject, ' ', 1) FROM login_attempts")}


def count(database: psycopg.Connection, table: str) -> int:
    return len(database.execute(f"SELECT 1 FROM {table}").fetchall())


def test_what_has_expired_is_deleted_and_nothing_else(committing: Client, database: psycopg.Connection) -> None:
    a_user(committing, "ada@example.com")
    log_in(committing, "ada@example.com")
    database.execute("UPDATE refresh_tokens SET expires_at = now() - interval '1 second'")
    log_in(committing, "ada@example.com")
    database.execute("DELETE FROM login_attempts")
    database.execute(ATTEMPTS.format("old", 16, 1) + " UNION ALL SELECT 'new', 1, now() - interval '14 minutes'")

    clean_up(committing)
    assert subjects(database) == {"new"}
    assert database.execute("SELECT expires_at > now() FROM refresh_tokens").fetchall() == [(True,)]


def test_all_is_deleted_however_much_it_is_and_said(
    committing: Client, database: psycopg.Connection, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO, "app.cleanup")
    database.execute(ATTEMPTS.format("old", 16, 2 * BATCH + 1))

    clean_up(committing)
    assert count(database, "login_attempts") == 0
    clean_up(committing)  # there is nothing, and nothing to say
    assert caplog.messages == [f"Deleted what has expired: {2 * BATCH + 1} login_attempts"]


def test_what_somebody_works_on_is_left_to_the_next_time(committing: Client, database: psycopg.Connection) -> None:
    database.execute(ATTEMPTS.format("old", 16, 3))
    with connect(DATABASE) as other, other.transaction():
        other.execute("SELECT * FROM login_attempts WHERE subject = 'old 2' FOR UPDATE")
        clean_up(committing)
        assert database.execute("SELECT subject FROM login_attempts").fetchall() == [("old 2",)]
    clean_up(committing)
    assert count(database, "login_attempts") == 0


def test_two_at_once_delete_each_row_once(
    committing: Client, database: psycopg.Connection, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO, "app.cleanup")
    database.execute(ATTEMPTS.format("old", 16, 5 * BATCH))

    with ThreadPoolExecutor(2) as pool:
        list(pool.map(lambda _: clean_up(committing), range(2)))
    assert count(database, "login_attempts") == 0
    assert sum(int(said.split()[4]) for said in caplog.messages) == 5 * BATCH


def waits(database: psycopg.Connection) -> bool:
    asked = "SELECT 1 FROM pg_stat_activity WHERE wait_event_type = 'Lock' AND datname = current_database()"
    return database.execute(asked).fetchone() is not None


def test_one_that_is_told_to_stop_finishes_its_batch(committing: Client, database: psycopg.Connection) -> None:
    a_user(committing, "ada@example.com")
    log_in(committing, "ada@example.com")
    database.execute("UPDATE refresh_tokens SET expires_at = now() - interval '1 second'")
    database.execute("DELETE FROM login_attempts")
    database.execute(ATTEMPTS.format("old", 16, BATCH + 1))
    stop = asyncio.Event()

    with connect(DATABASE) as other, other.transaction():
        other.execute("LOCK TABLE login_attempts IN ACCESS EXCLUSIVE MODE")
        done = committing.portal.start_task_soon(clean, committing.app.state.database, stop)
        wait_for(lambda: waits(database))
        committing.portal.call(stop.set)
    done.result(PATIENT)
    assert (count(database, "login_attempts"), count(database, "refresh_tokens")) == (1, 1)


class Process:
    """The process, as it is started beside the service."""

    def __init__(self, log: Path, *argv: str, **env: str) -> None:
        self.log = log
        command = [sys.executable, *(argv or ("-m", "app.cleanup"))]
        env = {**os.environ, "PYTHONPATH": str(ROOT), **env}
        with log.open("w") as out:  # in a folder without .env
            self.process = subprocess.Popen(command, cwd=log.parent, env=env, stdout=out, stderr=out)

    def lines(self) -> list[dict[str, Any]]:
        """Return what it has logged; every line has to be JSON."""
        return [json.loads(line) for line in self.log.read_text().splitlines(keepends=True) if line.endswith("\n")]

    def said(self, level: str) -> list[str]:
        """Return its messages of a level."""
        return [line["message"] for line in self.lines() if line["level"] == level]

    def end(self) -> int:
        """Tell it to end; return its status."""
        self.process.send_signal(signal.SIGTERM)
        return self.process.wait(PATIENT)


@pytest.fixture
def start(tmp_path: Path) -> Iterator[Started]:
    """Give what starts the process; none is left."""
    started: list[Process] = []

    def begin(*argv: str, **env: str) -> Process:
        started.append(Process(tmp_path / "log", *argv, **env))
        return started[-1]

    yield begin
    for one in started:
        one.process.kill()
        one.process.wait()


@pytest.mark.usefixtures("committing")
def test_the_process_says_what_it_does_and_ends_at_once_when_it_sleeps(
    start: Started, database: psycopg.Connection
) -> None:
    database.execute(ATTEMPTS.format("old", 16, 3))
    one = start()
    wait_for(lambda: len(one.lines()) == 2)

    assert one.end() == 0
    assert one.said("INFO") == ["Deletes what has expired, every 60 s", "Deleted what has expired: 3 login_attempts"]
    assert count(database, "login_attempts") == 0


@pytest.mark.usefixtures("committing")
def test_a_database_that_is_away_is_waited_for(start: Started, database: psycopg.Connection) -> None:
    one = start("-c", OFTEN, PGAPPNAME="cleanup")
    connections = "FROM pg_stat_activity WHERE application_name = 'cleanup' AND datname = %s"
    wait_for(lambda: database.execute(f"SELECT 1 {connections}", [DATABASE]).fetchone() is not None)
    with connect("postgres") as server:  # as one that is shut down: it ends connections, and takes no more
        server.execute(f"ALTER DATABASE {DATABASE} ALLOW_CONNECTIONS false")
        try:
            server.execute(f"SELECT pg_terminate_backend(pid) {connections}", [DATABASE])
            wait_for(lambda: len(one.said("ERROR")) > 2)
        finally:
            server.execute(f"ALTER DATABASE {DATABASE} ALLOW_CONNECTIONS true")
    database.execute(ATTEMPTS.format("old", 16, 3))
    wait_for(lambda: one.said("INFO")[1:] == ["Deleted what has expired: 3 login_attempts"])

    assert one.end() == 0
    assert all(said.startswith("The database failed: (psycopg.") for said in one.said("ERROR"))


def test_nobody_answers_at_all(start: Started) -> None:
    one = start(DATABASE_HOSTNAME="127.0.0.1", DATABASE_PORT="1")
    wait_for(lambda: len(one.lines()) == 2)

    assert one.end() == 0
    assert "Connection refused" in one.said("ERROR")[0]


def test_missing_settings_end_it_with_the_services_message(start: Started) -> None:
    one = start(ALGORITHM="", DATABASE_NAME="")

    assert one.process.wait(PATIENT) == 1
    assert one.log.read_text().startswith(
        "The service cannot start.\nMissing settings: DATABASE_NAME, ALGORITHM.\nSet them in "
    )


@pytest.mark.parametrize("env", [{}, {"RELOAD": "1"}, {"LOG_FORMAT": "json", "RELOAD": "1"}, {"LOG_FORMAT": "text"}])
def test_its_lines_are_those_of_the_service(env: dict[str, str], monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("LOG_FORMAT", "RELOAD", "METRICS_PORT"):
        monkeypatch.setenv(name, env.get(name, ""))
    monkeypatch.setattr(logging.root, "handlers", [])
    log_to_stdout()
    (handler,) = logging.root.handlers
    served = runpy.run_path(str(ROOT / "gunicorn.conf.py"))["logconfig_dict"]
    form = logging.config.DictConfigurator(served).configure_formatter(
        served["formatters"][served["handlers"]["stdout"]["formatter"]]
    )
    record = logging.LogRecord("app.cleanup", logging.ERROR, "a.py", 1, "It failed: %s", ("ä",), None)

    assert handler.format(record) == form.format(record)
