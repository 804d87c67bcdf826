"""Limits on logging in."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import httpx2
import psycopg
import pytest

from app.users.throttle import WIDER, Throttle, _networks
from tests.app.support import PASSWORD, Client, a_user, log_in


@pytest.fixture
def limited(application: Client) -> Iterator[None]:
    """Lower the limits."""
    state = application.app.state
    before, state.throttle = state.throttle, Throttle(per_account=3, per_client=5)
    yield
    state.throttle = before


def attempt(client: Client, email: str, password: str = "wrong horse") -> int:
    return status(client.post("/users/token", data={"username": email, "password": password}))


def status(answer: httpx2.Response) -> int:
    if answer.status_code == 429:
        assert 0 < int(answer.headers["Retry-After"]) <= 15 * 60 + 1
    return answer.status_code


def counted(database: psycopg.Connection) -> list[tuple[str, int]]:
    return database.execute("SELECT subject, count FROM login_attempts ORDER BY subject").fetchall()


@pytest.mark.usefixtures("limited")
def test_an_account_that_is_tried_too_often_has_to_wait(client: Client) -> None:
    a_user(client, "ada@example.com")

    assert [attempt(client, "ada@example.com") for _ in range(4)] == [401, 401, 401, 429]
    assert attempt(client, "ADA@example.com", PASSWORD) == 429  # not even with the right password
    assert attempt(client, "bob@example.com") == 429  # the sixth of this client


@pytest.mark.usefixtures("limited")
def test_a_client_that_tries_many_accounts_has_to_wait(client: Client) -> None:
    assert [attempt(client, f"{n}@example.com") for n in range(7)] == [401] * 5 + [429] * 2


@pytest.mark.usefixtures("limited")
def test_a_client_that_has_to_wait_can_use_up_no_account(committing: Client, database: psycopg.Connection) -> None:
    for n in range(5):
        attempt(committing, f"{n}@example.com")
    for _ in range(4):
        assert attempt(committing, "ada@example.com") == 429

    accounts = "SELECT count(*) FROM login_attempts WHERE subject LIKE 'account %'"
    assert database.execute(accounts).fetchone() == (5,)


@pytest.mark.usefixtures("limited")
def test_logins_that_succeed_do_not_count(client: Client) -> None:
    a_user(client, "ada@example.com")

    for _ in range(4):
        assert attempt(client, "ada@example.com") == 401
        assert attempt(client, "ada@example.com", PASSWORD) == 200


@pytest.mark.usefixtures("limited")
def test_attempts_at_the_same_time_are_bounded_too(committing: Client) -> None:
    with ThreadPoolExecutor(8) as pool:
        answers = list(pool.map(lambda _: attempt(committing, "ada@example.com"), range(16)))

    assert sorted(answers) == [401] * 3 + [429] * 13


@pytest.mark.usefixtures("limited")
def test_the_window_ends_and_old_attempts_are_swept_away(committing: Client, database: psycopg.Connection) -> None:
    for n in range(6):
        attempt(committing, f"{n}@example.com")
    database.execute("UPDATE login_attempts SET since = now() - interval '16 minutes'")

    a_user(committing, "ada@example.com")
    log_in(committing, "ada@example.com")

    assert counted(database) == [("client testclient", 0)]


@pytest.mark.usefixtures("limited")
def test_an_address_that_stands_for_many_has_a_wider_limit(client: Client) -> None:
    a_user(client, "ada@example.com")
    gateway = client.at("172.17.0.1")

    assert [attempt(gateway, f"{n}@example.com") for n in range(5 * WIDER + 1)] == [401] * 5 * WIDER + [429]


@pytest.mark.usefixtures("limited")
def test_a_login_that_succeeds_is_taken_back_everywhere(committing: Client, database: psycopg.Connection) -> None:
    a_user(committing, "ada@example.com")
    assert attempt(committing.at("2001:db8:1:2::3"), "ada@example.com", PASSWORD) == 200

    assert counted(database) == [("client 2001:db8:1:2::/64", 0), ("client 2001:db8:1::/48", 0)]


@pytest.mark.parametrize(
    ("address", "networks"),
    [
        ("192.0.2.7", [("192.0.2.7", 1)]),
        ("203.0.113.7", [("203.0.113.7", 1)]),  # for documentation: not in use, and not private either
        ("2001:db8:1:2:3:4:5:6", [("2001:db8:1:2::/64", 1), ("2001:db8:1::/48", WIDER)]),
        ("2001:db8:1:2::9", [("2001:db8:1:2::/64", 1), ("2001:db8:1::/48", WIDER)]),
        ("::ffff:192.0.2.7", [("192.0.2.7", 1)]),
        ("::ffff:10.1.2.3", [("10.1.2.3", WIDER)]),
        ("127.0.0.1", [("127.0.0.1", WIDER)]),
        ("10.255.255.255", [("10.255.255.255", WIDER)]),
        ("172.15.255.255", [("172.15.255.255", 1)]),
        ("172.16.0.1", [("172.16.0.1", WIDER)]),
        ("172.31.255.255", [("172.31.255.255", WIDER)]),
        ("172.32.0.1", [("172.32.0.1", 1)]),
        ("192.168.1.1", [("192.168.1.1", WIDER)]),
        ("100.63.255.255", [("100.63.255.255", 1)]),
        ("100.64.0.1", [("100.64.0.1", WIDER)]),
        ("100.127.255.255", [("100.127.255.255", WIDER)]),
        ("100.128.0.1", [("100.128.0.1", 1)]),
        ("169.254.1.1", [("169.254.1.1", WIDER)]),
        ("::1", [("::/64", WIDER)]),
        ("::2", [("::/64", 1), ("::/48", WIDER)]),
        ("fe80::1", [("fe80::/64", WIDER)]),
        ("fe80::1%eth0", [("fe80::/64", WIDER)]),
        ("fd00:1:2:3::4", [("fd00:1:2:3::/64", WIDER)]),
        ("testclient", [("testclient", 1)]),
        ("", [("", 1)]),
    ],
)
def test_a_client_is_an_address_or_an_ipv6_network(address: str, networks: list[tuple[str, int]]) -> None:
    assert _networks(address) == networks
