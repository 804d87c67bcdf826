"""The password of the service's role: changed, checked, and not asked of who may go on without it."""

import contextlib
import os
import subprocess
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import psycopg
import pytest

from slipway.core.shell import Ran
from slipway.core.steps import Steps
from slipway.project.database import SUPERUSER, Database
from slipway.runtime import Job, password
from slipway.runtime.bring_over import Role, state_command
from slipway.runtime.identity import environ
from slipway.runtime.password import Password
from slipway.runtime.postgres import FAST, Server
from tests.slipway.runtime.earlier import psql
from tests.support import wait_for

LOGIN = Database("some body", "pa ss'word$ `x`", "the data")
OTHER = replace(LOGIN, password="another: 'one' \\ $(x)")
HERE = "127.0.0.1/32"


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """Give a server that runs."""
    one = Server(tmp_path_factory.mktemp("server") / "one")
    one.start(LOGIN, settings=FAST)
    yield one
    one.stop()


@pytest.fixture
def where(server: Server, tmp_path: Path) -> Iterator[dict[str, str]]:
    """Give the variables of a shell beside the server, as its superuser; the password is as it was afterwards."""
    asked = tmp_path / "hostname"  # in a container, its address in the network
    asked.write_text("#!/bin/sh\necho 127.0.0.1 172.18.0.5\n")
    asked.chmod(0o755)
    running = server.running()
    assert running
    login = Database(SUPERUSER, server.roles.password, "postgres", "127.0.0.1", running[1])
    path = os.pathsep.join([str(tmp_path), str(server.binaries.folder), os.environ["PATH"]])
    env = {**environ(), **login.client, "PATH": path}
    yield env
    told(env, password.dismiss(LOGIN))
    told(env, password.change(LOGIN))


def told(env: dict[str, str], job: Job) -> Ran:
    """Run a job where the server is."""
    ran = subprocess.run(job.argv, env=env, input=job.given, capture_output=True, text=True, timeout=60, check=False)
    return Ran(ran.returncode, ran.stdout.strip(), ran.stderr)


@contextlib.contextmanager
def connected(login: Database) -> Iterator["psycopg.Connection[tuple[int]]"]:
    """Give a connection of a login."""
    of = login.client
    with psycopg.connect(
        host=of["PGHOST"], port=of["PGPORT"], user=of["PGUSER"], password=of["PGPASSWORD"], dbname="postgres",
        autocommit=True,
    ) as connection:  # fmt: skip
        yield connection


def lets_in(server: Server, login: Database) -> bool:
    """Tell whether a login is good."""
    try:
        psql(server, login, "postgres", "SELECT 1")
    except AssertionError as refused:
        assert "authentication failed" in str(refused)
        return False
    return True


def state(env: dict[str, str], server: Server) -> str:
    """Return what the service's role is said to be."""
    argv = state_command(LOGIN)
    ran = subprocess.run(argv, env={**env, "SUPERUSER_PASSWORD": server.roles.password}, capture_output=True, text=True)
    return ran.stdout.strip()


def test_a_changed_password_counts_at_once_and_is_in_no_log(where: dict[str, str], server: Server) -> None:
    assert told(where, password.check(LOGIN)).output == Password.GOOD.value
    assert told(where, password.check(OTHER)).output == Password.OTHER.value

    assert told(where, password.change(OTHER)).status == 0

    assert told(where, password.check(OTHER)).output == Password.GOOD.value
    assert (lets_in(server, LOGIN), lets_in(server, OTHER)) == (False, True)
    assert OTHER.password not in server.log.read_text()


def test_a_password_that_came_in_part_changes_nothing(where: dict[str, str], server: Server) -> None:
    job = password.change(OTHER)
    assert job.given
    for given in ("", job.given.rpartition(".")[0], job.given.split("\n")[0]):
        ran = told(where, replace(job, given=given))
        assert ran.status
        assert "nothing was changed" in ran.said
    assert lets_in(server, LOGIN)


def test_who_is_let_in_by_the_address_needs_no_password_until_dismissed(where: dict[str, str], server: Server) -> None:
    file = Path(server.as_superuser("SHOW hba_file"))
    before, mode = file.read_text(), file.stat().st_mode

    assert told(where, password.admit(LOGIN, ["198.51.100.7/32"])).status == 0
    told(where, password.change(OTHER))
    assert not lets_in(server, LOGIN)  # it is another address that is let in
    assert told(where, password.admit(LOGIN, [HERE, "2001:db8::1/128"])).status == 0
    assert lets_in(server, LOGIN)
    assert state(where, server) == Role.ADMITTED.value
    assert not lets_in(server, replace(LOGIN, username=SUPERUSER))  # nor is another role

    assert told(where, password.dismiss(LOGIN)).status == 0
    assert (lets_in(server, LOGIN), lets_in(server, OTHER)) == (False, True)
    assert state(where, server) == Role.DONE.value
    assert (file.read_text(), file.stat().st_mode) == (before, mode)


def test_a_password_is_checked_also_from_where_everybody_is_let_in(where: dict[str, str], server: Server) -> None:
    assert told(where, password.admit(LOGIN, ["0.0.0.0/0"])).status == 0
    assert lets_in(server, OTHER)
    assert told(where, password.check(LOGIN)).output == Password.GOOD.value
    assert told(where, password.check(OTHER)).output == Password.OTHER.value
    told(where, password.dismiss(LOGIN))


def test_sessions_from_elsewhere_end_once_everybody_needs_the_password(where: dict[str, str], server: Server) -> None:
    count = "SELECT count(*) FROM pg_stat_activity WHERE usename = 'some body'"
    running = server.running()
    assert running
    with connected(LOGIN.seen_at("127.0.0.1", running[1])):
        for addresses, left in (((), "1"), ((HERE,), "1"), (("198.51.100.7/32", "2001:db8::1/128"), "0")):
            assert told(where, password.dismiss(LOGIN, addresses)).status == 0
            wait_for(lambda left=left: server.as_superuser(count) == left)  # type: ignore[misc]


def test_what_the_server_may_not_have_read_is_read_again(where: dict[str, str], server: Server) -> None:
    file = Path(server.as_superuser("SHOW hba_file"))
    told(where, password.admit(LOGIN, ["198.51.100.7/32"]))
    others = file.read_text()
    file.write_text(others.replace("198.51.100.7", "127.0.0.1"))  # as who was killed before the reload has left it
    told(where, password.change(OTHER))
    assert not lets_in(server, LOGIN)

    assert told(where, password.admit(LOGIN, [HERE])).status == 0

    assert lets_in(server, LOGIN)


def test_lines_that_the_server_may_not_have_read_are_put_back(where: dict[str, str], server: Server) -> None:
    file = Path(server.as_superuser("SHOW hba_file"))
    before = file.read_text()
    broken = Path(where["PATH"].partition(os.pathsep)[0]) / "psql"
    real = server.binaries["psql"]
    broken.write_text(
        f'#!/bin/sh\nsql=$(cat)\ncase "$sql" in *pg_reload_conf*) exit 2 ;; esac\necho "$sql" | {real} "$@"\n'
    )
    broken.chmod(0o755)

    assert told(where, password.admit(LOGIN, [HERE])).status != 0

    assert file.read_text() == before
    assert not list(file.parent.glob("pg_hba.conf.*"))
    broken.unlink()


def test_a_change_whose_client_is_gone_has_ended_once_it_is_settled(where: dict[str, str], server: Server) -> None:
    running = server.running()
    assert running
    root = Database(SUPERUSER, server.roles.password, "postgres", "127.0.0.1", running[1])
    with connected(root) as holding:
        holding.execute("BEGIN; SELECT 1 FROM pg_authid WHERE rolname = 'some body' FOR UPDATE")
        job = password.change(OTHER)
        assert job.given
        changing = subprocess.Popen(job.argv, env=where, stdin=subprocess.PIPE, text=True)
        assert changing.stdin
        changing.stdin.write(job.given)
        changing.stdin.close()
        waiting = "SELECT 1 FROM pg_stat_activity WHERE application_name = 'inv rotate' AND wait_event_type = 'Lock'"
        wait_for(lambda: server.as_superuser(waiting) == "1")

        assert told(where, password.settle(LOGIN)).status == 0

        assert server.as_superuser(waiting) == ""
        assert changing.wait(60) != 0
    assert told(where, password.check(LOGIN)).output == Password.GOOD.value


def test_a_file_that_postgresql_cannot_read_stays_as_it_is(where: dict[str, str], server: Server) -> None:
    file = Path(server.as_superuser("SHOW hba_file"))
    before = file.read_text()
    file.write_text(f"{before}nonsense\n")
    try:
        ran = told(where, password.admit(LOGIN, [HERE]))
        assert ran.status
        assert "cannot be read by PostgreSQL (line" in ran.said
        assert file.read_text() == f"{before}nonsense\n"
    finally:
        file.write_text(before)


def test_another_password_is_taken_over_and_the_same_one_left(where: dict[str, str], server: Server) -> None:
    steps = Steps()
    password.take_over(steps, OTHER, lambda job: told(where, job))
    assert lets_in(server, OTHER)
    assert list(steps.times) == ["password"]
    password.take_over(steps, OTHER, lambda job: told(where, job))
    assert list(steps.times) == ["password"]
