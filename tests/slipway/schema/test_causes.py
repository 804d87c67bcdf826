"""What PostgreSQL and its clients say of a database, in their words, and what is made of it."""

import socket
import time
from functools import partial

import psycopg
import pytest

from slipway.core.sources import placed
from slipway.schema import database
from slipway.schema.causes import CAUSES, cause, explained

AT = 'connection to server at "10.0.0.7", port 5432 failed: '
SAID = [
    ('could not translate host name "db" to address: Name or service not known', "`inv up` starts it"),
    ("The database at db:5432 could not be reached in 60 s ([Errno 111] Connection refused).", "`inv up` starts it"),
    ('could not translate host name "host.docker.internal" to address: Name or service not known', "host-gateway"),
    ("The database at host.docker.internal:5432 could not be reached in 60 s ([Errno -2] Name or service not known).",
     "host-gateway"),
    ('could not translate host name "sql.example.com" to address: Name or service not known', "DATABASE_HOSTNAME"),
    ("The database at sql:5432 could not be reached in 5 s ([Errno -2] Name does not resolve).", "DATABASE_HOSTNAME"),
    ("failed to resolve host 'x': [Errno -3] Temporary failure in name resolution", "DATABASE_HOSTNAME"),
    (f"{AT}Connection refused\n\tIs the server running on that host and accepting TCP/IP connections?",
     "Nothing listens there"),
    (f"{AT}timeout expired", "a firewall"),
    (f'{AT}FATAL:  password authentication failed for user "shop"', "refuses the login"),
    (f"{AT}fe_sendauth: no password supplied", "refuses the login"),
    (f'{AT}FATAL:  no pg_hba.conf entry for host "10.0.0.8", user "shop", database "shop", no encryption',
     "let DATABASE_SSLMODE in .env be require"),
    (f'{AT}FATAL:  no pg_hba.conf entry for host "10.0.0.8", user "shop", database "shop", SSL encryption',
     "neither from this address"),
    (f'{AT}root certificate file "/srv/ca.pem" does not exist\nEither provide the file, or use sslmode',
     "the Dockerfile has to copy it"),
    (f"{AT}server does not support SSL, but SSL was required", "let DATABASE_SSLMODE be prefer"),
    (f"{AT}SSL error: certificate verify failed", "DATABASE_SSLROOTCERT"),
    (f'{AT}server certificate for "sql" does not match host name "10.0.0.7"', "DATABASE_HOSTNAME the name in it"),
    (f'{AT}FATAL:  database "shop" does not exist', "DATABASE_NAME"),
    (f'{AT}FATAL:  role "shop" does not exist', "DATABASE_USERNAME"),
    (f"{AT}FATAL:  sorry, too many clients already", "DATABASE_POOL_SIZE"),
    (f"{AT}FATAL:  remaining connection slots are reserved for roles with the SUPERUSER attribute", "no connection"),
    ('FATAL:  too many connections for role "shop"', "no connection left"),
    ("cannot execute CREATE TABLE in a read-only transaction", "a replica"),
    (f"{AT}FATAL:  the database system is starting up", "Wait until it is there"),
    ("server closed the connection unexpectedly\n\tThis probably means", "./inv status"),
    ("FATAL:  terminating connection due to administrator command", "./inv status"),
    ("pg_dump: error: aborting because of server version mismatch", "of the newer version"),
    ("pg_restore: error: unsupported version (1.16) in file header", "of the newer version"),
    ('ERROR:  could not extend file "base/5/16384": No space left on device', "docker system df"),
    ("Error: in 18+, these Docker images are configured to store database data in a\n format", "postgres:17, say"),
]  # fmt: skip


@pytest.mark.parametrize(("said", "named"), SAID)
def test_each_is_told_with_what_to_do(said: str, named: str) -> None:
    assert named in cause(said)


def test_each_names_what_to_do_next() -> None:
    steps = ("./inv", "docs/", "{DATABASE_", "run this again", "compose.yaml")
    assert [text for _, text in CAUSES if not any(step in text for step in steps)] == []


def test_who_knows_where_a_variable_comes_from_tells_it() -> None:
    refused = f'{AT}FATAL:  password authentication failed for user "shop"'
    told = "PostgreSQL refuses the login. Correct DATABASE_USERNAME in .env and DATABASE_PASSWORD in the environment."
    assert cause(refused, partial(placed, environ={"DATABASE_PASSWORD": "x"})).startswith(told)
    assert [text for _, text in CAUSES if "DATABASE_PASSWORD in .env" in text] == []


def test_a_verb_that_calls_tells_the_cause_itself(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DATABASE_PASSWORD", "another")
    said = []
    for by in ("", "ada@laptop"):
        monkeypatch.setenv("SLIPWAY_BY", by)
        with pytest.raises(database.Refused) as refused:
            database.connect("tests")
        said.append(str(refused.value))
    assert "refuses the login" in said[0]
    assert said[1].endswith("could not be opened.")
    assert "password authentication failed" in said[1]


def test_data_of_another_major_version_names_the_image_of_before() -> None:
    said = (
        "FATAL:  database files are incompatible with server\nDETAIL:  The data directory was initialized by "
        "PostgreSQL version 15, which is not compatible with this version 17.5 (Debian 17.5-1)."
    )
    assert "PostgreSQL 15 has made the data, and the image of `db` in compose.yaml has PostgreSQL 17," in cause(said)
    assert "put image: postgres:15 back there" in cause(said)


def test_what_is_not_known_is_not_guessed_and_what_is_said_already_is_not_said_twice() -> None:
    assert cause('ERROR:  column "a" does not exist') == ""
    assert explained("It failed.", "something else") == "It failed."
    once = explained("It failed.", f"{AT}Connection refused")
    assert once.startswith("It failed. Nothing listens there.")
    assert explained(once, once.replace("./inv psql", "./inv psql --prod")) == once


@pytest.mark.parametrize(
    ("name", "value", "named"),
    [
        ("DATABASE_PASSWORD", "another", "refuses the login"),
        ("DATABASE_NAME", "no_such", "Correct DATABASE_NAME"),
        ("DATABASE_SSLMODE", "require", "let DATABASE_SSLMODE be prefer"),
        ("DATABASE_PORT", "1", "Nothing listens there"),
        ("DATABASE_HOSTNAME", "no-such.invalid", "not known where the service runs"),
    ],
)
def test_they_are_what_the_driver_really_says(
    monkeypatch: pytest.MonkeyPatch, name: str, value: str, named: str
) -> None:
    monkeypatch.setenv(name, value)

    with pytest.raises(database.Refused, match=named):
        database.connect("tests")


def test_a_database_that_only_reads_or_goes_away_is_told_as_well() -> None:
    with database.connect("tests", "postgres") as one, database.connect("tests", "postgres") as other:
        one.execute("SET default_transaction_read_only = on")
        with pytest.raises(psycopg.Error) as read_only:
            one.execute("CREATE TABLE causes (a int)")
        other.execute("SELECT pg_terminate_backend(%s)", [one.info.backend_pid])
        with pytest.raises(psycopg.Error) as gone:
            one.execute("SELECT 1")
    assert "a replica" in cause(str(read_only.value))
    assert "went away" in cause(str(gone.value))


@pytest.mark.parametrize(
    ("host", "number", "seconds"),
    [
        ("sql.example.com", socket.EAI_NONAME, 5),
        ("sql.example.com", socket.EAI_AGAIN, 60),
        ("db", socket.EAI_NONAME, 60),
    ],
)
def test_a_name_that_is_not_known_is_told_soon_but_that_of_the_container(
    monkeypatch: pytest.MonkeyPatch, host: str, number: int, seconds: int
) -> None:
    clock = [0.0]

    def refuse(*_: object, **__: object) -> None:
        raise socket.gaierror(number, "Name or service not known")

    monkeypatch.setenv("DATABASE_HOSTNAME", host)
    monkeypatch.setattr(socket, "create_connection", refuse)
    monkeypatch.setattr(time, "monotonic", lambda: clock[0])
    monkeypatch.setattr(time, "sleep", lambda wait: clock.append(clock.pop() + wait))
    with pytest.raises(database.Refused, match=f"could not be reached in {seconds} s"):
        database.reach(60)
    assert clock[0] == seconds + 0.5
