"""Registering and logging in."""

import asyncio
import time
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from threading import Event, Lock
from typing import Any

import psycopg
import pytest
from prometheus_client import REGISTRY
from pwdlib import PasswordHash
from pwdlib.hashers.argon2 import Argon2Hasher

from app.core.security import Passwords
from tests.app.support import DATABASE, PASSWORD, Client, connect, log_in, wait_for

CREDENTIALS = {"email": "ada@example.com", "password": PASSWORD}


def test_register_returns_the_user_without_the_password(client: Client) -> None:
    answer = client.post("/users", json=CREDENTIALS)

    assert answer.status_code == 201
    assert answer.json().keys() == {"id", "email", "created_at"}
    assert answer.json()["email"] == "ada@example.com"


@pytest.mark.parametrize("email", ["ada@example.com", "ADA@Example.com", " Ada@EXAMPLE.com", "ada@exaMple.com"])
def test_one_address_is_one_user_however_it_is_written(client: Client, email: str) -> None:
    client.post("/users", json=CREDENTIALS)

    assert client.post("/users", json=CREDENTIALS | {"email": email}).status_code == 409
    assert log_in(client, email)


def test_of_many_racing_registrations_one_wins(committing: Client) -> None:
    with ThreadPoolExecutor(6) as pool:  # one has the turn and five may wait
        answers = list(pool.map(lambda _: committing.post("/users", json=CREDENTIALS).status_code, range(24)))

    assert sorted(answers) == [201] + [409] * 23


def waiting() -> float | None:
    return REGISTRY.get_sample_value("turns_waiting", {"at": "registration"})


def is_registered() -> bool:
    with connect(DATABASE) as connection:
        return connection.execute("SELECT 1 FROM users").fetchone() is not None


def test_who_waited_for_an_address_that_is_taken_by_then_costs_no_hash(
    committing: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    hashed: list[int] = []
    hash_one = PasswordHash.hash

    def counted(self: PasswordHash, password: str, **options: Any) -> str:
        hashed.append(1)
        if len(hashed) == 1:
            wait_for(lambda: waiting() == 5)
        else:
            wait_for(is_registered)  # whose turn comes now finds the address taken
        return hash_one(self, password, **options)

    monkeypatch.setattr(PasswordHash, "hash", counted)
    with ThreadPoolExecutor(6) as pool:
        answers = list(pool.map(lambda _: committing.post("/users", json=CREDENTIALS).status_code, range(6)))

    assert sorted(answers) == [201] + [409] * 5
    assert len(hashed) <= 2  # one at a time, and the one whose turn came before the first row did


def test_logins_go_on_while_more_register_than_can(committing: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    committing.post("/users", json=CREDENTIALS)
    hash_one, go_on = PasswordHash.hash, Event()

    def slow(self: PasswordHash, password: str, **options: Any) -> str:
        assert go_on.wait(10)
        return hash_one(self, password, **options)

    def register(number: int) -> int:
        return committing.post("/users", json=CREDENTIALS | {"email": f"{number}@example.com"}).status_code

    monkeypatch.setattr(PasswordHash, "hash", slow)
    with ThreadPoolExecutor(6) as pool:
        answers = [pool.submit(register, number) for number in range(6)]
        try:
            wait_for(lambda: waiting() == 5)
            refused = committing.post("/users", json=CREDENTIALS | {"email": "late@example.com"})
            assert (refused.status_code, refused.headers["Retry-After"]) == (503, "2")
            assert log_in(committing, CREDENTIALS["email"])
            assert waiting() == 5  # nobody's turn came meanwhile
        finally:
            go_on.set()
        assert [answer.result() for answer in answers] == [201] * 6


@pytest.mark.parametrize(
    "domain", ["example.test", "mail.localhost", "printer.local", "example.invalid", "example.onion", "in-addr.arpa"]
)
def test_any_domain_can_be_an_emails_as_the_schema_says(client: Client, domain: str) -> None:
    email = client.get("/openapi.json").json()["components"]["schemas"]["UserIn"]["properties"]["email"]
    assert email == {"type": "string", "format": "email", "maxLength": 254, "title": "Email"}

    assert client.post("/users", json=CREDENTIALS | {"email": f"ada@{domain}"}).status_code == 201
    assert log_in(client, f"ada@{domain}")


@pytest.mark.parametrize(
    "bad",
    [
        {"email": "ada"},
        {"email": "a\0@example.com"},
        {"email": "a" * 250 + "@example.com"},
        {"email": 1},
        {"email": None},
        {"password": "short"},
        {"password": "x" * 1025},
        {"password": None},
        {"password": 12345678},
    ],
    ids=["no address", "a NUL", "long", "a number", "null", "short", "long password", "no password", "number password"],
)
def test_bad_registrations_are_refused(client: Client, bad: dict[str, object]) -> None:
    answer = client.post("/users", json=CREDENTIALS | bad)

    assert answer.status_code == 422
    assert PASSWORD not in answer.text
    assert '"input"' not in answer.text


@pytest.mark.parametrize("charset", ["unicode_escape", "raw_unicode_escape"])
def test_half_a_surrogate_pair_is_no_password(client: Client, charset: str) -> None:
    half = b'{"email": "ada@example.com", "password": "\\ud800aaaaaaaa"}'
    registered = client.post("/users", content=half, headers={"Content-Type": "application/json"})
    parts = "".join(
        f'--x\r\nContent-Disposition: form-data; name="{name}"\r\n\r\n{value}\r\n'
        for name, value in (("username", "ada@example.com"), ("password", "\\ud800"))
    )
    kind = {"Content-Type": f"multipart/form-data; boundary=x; charset={charset}"}
    logged_in = client.post("/users/token", content=f"{parts}--x--\r\n", headers=kind)

    assert (registered.status_code, logged_in.status_code) == (422, 422)


@pytest.mark.parametrize("password", ["        ", "pässwörd🚀", "x" * 1024, "a\0bcdefgh"])
def test_any_text_can_be_a_password(client: Client, password: str) -> None:
    client.post("/users", json=CREDENTIALS | {"password": password})

    assert log_in(client, CREDENTIALS["email"], password)
    wrong = client.post("/users/token", data={"username": CREDENTIALS["email"], "password": password[:-1]})
    assert wrong.status_code == 401


def test_me_is_who_logged_in(ada: Client, bob: Client) -> None:
    assert ada.get("/users/me").json()["email"] == "ada@example.com"
    assert bob.get("/users/me").json()["email"] == "bob@example.com"


@pytest.mark.parametrize(
    ("username", "password"),
    [
        ("ada@example.com", "wrong horse"),
        ("bob@example.com", PASSWORD),
        ("\0", "x"),
        ("ada", "x"),
        ("ada@example.com\0", PASSWORD),
        ("ada@example.com", PASSWORD + "\0"),
    ],
)
def test_wrong_password_and_unknown_user_look_the_same(client: Client, username: str, password: str) -> None:
    client.post("/users", json=CREDENTIALS)

    answer = client.post("/users/token", data={"username": username, "password": password})

    assert answer.status_code == 401
    assert answer.json()["detail"] == "E-mail or password is wrong."
    assert answer.headers["WWW-Authenticate"] == 'Bearer realm="api"'


@pytest.mark.parametrize(
    "form",
    [
        {"username": "ada@example.com"},
        {"password": PASSWORD},
        {"username": "a" * 255, "password": "x"},
        {"username": "ada@example.com", "password": "x" * 1025},
        {"username": "ada@example.com", "password": "x", "grant_type": "client_credentials"},
    ],
)
def test_forms_that_are_no_login_are_refused(client: Client, form: dict[str, str]) -> None:
    assert client.post("/users/token", data=form).status_code == 422


def test_an_unknown_user_costs_a_verification_too(client: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    client.post("/users", json=CREDENTIALS)
    hashed: list[str] = []
    verify = PasswordHash.verify_and_update

    def counted(self: PasswordHash, password: str, known: str) -> tuple[bool, str | None]:
        hashed.append(known)
        return verify(self, password, known)

    monkeypatch.setattr(PasswordHash, "verify_and_update", counted)
    for username in ("ada@example.com", "bob@example.com", "no address"):
        client.post("/users/token", data={"username": username, "password": "x"})

    parameters = {each.rsplit("$", 2)[0] for each in hashed}
    assert len(hashed) == 3
    assert len(parameters) == 1  # as expensive as a real one


def test_a_weak_hash_is_replaced_at_login(committing: Client, database: psycopg.Connection) -> None:
    committing.post("/users", json=CREDENTIALS)
    weak = PasswordHash((Argon2Hasher(time_cost=2, memory_cost=8, parallelism=1),)).hash(PASSWORD)
    database.execute("UPDATE users SET password_hash = %s", [weak])

    log_in(committing, CREDENTIALS["email"])

    assert "t=1," in str(database.execute("SELECT password_hash FROM users").fetchone())
    assert log_in(committing, CREDENTIALS["email"])


async def hash_and_verify(passwords: Passwords, hashes: int, logins: int) -> None:
    async def fine() -> None:
        """Let everybody have a hash."""

    await asyncio.gather(
        *(passwords.hash("x", fine) for _ in range(hashes)), *(passwords.verify("x", None) for _ in range(logins))
    )


class Watched(PasswordHash):
    """Knows how many hashes and verifications there were at the same time."""

    def __init__(self) -> None:
        super().__init__((Argon2Hasher(time_cost=1, memory_cost=8, parallelism=1),))
        self.running, self.most, self.lock = Counter[str](), Counter[str](), Lock()

    @contextmanager
    def watch(self, kind: str) -> Iterator[None]:
        """Count one that runs."""
        with self.lock:
            self.running.update([kind, "all"])
            self.most |= self.running
        time.sleep(0.002)
        yield
        with self.lock:
            self.running.subtract([kind, "all"])

    def hash(self, password: str | bytes, *, salt: bytes | None = None) -> str:
        """Hash a password."""
        with self.watch("hash"):
            return super().hash(password, salt=salt)

    def verify_and_update(self, password: str | bytes, hash: str | bytes) -> tuple[bool, str | None]:
        """Verify a password."""
        with self.watch("verify"):
            return super().verify_and_update(password, hash)


def test_hashing_is_bounded(client: Client) -> None:
    watched = Watched()
    passwords = Passwords(watched, at_once=2)
    client.portal.call(hash_and_verify, passwords, 6, 0)
    client.portal.call(hash_and_verify, passwords, 0, 12)
    assert watched.most == {"hash": 1, "verify": 2, "all": 2}

    client.portal.call(hash_and_verify, passwords, 6, 12)
    assert watched.most == {"hash": 1, "verify": 2, "all": 2}


def test_users_of_the_same_password_have_different_hashes(committing: Client, database: psycopg.Connection) -> None:
    for email in ("ada@example.com", "bob@example.com"):
        committing.post("/users", json=CREDENTIALS | {"email": email})

    rows = database.execute("SELECT DISTINCT password_hash FROM users").fetchall()
    assert len(rows) == 2
    assert all(PASSWORD not in row[0] for row in rows)
