"""PostgreSQL on this machine: which installation, which port, whose data."""

import socket
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path

import pytest

from slipway.core.errors import Problem
from slipway.project.database import Database
from slipway.runtime.installations import Binaries, pick
from slipway.runtime.postgres import FAST, Server

LOGIN = Database("some body", "pa ss'word$", "the data")
OLD, NEW = Binaries(Path("/old"), 15), Binaries(Path("/new"), 18)


@pytest.mark.parametrize(("data", "picked"), [(None, OLD), (15, OLD), (18, NEW)])
def test_the_installation_that_can_read_the_data_is_picked(data: int | None, picked: Binaries) -> None:
    assert pick([OLD, NEW], data) is picked


@pytest.mark.parametrize(
    ("found", "data", "said"),
    [([], None, "PostgreSQL was not found"), ([OLD, NEW], 17, r"made by PostgreSQL 17; this machine has 15 and 18")],
)
def test_what_cannot_be_picked_is_a_problem(found: list[Binaries], data: int | None, said: str) -> None:
    with pytest.raises(Problem, match=said):
        pick(found, data)


@pytest.fixture
def servers(tmp_path: Path) -> Iterator[list[Server]]:
    """Give two servers; neither runs afterwards."""
    both = [Server(tmp_path / name) for name in ("one", "two")]
    yield both
    for server in both:
        server.stop()


def test_two_servers_that_want_the_same_port_both_start(servers: list[Server]) -> None:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        wanted = probe.getsockname()[1]

    with ThreadPoolExecutor() as pool:
        ports = list(pool.map(lambda server: server.start(LOGIN, wanted, FAST), servers))

    assert len(set(ports)) == 2
    assert [(server.running() or (0, 0))[1] for server in servers] == ports


def test_starting_again_finds_the_data_and_refuses_another_user(servers: list[Server]) -> None:
    server = servers[0]
    port = server.start(LOGIN, settings=FAST)
    assert server.start(LOGIN) == port  # it runs already
    assert server.stop()
    assert not server.stop()

    with pytest.raises(Problem, match="another user or password"):
        server.start(Database("another", LOGIN.password, LOGIN.name))
    assert server.running() is None


def test_the_own_server_is_opened_without_tls_whatever_clients_are_told(servers: list[Server]) -> None:
    with_tls = replace(LOGIN, sslmode="verify-full", sslrootcert="system")
    assert servers[0].start(with_tls, settings=FAST) == servers[0].start(with_tls)
