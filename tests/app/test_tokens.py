"""Access tokens, refresh tokens, and every way of not being let in."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from threading import Event
from typing import Any

import jwt
import psycopg
import pytest
from anyio import to_thread

from app.core.config import get_settings
from app.core.security import create_access_token
from app.users import tokens
from tests.app.support import DATABASE, PASSWORD, Client, a_user, connect, log_in, wait_for

INVALID = 'Bearer realm="api", error="invalid_token"'


def claims(**changed: object) -> dict[str, object]:
    now = datetime.now(UTC)
    return {"sub": "1", "iat": now, "exp": now + timedelta(minutes=5), "jti": "x"} | changed


def signed(payload: dict[str, object], key: str | None = None, algorithm: str = "HS256") -> str:
    return jwt.encode(payload, key or get_settings().secret_key_fastapi_auth.get_secret_value(), algorithm)


def tampered() -> str:
    header, payload, signature = signed(claims()).split(".")
    return f"{header}.{payload}.{signature[:-4]}AAAA"


def without(claim: str) -> str:
    return signed({name: value for name, value in claims().items() if name != claim})


@pytest.mark.parametrize(
    "make",
    [
        lambda: "nonsense",
        lambda: "a.b.c",
        lambda: signed(claims(), key="another key of at least 32 bytes...."),
        lambda: signed(claims(), key="k" * 64, algorithm="HS512"),
        lambda: jwt.encode(claims(), None, "none"),
        lambda: jwt.encode(claims(), None, "none").rstrip(".") + ".AAAA",
        tampered,
        lambda: signed(claims(exp=datetime.now(UTC) - timedelta(seconds=1))),
        lambda: signed(claims(exp="soon")),
        lambda: signed(claims(sub=str(2**63 - 1))),
        lambda: signed(claims(sub=str(2**63))),
        lambda: signed(claims(sub="9" * 5000)),
        lambda: signed(claims(sub="-1")),
        lambda: signed(claims(sub="0")),
        lambda: signed(claims(sub="ada")),
        lambda: signed(claims(sub="")),
        *(lambda claim=claim: without(claim) for claim in ("sub", "iat", "exp", "jti")),
    ],
    ids=[
        "nonsense", "three parts", "key", "key and algorithm", "none", "none with signature", "tampered",
        "expired", "no time", "gone", "huge", "very huge", "negative", "zero", "no number", "empty",
        "no sub", "no iat", "no exp", "no jti",
    ],
)  # fmt: skip
def test_a_token_that_is_not_ours_is_401(client: Client, make: Callable[[], str]) -> None:
    answer = client.get("/users/me", headers={"Authorization": f"Bearer {make()}"})

    assert answer.status_code == 401
    assert answer.headers["WWW-Authenticate"] == INVALID


@pytest.mark.parametrize("header", [None, "", "Bearer", "Basic YTpi", "Bearer \xff", "x" * 8000])
def test_without_a_token_it_is_401(client: Client, header: str | None) -> None:
    headers = {} if header is None else {b"Authorization": header.encode("latin-1")}
    answer = client.get("/users/me", headers=headers)

    assert answer.status_code == 401
    assert answer.headers["WWW-Authenticate"].startswith("Bearer")


def test_a_token_says_who_since_when_and_until_when() -> None:
    settings = get_settings()
    key = settings.secret_key_fastapi_auth.get_secret_value()
    first, second = (jwt.decode(create_access_token(7, settings), key, ["HS256"]) for _ in range(2))

    assert first.keys() == {"sub", "iat", "exp", "jti"}
    assert first["sub"] == "7"
    assert first["exp"] - first["iat"] == settings.access_token_expire_minutes * 60
    assert first["jti"] != second["jti"]


def test_a_token_that_was_good_is_refused_once_it_has_expired(ada: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    assert ada.get("/users/me").status_code == 200
    monkeypatch.setattr("app.core.security.time", lambda: datetime.now(UTC).timestamp() + 31 * 60)

    assert ada.get("/users/me").status_code == 401


def test_a_login_is_answered_as_oauth_wants_it(client: Client) -> None:
    a_user(client, "ada@example.com")
    answer = client.post("/users/token", data={"username": "ada@example.com", "password": PASSWORD})

    assert answer.json().keys() == {"access_token", "token_type", "expires_in", "refresh_token"}
    assert answer.json()["token_type"] == "bearer"
    assert answer.json()["expires_in"] == get_settings().access_token_expire_minutes * 60
    assert answer.headers["Cache-Control"] == "no-store"


def refresh(client: Client, token: str) -> dict[str, str] | None:
    answer = client.post("/users/token/refresh", json={"refresh_token": token})
    if answer.status_code == 200:
        tokens: dict[str, str] = answer.json()
        return tokens
    assert answer.status_code == 401
    assert answer.headers["WWW-Authenticate"] == INVALID
    return None


@pytest.fixture
def first(client: Client) -> str:
    """Register, log in and give the refresh token."""
    a_user(client, "ada@example.com")
    return str(log_in(client, "ada@example.com")["refresh_token"])


def test_a_refresh_token_gives_the_next_pair(client: Client, first: str) -> None:
    second = refresh(client, first)
    assert second
    third = refresh(client, second["refresh_token"])
    assert third

    assert len({first, second["refresh_token"], third["refresh_token"]}) == 3
    me = client.another(Authorization=f"Bearer {third['access_token']}").get("/users/me")
    assert me.json()["email"] == "ada@example.com"


def test_a_refresh_token_that_is_used_twice_ends_its_family(client: Client, first: str) -> None:
    other_device = log_in(client, "ada@example.com")["refresh_token"]
    second = refresh(client, first)
    assert second

    assert refresh(client, first) is None  # the copy
    assert refresh(client, second["refresh_token"]) is None  # and the one that was good
    assert refresh(client, other_device)  # another login is another family


def test_the_end_of_a_family_is_committed(committing: Client, database: psycopg.Connection) -> None:
    a_user(committing, "ada@example.com")
    token = log_in(committing, "ada@example.com")["refresh_token"]
    refresh(committing, token)
    refresh(committing, token)

    assert database.execute("SELECT count(*) FROM refresh_tokens").fetchone() == (0,)


def test_of_two_refreshes_at_the_same_time_one_wins(committing: Client) -> None:
    a_user(committing, "ada@example.com")
    token = log_in(committing, "ada@example.com")["refresh_token"]

    with ThreadPoolExecutor(8) as pool:
        answers = list(pool.map(lambda _: refresh(committing, token), range(8)))

    (winner,) = (answer for answer in answers if answer)
    assert refresh(committing, winner["refresh_token"]) is None  # the others betrayed the family


@pytest.mark.parametrize("against", ["a copy that is used", "logout"])
def test_a_family_that_ends_during_a_rotation_has_no_survivor(
    committing: Client, monkeypatch: pytest.MonkeyPatch, against: str
) -> None:
    a_user(committing, "ada@example.com")
    old = log_in(committing, "ada@example.com")["refresh_token"]
    current = refresh(committing, old)
    assert current
    rotating, go_on = Event(), Event()
    store = tokens._store

    async def held(*args: Any) -> str:
        rotating.set()
        await to_thread.run_sync(go_on.wait)
        return await store(*args)

    monkeypatch.setattr(tokens, "_store", held)
    with ThreadPoolExecutor(2) as pool:
        rotation = pool.submit(refresh, committing, current["refresh_token"])
        assert rotating.wait(10)
        path = "/users/logout" if against == "logout" else "/users/token/refresh"
        end = pool.submit(committing.post, path, json={"refresh_token": old})
        wait_for(lambda: waiting_for_a_lock() or end.done())
        go_on.set()
        successor = rotation.result()
        assert end.result().status_code in {204, 401}

    assert successor
    assert refresh(committing, successor["refresh_token"]) is None


def waiting_for_a_lock() -> bool:
    with connect(DATABASE) as connection:
        asked = "SELECT 1 FROM pg_stat_activity WHERE wait_event_type = 'Lock' AND datname = current_database()"
        return connection.execute(asked).fetchone() is not None


def test_rotations_copies_and_logouts_at_the_same_time_do_not_lock_each_other_up(committing: Client) -> None:
    a_user(committing, "ada@example.com")
    for _ in range(5):
        first = log_in(committing, "ada@example.com")["refresh_token"]
        second = refresh(committing, first)
        assert second

        def call(path: str, token: str) -> int:
            return committing.post(f"/users/{path}", json={"refresh_token": token}).status_code

        calls = [("token/refresh", first), ("token/refresh", second["refresh_token"]), ("logout", first)] * 2
        with ThreadPoolExecutor(6) as pool:
            answers = set(pool.map(lambda each: call(*each), calls))
        assert answers <= {200, 204, 401}


def test_an_expired_refresh_token_is_refused(committing: Client, database: psycopg.Connection) -> None:
    a_user(committing, "ada@example.com")
    token = log_in(committing, "ada@example.com")["refresh_token"]
    database.execute("UPDATE refresh_tokens SET expires_at = now() - interval '1 second'")

    assert refresh(committing, token) is None


def test_the_database_keeps_no_refresh_token(committing: Client, database: psycopg.Connection) -> None:
    a_user(committing, "ada@example.com")
    token = log_in(committing, "ada@example.com")["refresh_token"]

    rows = database.execute("SELECT digest FROM refresh_tokens").fetchall()
    assert [len(row[0]) for row in rows] == [32]
    assert token.encode() not in rows[0][0]


def test_logout_ends_the_family(client: Client, first: str) -> None:
    second = refresh(client, first)
    assert second
    other_device = log_in(client, "ada@example.com")["refresh_token"]

    assert client.post("/users/logout", json={"refresh_token": second["refresh_token"]}).status_code == 204

    assert refresh(client, second["refresh_token"]) is None
    assert refresh(client, other_device)


@pytest.mark.parametrize("token", ["x", "\0", "ä", "x" * 100])
def test_unknown_refresh_tokens(client: Client, token: str) -> None:
    assert refresh(client, token) is None
    assert client.post("/users/logout", json={"refresh_token": token}).status_code == 204


@pytest.mark.parametrize("body", [{}, {"refresh_token": ""}, {"refresh_token": "x" * 101}, {"refresh_token": 1}, []])
def test_what_is_no_refresh_token_is_refused(client: Client, body: object) -> None:
    assert client.post("/users/token/refresh", json=body).status_code == 422
    assert client.post("/users/logout", json=body).status_code == 422
