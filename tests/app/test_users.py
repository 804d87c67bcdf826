"""Registering, logging in, and every way of not being let in."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta

import jwt
import pytest
from fastapi.testclient import TestClient

from app.core.config import get_settings

CREDENTIALS = {"email": "ada@example.com", "password": "correct horse"}


def test_register_returns_the_user_without_the_password(client: TestClient) -> None:
    answer = client.post("/users", json=CREDENTIALS)

    assert answer.status_code == 201
    assert answer.json().keys() == {"id", "email", "created_at"}
    assert answer.json()["email"] == "ada@example.com"


def test_email_is_folded_so_that_one_address_is_one_user(client: TestClient) -> None:
    assert client.post("/users", json=CREDENTIALS).status_code == 201

    again = client.post("/users", json=CREDENTIALS | {"email": "ADA@Example.com"})

    assert again.status_code == 409


def test_of_many_racing_registrations_one_wins(client: TestClient) -> None:
    with ThreadPoolExecutor(8) as pool:
        answers = list(pool.map(lambda _: client.post("/users", json=CREDENTIALS).status_code, range(16)))

    assert sorted(answers) == [201] + [409] * 15


@pytest.mark.parametrize(
    "bad",
    [
        {"email": "ada"},
        {"email": "a\0@example.com"},
        {"password": "short"},
        {"password": "x" * 1025},
        {"password": None},
    ],
    ids=["no address", "a NUL", "short", "long", "null"],
)
def test_bad_registrations_are_refused(client: TestClient, bad: dict[str, object]) -> None:
    assert client.post("/users", json=CREDENTIALS | bad).status_code == 422


def test_me_is_who_logged_in(ada: TestClient) -> None:
    assert ada.get("/users/me").json()["email"] == "ada@example.com"


@pytest.mark.parametrize(
    "form", [("ada@example.com", "wrong horse"), ("bob@example.com", "correct horse"), ("\0", "x")]
)
def test_wrong_password_and_unknown_user_look_the_same(client: TestClient, form: tuple[str, str]) -> None:
    client.post("/users", json=CREDENTIALS)

    answer = client.post("/users/token", data={"username": form[0], "password": form[1]})

    assert answer.status_code == 401
    assert answer.json() == {"detail": "E-mail or password is wrong."}
    assert answer.headers["WWW-Authenticate"] == "Bearer"


def claims(**changed: object) -> dict[str, object]:
    now = datetime.now(UTC)
    return {"sub": "1", "iat": now, "exp": now + timedelta(minutes=5), "jti": "x"} | changed


def signed(payload: dict[str, object], key: str | None = None, algorithm: str = "HS256") -> str:
    return jwt.encode(payload, key or get_settings().secret_key_fastapi_auth.get_secret_value(), algorithm)


@pytest.mark.parametrize(
    "make",
    [
        lambda: "",
        lambda: "nonsense",
        lambda: signed(claims(), key="another key of at least 32 bytes...."),
        lambda: signed(claims(), key="k" * 64, algorithm="HS512"),
        lambda: jwt.encode(claims(), None, "none"),
        lambda: signed(claims(exp=datetime.now(UTC) - timedelta(seconds=1))),
        lambda: signed(claims(sub="2147483647")),
        lambda: signed(claims(sub="99999999999999999999")),
        lambda: signed(claims(sub="ada")),
        lambda: signed({k: v for k, v in claims().items() if k != "exp"}),
    ],
    ids=["none", "nonsense", "key", "algorithm", "unsigned", "expired", "gone", "huge", "no number", "everlasting"],
)
def test_a_token_that_is_not_ours_is_401(client: TestClient, make: Callable[[], str]) -> None:
    answer = client.get("/users/me", headers={"Authorization": f"Bearer {make()}"})

    assert answer.status_code == 401
    assert answer.headers["WWW-Authenticate"] == "Bearer"


def test_a_missing_token_is_401(client: TestClient) -> None:
    answer = client.get("/posts")

    assert answer.status_code == 401
    assert answer.headers["WWW-Authenticate"] == "Bearer"
