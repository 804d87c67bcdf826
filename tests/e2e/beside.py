"""A worker and a scheduler for the service under test: both work on PostgreSQL alone, and note what they do there."""

import json

from tests.e2e import changes
from tests.e2e.support import commit, run
from tests.e2e.talk import ask, done
from tests.support import Checkout, processes_table, wait_for

# Each post is a job, as soon as it is stored. A job is done in the transaction that notes so: once, or not at all.
TABLES = '''    op.execute("""
        CREATE TABLE jobs (id bigint PRIMARY KEY, kind text NOT NULL, done timestamptz, by text);
        CREATE TABLE beats (who text NOT NULL, at timestamptz NOT NULL DEFAULT clock_timestamp());
        CREATE FUNCTION enqueue() RETURNS trigger LANGUAGE plpgsql AS $$
        BEGIN INSERT INTO jobs (id, kind) VALUES (NEW.id, NEW.content); RETURN NEW; END $$;
        CREATE TRIGGER enqueue AFTER INSERT ON posts FOR EACH ROW EXECUTE FUNCTION enqueue();
    """)
'''
NO_TABLES = '    op.execute("DROP TRIGGER enqueue ON posts; DROP FUNCTION enqueue(); DROP TABLE beats, jobs")\n'

PROGRAM = '''"""A worker and a scheduler."""

import os
import signal
import socket
import sys
import time

import psycopg
from app.core.config import get_settings

told = []
signal.signal(signal.SIGTERM, lambda *_: told.append(1))
TAKE = "SELECT id FROM jobs WHERE done IS NULL ORDER BY id LIMIT 1 FOR UPDATE SKIP LOCKED"
DONE = "UPDATE jobs SET done = clock_timestamp(), by = %s WHERE id = %s"


def work(connection: psycopg.Connection, who: str) -> None:
    """Do one job, if there is one."""
    with connection.transaction():
        found = connection.execute(TAKE).fetchone()
        if found:
            time.sleep(0.05)
            connection.execute(DONE, (who, found[0]))
    time.sleep(0 if found else 0.05)


def beat(connection: psycopg.Connection, who: str) -> None:
    """Note that it is at work."""
    connection.execute("INSERT INTO beats (who) VALUES (%s)", (who,))
    time.sleep(0.05)


def main() -> None:
    """Work until it is told to stop."""
    what, who = {"worker": work, "scheduler": beat}[sys.argv[1]], f"{socket.gethostname()} {time.time_ns()}"
    of = get_settings()
    login = dict(host=of.database_hostname, port=of.database_port, dbname=of.database_name)
    secret = of.database_password.get_secret_value()
    with psycopg.connect(**login, user=of.database_username, password=secret, autocommit=True) as connection:
        while not told:
            what(connection, who)
        what(connection, who)  # it finishes what it is at


BAD = ""  # how it is bad
if BAD == "crashes":
    sys.exit("the worker crashed")
if BAD == "ends":
    signal.setitimer(signal.ITIMER_REAL, 3)
if BAD == "hoards":
    hoard = b"x" * 2 * 2**30
if BAD == "hangs":
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
main()
'''

TABLE = """
[tool.slipway.processes]
worker = { command = "python -m app.beside worker", stop-timeout = 20 }
scheduler = { command = "python -m app.beside scheduler", single = true, memory = "256m" }
"""

BEATS = """
SELECT count(*) FROM (
    SELECT who, min(at) AS began, max(at) AS ended FROM beats GROUP BY who
) a JOIN (
    SELECT who, min(at) AS began, max(at) AS ended FROM beats GROUP BY who
) b ON a.who < b.who AND a.began <= b.ended AND b.began <= a.ended
"""  # how many pairs were at work at the same time


def add(checkout: Checkout) -> None:
    """Give the service both, as a commit."""
    changes.revision(checkout, "0003", "0002", "expand", TABLES, NO_TABLES)
    checkout.write("app/beside.py", PROGRAM)
    path = checkout.root / "pyproject.toml"
    path.write_text(path.read_text() + TABLE)
    commit(checkout, "Work beside web")


def spoil(checkout: Checkout, how: str) -> None:
    """Make them bad, in another release."""
    checkout.edit("app/beside.py", 'BAD = ""', f'BAD = "{how}"')
    commit(checkout, f"It {how}")


SAYS = 'import signal\n\nprint("it is ONE", flush=True)\nsignal.pause()\n'


def has_one_that_says(checkout: Checkout) -> None:
    """Give the service a worker that says what it is, for development."""
    checkout.write("app/says.py", SAYS)
    path = checkout.root / "pyproject.toml"
    path.write_text(path.read_text() + '\n[tool.slipway.processes]\nworker = "python -m app.says"\n')


def restarts_with_its_code(checkout: Checkout) -> None:
    """Change what it says: another one says that, without any verb."""
    wait_for(lambda: "it is ONE" in done(checkout, "logs", "--process", "worker").stdout)
    checkout.edit("app/says.py", "ONE", "TWO")
    wait_for(lambda: "it is TWO" in done(checkout, "logs", "--process", "worker").stdout)
    checkout.edit("app/says.py", "TWO", "ONE")
    assert json.loads(done(checkout, "status", "--json").stdout)["worker"]["state"] == "running"


EXPIRED = "INSERT INTO login_attempts SELECT n, 1, now() - interval '1 hour' FROM generate_series(1, 3) n"


def has_the_cleanup(checkout: Checkout) -> None:
    """Give the service its own process back."""
    path = checkout.root / "pyproject.toml"
    path.write_text(path.read_text() + processes_table())


def cleans_up(checkout: Checkout, container: str) -> None:
    """See it at work in production, from its start to its end."""
    assert run("docker", "stop", container) == container
    assert run("docker", "inspect", "--format", "{{.State.ExitCode}}", container) == "0"
    ask(checkout, EXPIRED, "--prod")
    run("docker", "start", container)
    logs = ("logs", "--prod", "--process", "cleanup")
    wait_for(lambda: "Deleted what has expired: 3 login_attempts" in done(checkout, *logs).stdout)
    assert all(line.startswith("{") for line in run("docker", "logs", container).splitlines())
    assert json.loads(done(checkout, "status", "--prod", "--json").stdout)["cleanup"]["state"] == "running"
