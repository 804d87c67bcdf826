"""The roles of a server on this machine: what is made, what is refused, and whose data it is."""

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from slipway.core.errors import Problem
from slipway.project.database import SUPERUSER, Database
from slipway.runtime.initdb import initdb
from slipway.runtime.postgres import FAST, Server
from tests.slipway.runtime import earlier
from tests.slipway.runtime.earlier import psql

LOGIN = Database("some body", "pa ss'word$ `x`", "the data")


@pytest.fixture
def server(tmp_path: Path) -> Iterator[Server]:
    """Give a server; it doesn't run afterwards."""
    one = Server(tmp_path / "one")
    yield one
    one.stop()


def roles(server: Server) -> list[str]:
    """Return each role and what it may."""
    may = ("super", "createdb", "createrole", "replication", "bypassrls", "canlogin")
    words = ", ".join(f"CASE WHEN rol{one} THEN '{one}' END" for one in may)
    query = f"SELECT rolname || ':' || concat_ws(' ', {words}) FROM pg_roles WHERE oid = 10 OR oid >= 16384 ORDER BY 1"
    said = server.as_superuser(query)
    return said.splitlines()


ALL_OF_IT = f"{SUPERUSER}:super createdb createrole replication bypassrls canlogin"
ROLES = [f"{LOGIN.username}:createdb canlogin", ALL_OF_IT]


def test_the_service_owns_its_database_and_is_no_superuser(server: Server) -> None:
    server.start(LOGIN, settings=FAST)

    assert roles(server) == ROLES
    owner = "SELECT pg_get_userbyid(datdba) FROM pg_database WHERE datname = :'name'"
    assert server.as_superuser(owner, values={"name": LOGIN.name}) == LOGIN.username
    assert server.secret.stat().st_mode & 0o777 == 0o600
    assert LOGIN.password not in server.log.read_text()
    assert psql(server, LOGIN, LOGIN.name, "CREATE TABLE t (a int); CREATE DATABASE c TEMPLATE template0") == ""


def test_who_was_killed_before_there_was_a_role_makes_it_the_next_time(server: Server) -> None:
    server.folder.mkdir()
    initdb(server.binaries, server.data, server.roles.password, sync=False)

    server.start(LOGIN, settings=FAST)

    assert roles(server) == ROLES
    with pytest.raises(Problem, match="another user or password"):
        server.start(replace(LOGIN, username="another"))  # which is no reason to make that one
    assert roles(server) == ROLES


def test_another_password_becomes_that_of_the_role(server: Server) -> None:
    server.start(LOGIN, settings=FAST)
    other = replace(LOGIN, password="another: 'one' \\ $(x)")

    server.start(other)

    assert psql(server, other, LOGIN.name, "SELECT current_user") == LOGIN.username
    assert roles(server) == ROLES
    assert other.password not in server.log.read_text()


def test_data_of_before_is_brought_over_by_the_start_and_that_is_said_once(server: Server) -> None:
    port = earlier.start(server, LOGIN)
    psql(server, LOGIN, LOGIN.name, "CREATE TABLE t AS SELECT 1 AS a")
    with pytest.raises(Problem, match="another user or password"):
        server.start(replace(LOGIN, password="wrong"))

    assert server.start(LOGIN) == port
    assert server.remarks == [f"the user {LOGIN.username} was PostgreSQL's superuser, and is an ordinary one now"]
    assert roles(server) == ROLES
    server.stop()
    server.start(LOGIN, settings=FAST)
    assert not [said for said in server.remarks if "an ordinary one now" in said]
    assert psql(server, LOGIN, LOGIN.name, "SELECT a, current_user FROM t") == f"1|{LOGIN.username}"


def test_a_script_of_the_superuser_ends_at_its_first_mistake(server: Server) -> None:
    with pytest.raises(Problem, match="not running"):
        server.as_superuser("SELECT 1")
    server.start(LOGIN, settings=FAST)

    with pytest.raises(Problem, match="division by zero"):
        server.as_superuser("SELECT 1 / 0; CREATE TABLE never (a int)", LOGIN.name)
    assert server.as_superuser("SELECT count(*) FROM pg_tables WHERE tablename = 'never'", LOGIN.name) == "0"
    server.secret.write_text("wrong\n")
    with pytest.raises(Problem, match="does not have the password"):
        server.as_superuser("SELECT 1")


def test_what_is_deleted_is_the_password_as_well(server: Server) -> None:
    server.start(LOGIN, settings=FAST)
    server.stop()
    server.remove()
    assert not server.data.exists()
    assert not server.secret.exists()


def test_data_with_a_database_of_another_name_gets_no_empty_one(
    server: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("DATABASE_NAME", raising=False)
    server.start(LOGIN, settings=FAST)
    other, count = replace(LOGIN, name="other"), "SELECT count(*) FROM pg_database WHERE datname = :'name'"
    said = rf"There is no database 'other', and the data has '{LOGIN.name}': DATABASE_NAME in \.env was another one"
    with pytest.raises(Problem, match=said):
        server.start(other)
    assert server.as_superuser(count, values={"name": "other"}) == "0"
    server.stop()
    with pytest.raises(Problem, match="all data stays as it is"):
        server.start(other)
    assert not server.running()

    server.start(LOGIN, settings=FAST)
    # Who has taken it away gets a new one, also beside what a restore has kept.
    server.as_superuser(f'ALTER DATABASE "{LOGIN.name}" RENAME TO "{LOGIN.name}_before_20261124t120000z"')
    server.start(LOGIN)
    assert server.as_superuser(count, values={"name": LOGIN.name}) == "1"
