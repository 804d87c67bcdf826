"""Data of before: the service's role becomes an ordinary one, with all that it has."""

import os
import subprocess
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path

import psycopg
import pytest

from slipway.project.database import SUPERUSER, Database
from slipway.runtime.bring_over import SUPERUSER_PASSWORD, Role, bring_over_command, state_command
from slipway.runtime.identity import environ
from slipway.runtime.installations import Binaries, installations
from slipway.runtime.postgres import Server
from tests.slipway.runtime import earlier
from tests.slipway.runtime.earlier import psql
from tests.support import wait_for

LOGIN = Database("some body", "pa ss'word$", "the data")
ROOT = replace(LOGIN, username=SUPERUSER, password="that of the 'superuser' $1")


@pytest.fixture
def binaries() -> Binaries:
    """Give the newest PostgreSQL that is here."""
    return max(installations(), key=lambda one: one.major)


@pytest.fixture
def server(tmp_path: Path, binaries: Binaries) -> Iterator[Server]:
    """Give a server with data of before; it doesn't run afterwards."""
    one = Server(tmp_path / "one")
    one.binaries = binaries
    earlier.start(one, LOGIN)
    yield one
    one.stop()


def address(server: Server, login: Database) -> dict[str, str]:
    """Return the variables of a client of the server."""
    running = server.running()
    assert running
    return login.seen_at("127.0.0.1", running[1]).client


def begun(server: Server, argv: list[str]) -> "subprocess.Popen[str]":
    """Begin a step where the server is."""
    path = f"{server.binaries.folder}{os.pathsep}{os.environ['PATH']}"
    env = {**environ(), **address(server, LOGIN), SUPERUSER_PASSWORD: ROOT.password, "PATH": path}
    return subprocess.Popen(argv, env=env, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)


def told(server: Server, argv: list[str]) -> str:
    """Run a step where the server is; return what it prints."""
    with begun(server, argv) as process:
        out, err = process.communicate(timeout=120)
    assert process.returncode == 0, err
    return out.strip()


def a_part(step: str) -> list[str]:
    """Return the command line of one step of several, as if what comes behind it had been killed."""
    return [step if word == "bring_over" else word for word in bring_over_command(LOGIN)]


def connect(server: Server, login: Database = LOGIN) -> psycopg.Connection:
    """Open a session in which each statement commits by itself."""
    at = address(server, login)
    return psycopg.connect(
        host=at["PGHOST"], port=at["PGPORT"], user=login.username, password=login.password, dbname=login.name,
        autocommit=True, connect_timeout=10,
    )  # fmt: skip


def dumped(server: Server, login: Database) -> set[str]:
    """Return the lines of a dump of everything: roles, owners, grants, settings, definitions, data."""
    argv = [server.binaries["pg_dumpall"], "--database=postgres"]
    env = {**environ(), **address(server, login)}
    done = subprocess.run(argv, env=env, capture_output=True, text=True, check=False, timeout=60)
    assert done.returncode == 0, done.stderr
    return {line for line in done.stdout.splitlines() if "restrict " not in line}


@pytest.mark.parametrize("binaries", installations(), ids=lambda one: str(one.major))
def test_what_a_service_has_is_its_ordinary_roles(server: Server) -> None:
    psql(server, LOGIN, LOGIN.name, earlier.EVERY_KIND.read_text())
    before = dumped(server, LOGIN)
    assert told(server, state_command(LOGIN)) == Role.BEFORE.value

    told(server, bring_over_command(LOGIN))

    assert told(server, state_command(LOGIN)) == Role.DONE.value
    after = dumped(server, ROOT)
    mine = f'"{LOGIN.username}"'
    changed = {line for line in before - after if not line.startswith("-- ")}
    role = f"ALTER ROLE {mine} WITH SUPERUSER INHERIT CREATEROLE CREATEDB LOGIN REPLICATION BYPASSRLS"
    expected = {  # all else is the same, under the same name
        role,
        "GRANT pg_monitor TO",
        "GRANT readers TO",  # as is said below: by whom it was granted is another
        f"GRANT {mine} TO",
        "ALTER FOREIGN DATA WRAPPER wrapper OWNER TO",
        "ALTER PUBLICATION everything OWNER TO",
        "ALTER EVENT TRIGGER looks OWNER TO",
        'ALTER FUNCTION "a schema".changed() OWNER TO',
    }
    assert {next((one for one in expected if line.startswith(one)), line) for line in changed} == expected
    now = "\n".join(after)
    scram = next(line.partition("PASSWORD ")[2].rstrip(";") for line in before if line.startswith(role))
    assert (
        f"ALTER ROLE {mine} WITH NOSUPERUSER INHERIT NOCREATEROLE CREATEDB LOGIN NOREPLICATION NOBYPASSRLS "
        f"CONNECTION LIMIT 50 PASSWORD {scram}"
    ) in now
    assert f"GRANT readers TO {mine} WITH ADMIN OPTION" in now
    assert f"GRANT {mine} TO deputy" in now
    assert f"GRANT {SUPERUSER}" not in now
    assert f"GRANT pg_monitor TO {mine}" not in now


REFUSED = {
    "a program": "COPY (SELECT 1) TO PROGRAM 'id'",
    "a file of the machine": "SELECT pg_read_file('/etc/passwd')",
    "another role": "CREATE ROLE more",
    "the server's settings": "ALTER SYSTEM SET port = 1",
    "what runs as PostgreSQL": "CREATE FUNCTION c() RETURNS int LANGUAGE c AS 'libc', 'getpid'",
    "to become the superuser": f"SET ROLE {SUPERUSER}",
    "to be one": "ALTER ROLE CURRENT_USER SUPERUSER",
    "the passwords": "SELECT rolpassword FROM pg_authid",
}


def test_the_role_is_refused_what_harms_and_sessions_of_before_are_ended(server: Server) -> None:
    with connect(server) as old:
        old.execute("CREATE TABLE made_before (a int)")
        told(server, bring_over_command(LOGIN))
        with pytest.raises(psycopg.OperationalError):
            old.execute("SELECT 1")

    with connect(server) as now:
        now.execute("INSERT INTO made_before VALUES (1)")
        now.execute("ALTER TABLE made_before ADD COLUMN b int")
        now.execute("CREATE DATABASE a_copy")
        for what, sql in REFUSED.items():
            with pytest.raises(psycopg.errors.InsufficientPrivilege):
                now.execute(sql.encode())
                pytest.fail(f"It gets at {what}.")


@pytest.mark.parametrize("last", ["switch", "give_all", "end_sessions"])
def test_what_is_killed_between_two_steps_serves_and_is_carried_on_with(server: Server, last: str) -> None:
    psql(server, LOGIN, LOGIN.name, "CREATE SCHEMA s; CREATE TABLE s.t (id serial PRIMARY KEY)")
    steps = ["switch", "give_all", "end_sessions"]
    for step in steps[: steps.index(last) + 1]:
        told(server, a_part(step))

    assert told(server, state_command(LOGIN)) == Role.BETWEEN.value
    with connect(server) as session:
        session.execute("INSERT INTO s.t DEFAULT VALUES")
        session.execute("CREATE TABLE s.made_between (id int REFERENCES s.t)")
        session.execute("ALTER TABLE s.t ADD COLUMN c int")
    for _ in range(2):  # and once more: there is nothing to do
        told(server, bring_over_command(LOGIN))
        assert told(server, state_command(LOGIN)) == Role.DONE.value
    owners = psql(server, LOGIN, LOGIN.name, "SELECT DISTINCT tableowner FROM pg_tables WHERE schemaname = 's'")
    assert owners == LOGIN.username


def test_it_can_be_killed_at_any_moment(server: Server) -> None:
    psql(server, LOGIN, LOGIN.name, "CREATE TABLE t AS SELECT 1 AS a")
    seen = set()
    for after in range(50, 2000, 250):  # milliseconds
        process = begun(server, bring_over_command(LOGIN))
        time.sleep(after / 1000)  # a moment of its course is what is meant
        process.kill()
        process.communicate()
        assert psql(server, LOGIN, LOGIN.name, "SELECT a FROM t") == "1"
        seen.add(told(server, state_command(LOGIN)))
        if Role.DONE.value in seen:
            break
    told(server, bring_over_command(LOGIN))
    assert told(server, state_command(LOGIN)) == Role.DONE.value
    assert psql(server, LOGIN, LOGIN.name, "SELECT tableowner FROM pg_tables WHERE tablename = 't'") == LOGIN.username


def test_a_table_in_use_is_waited_for_but_never_for_long(server: Server) -> None:
    psql(server, LOGIN, LOGIN.name, "CREATE TABLE t AS SELECT 1 AS a")
    told(server, a_part("switch"))
    with connect(server) as user, connect(server) as another, ThreadPoolExecutor() as pool:
        with user.transaction():
            user.execute("SELECT a FROM t")
            under_way = pool.submit(told, server, bring_over_command(LOGIN))
            waits = "SELECT count(*) FROM pg_locks WHERE NOT granted"
            wait_for(lambda: another.execute(waits).fetchone() != (0,))
            wait_for(lambda: another.execute(waits).fetchone() == (0,))  # it has given up, to try again
            assert not under_way.done()
        under_way.result(timeout=60)
        assert another.execute("SELECT tableowner FROM pg_tables WHERE tablename = 't'").fetchone() == (LOGIN.username,)


def test_a_role_that_is_not_there_is_not_made(server: Server) -> None:
    told(server, bring_over_command(LOGIN))
    other = replace(LOGIN, username="somebody else")

    assert told(server, state_command(other)) == Role.OTHER.value
    with begun(server, bring_over_command(other)) as process:
        said = process.communicate(timeout=60)[1]
    assert process.returncode == 1
    assert "was not made by Slipway with the user somebody else" in said
