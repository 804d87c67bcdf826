"""The password of the service's role: changed, checked, and not asked of who may go on without it."""

import os
import subprocess
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

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
