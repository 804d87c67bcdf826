"""Limits on logging in and registering."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import httpx2
import psycopg
import pytest

from app.core.turns import Turns
from app.users.throttle import WIDER, Throttle, _networks
from tests.app.support import PASSWORD, Client, a_user, log_in


@pytest.fixture
def limited(application: Client) -> Iterator[None]:
    """Lower the limits."""
    state = application.app.state
    before, state.throttle = state.throttle, Throttle(per_account=3, per_client=5, registrations=2)
    yield
    state.throttle = before


def attempt(client: Client, email: str, password: str = "wrong horse") -> int:
    return status(client.post("/users/token", data={"username": email, "password": password}))


def register(client: Client, email: str) -> int:
    return status(client.post("/users", json={"email": email, "password": PASSWORD}))


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
def test_logins_that_find_too_much_to_do_do_not_count(
    committing: Client, database: psycopg.Connection, monkeypatch: pytest.MonkeyPatch
) -> None:
    a_user(committing, "ada@example.com")
    assert attempt(committing, "ada@example.com") == 401
    with monkeypatch.context() as busy:
        busy.setattr(committing.app.state.passwords, "_logins", Turns("test", 0, patience=10, queue=0))
        assert {attempt(committing, "ada@example.com", PASSWORD) for _ in range(6)} == {503}

    assert {count for _, count in counted(database)} == {1}  # the one that failed, of the account and of the client
    assert attempt(committing, "ada@example.com", PASSWORD) == 200


@pytest.mark.usefixtures("limited")
def test_attempts_at_the_same_time_are_bounded_too(committing: Client) -> None:
    with ThreadPoolExecutor(8) as pool:
        answers = list(pool.map(lambda _: attempt(committing, "ada@example.com"), range(16)))

    assert sorted(answers) == [401] * 3 + [429] * 13


@pytest.mark.usefixtures("limited")
def test_the_window_ends(committing: Client, database: psycopg.Connection) -> None:
    for n in range(6):
        attempt(committing, f"{n}@example.com")
    database.execute("UPDATE login_attempts SET since = now() - interval '16 minutes'")

    a_user(committing, "ada@example.com")
    log_in(committing, "ada@example.com")

    assert ("client testclient", 0) in counted(database)


@pytest.mark.usefixtures("limited")
def test_a_client_that_registers_too_often_has_to_wait(client: Client) -> None:
    assert [register(client, f"{n}@example.com") for n in range(4)] == [201, 201, 429, 429]
    assert "429" in client.get("/openapi.json").json()["paths"]["/users"]["post"]["responses"]


@pytest.mark.usefixtures("limited")
def test_whether_an_email_is_registered_is_not_told_without_end(client: Client) -> None:
    a_user(client, "ada@example.com")

    assert [register(client, "ada@example.com") for _ in range(4)] == [409, 409, 429, 429]


@pytest.mark.usefixtures("limited")
def test_registrations_at_the_same_time_are_bounded_too(committing: Client) -> None:
    with ThreadPoolExecutor(8) as pool:
        answers = list(pool.map(lambda n: register(committing, f"{n}@example.com"), range(16)))

    assert sorted(answers) == [201] * 2 + [429] * 14


@pytest.mark.usefixtures("limited")
def test_who_may_not_register_may_log_in_and_the_other_way_round(client: Client) -> None:
    for n in range(3):
        register(client, f"{n}@example.com")
    assert attempt(client, "0@example.com", PASSWORD) == 200

    another = client.at("192.0.2.7")
    assert [attempt(another, f"{n}@example.com") for n in range(6)] == [401] * 5 + [429]
    assert register(another, "bob@example.com") == 201


@pytest.mark.usefixtures("limited")
def test_a_request_that_is_not_valid_does_not_count(committing: Client, database: psycopg.Connection) -> None:
    assert {register(committing, "no address") for _ in range(3)} == {422}
    assert committing.post("/users", content=b"{}", headers={"Content-Type": "text/plain"}).status_code == 415
    assert counted(database) == []

    assert register(committing, "ada@example.com") == 201
    assert counted(database) == [("registrations testclient", 1)]


def test_the_default_of_registrations_is_50(client: Client) -> None:
    a_user(client, "ada@example.com")

    assert [register(client, "ada@example.com") for _ in range(51)] == [409] * 50 + [429]


@pytest.mark.usefixtures("limited")
def test_an_address_that_stands_for_many_has_a_wider_limit(client: Client) -> None:
    a_user(client, "ada@example.com")
    gateway = client.at("172.17.0.1")

    assert [register(gateway, "ada@example.com") for _ in range(2 * WIDER + 1)] == [409] * 2 * WIDER + [429]
    assert [attempt(gateway, f"{n}@example.com") for n in range(5 * WIDER + 1)] == [401] * 5 * WIDER + [429]


@pytest.mark.usefixtures("limited")
def test_another_network_of_one_customer_is_no_way_around(committing: Client, database: psycopg.Connection) -> None:
    a_user(committing, "ada@example.com")
    for n in range(2 * WIDER):
        assert register(committing.at(f"2001:db8:1:{n:x}::1"), "ada@example.com") == 409
    assert register(committing.at("2001:db8:1:ffff::1"), "ada@example.com") == 429
    assert register(committing.at("2001:db8:2::1"), "ada@example.com") == 409  # somebody else

    database.execute("DELETE FROM login_attempts")
    for _ in range(4):  # of which two may be no more than refused, and use up nothing of the others
        register(committing.at("2001:db8:1::1"), "ada@example.com")
    assert ("registrations 2001:db8:1::/48", 2) in counted(database)


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
