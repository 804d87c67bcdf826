"""Users, over HTTP."""

import httpx2

from tests.http.support import PASSWORD


def test_the_service_is_ready(client: httpx2.Client) -> None:
    assert client.get("/health/ready").status_code == 200


def test_an_email_is_registered_once(client: httpx2.Client, email: str) -> None:
    created = client.post("/users", json={"email": email, "password": PASSWORD})
    again = client.post("/users", json={"email": email.upper(), "password": PASSWORD})

    assert (created.status_code, created.json()["email"]) == (201, email)
    assert again.status_code == 409


def test_who_am_i(user: httpx2.Client, email: str) -> None:
    assert user.get("/users/me").json()["email"] == email


def test_a_wrong_password_is_refused(client: httpx2.Client, email: str, tokens: dict[str, str]) -> None:
    answer = client.post("/users/token", data={"username": email, "password": "wrong horse battery"})

    assert answer.status_code == 401


def test_a_refresh_token_is_good_once(client: httpx2.Client, tokens: dict[str, str]) -> None:
    old = {"refresh_token": tokens["refresh_token"]}
    first = client.post("/users/token/refresh", json=old)
    second = client.post("/users/token/refresh", json=old)

    assert (first.status_code, second.status_code) == (200, 401)


def test_after_logging_out_nothing_is_refreshed(client: httpx2.Client, tokens: dict[str, str]) -> None:
    old = {"refresh_token": tokens["refresh_token"]}

    assert client.post("/users/logout", json=old).status_code == 204
    assert client.post("/users/token/refresh", json=old).status_code == 401


def test_without_a_token_nothing_is_shown(client: httpx2.Client) -> None:
    assert client.get("/users/me").status_code == 401
