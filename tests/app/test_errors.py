"""Every error is a problem (RFC 9457), and no input is a 500."""

from collections.abc import AsyncIterator

import httpx2
import psycopg
import pytest
from fastapi.testclient import TestClient
from sqlalchemy.exc import InterfaceError, OperationalError

from app.core.config import get_settings
from app.core.db import Database
from app.core.security import Passwords
from app.core.turns import Busy, Turns
from app.main import MAX_BODY, create_app
from tests.app.support import CHEAP, Client

USER = b'{"email": "grace@example.com", "password": "correct horse"}'


def is_problem(answer: httpx2.Response, status: int) -> bool:
    """Say whether an answer is a problem with this status."""
    body = answer.json()
    headers = answer.headers
    assert headers["Content-Type"] == "application/problem+json"
    assert body["status"] == answer.status_code == status, body
    assert body["request_id"] == headers["X-Request-ID"]
    return bool(body["type"] == "about:blank" and body["title"] and body["detail"])


@pytest.mark.parametrize(
    ("method", "path", "status"),
    [
        ("GET", "/nowhere", 404),
        ("GET", "/users/", 404),
        ("GET", "/%00", 404),
        ("GET", "/%ff%fe", 404),
        ("GET", "/" + "x" * 8000, 404),
        ("PUT", "/users", 405),
        ("GET", "/users", 405),
        ("BREW", "/users", 405),
        ("POST", "/health/live", 405),
        ("GET", "/users/me", 401),
        ("GET", "/docs/nothing.js", 404),
        ("GET", "/docs/..%2fmain.py", 404),
        ("GET", "/metrics", 404),
    ],
)
def test_what_the_framework_refuses_is_a_problem_too(client: Client, method: str, path: str, status: int) -> None:
    answer = client.request(method, path)

    assert is_problem(answer, status)
    assert status != 405 or answer.headers["Allow"]


@pytest.mark.parametrize(
    ("body", "status"),
    [
        (b"", 422),
        (b"{", 422),
        (b"null", 422),
        (b"[]", 422),
        (b'"x"', 422),
        (b"\xff\xfe{\0}\0", 422),
        (b'{"email": "\xff"}', 400),
        (b'{"email": "\\ud800", "password": "correct horse"}', 422),
        (b'{"email": "a@example.com", "password": NaN}', 422),
        (b'{"email": "a@example.com", "password": 1e999}', 422),
        (b'{"email": "a@example.com", "password": ' + b"9" * 5000 + b"}", 400),
        (b"[" * 100_000, 400),
        (b'{"email": ' + b'{"a":' * 50_000 + b"1" + b"}" * 50_001, 400),
    ],
    ids=[
        "nothing", "half", "null", "list", "string", "UTF-16", "no UTF-8", "surrogate", "NaN", "infinity",
        "long number", "deep", "deep and closed",
    ],
)  # fmt: skip
def test_bodies_that_cannot_be_read_are_refused(client: Client, body: bytes, status: int) -> None:
    assert is_problem(client.post("/users", content=body, headers={"Content-Type": "application/json"}), status)


@pytest.mark.parametrize(
    "kind",
    [
        None, "", "text/plain", "text/json", "application/xml", "application/octet-stream",
        "application/x-www-form-urlencoded", "multipart/form-data", "x" * 500, "\x80",
    ],
)  # fmt: skip
def test_another_kind_of_body_is_415(client: Client, kind: str | None) -> None:
    headers = {} if kind is None else {b"Content-Type": kind.encode("latin-1")}

    assert is_problem(client.post("/users", content=USER, headers=headers), 415)


@pytest.mark.parametrize("kind", ["application/json", "application/json; charset=utf-8", "APPLICATION/JSON"])
def test_json_is_json_however_it_is_written(client: Client, kind: str) -> None:
    answer = client.post("/users", content=USER, headers={"Content-Type": kind})

    assert answer.status_code == 201


@pytest.mark.parametrize(
    ("kind", "body", "status"),
    [
        ("application/json", b'{"username": "a", "password": "b"}', 415),
        ("text/plain", b"username=a&password=b", 415),
        ("application/x-www-form-urlencoded", b"", 422),
        ("application/x-www-form-urlencoded", b"username=%ED%A0%80&password=x", 401),
        ("application/x-www-form-urlencoded", b"username=\xff&password=\xfe", 401),
        ("application/x-www-form-urlencoded", b"username=%00&password=%00", 401),
        ("application/x-www-form-urlencoded", b"&".join([b"a=b"] * 2000), 400),
        ("multipart/form-data", b"x", 400),
        ("multipart/form-data; boundary=x", b"x", 400),
        ("multipart/form-data; boundary=x", b"--x--", 422),
    ],
)
def test_forms_that_are_no_login(client: Client, kind: str, body: bytes, status: int) -> None:
    answer = client.post("/users/token", content=body, headers={"Content-Type": kind})

    assert is_problem(answer, status)


@pytest.mark.parametrize("path", ["/users", "/nowhere", "/health/live", "/users/token"])
def test_a_body_that_is_too_large_is_refused(ada: Client, path: str) -> None:
    answer = ada.post(path, content=b"x" * (10 * MAX_BODY), headers={"Content-Type": "application/json"})

    assert is_problem(answer, 413)


async def chunks(total: int) -> AsyncIterator[bytes]:
    for _ in range(total // 65_536):
        yield b" " * 65_536


@pytest.mark.parametrize(("total", "status"), [(10 * MAX_BODY, 413), (MAX_BODY, 422)])
def test_a_body_of_unannounced_size_is_counted(ada: Client, total: int, status: int) -> None:
    answer = ada.post("/users", content=chunks(total), headers={"Content-Type": "application/json"})

    assert is_problem(answer, status)


@pytest.mark.parametrize("path", ["/", "/health/live", "/users/me", "/nowhere", "/docs/page.js"])
def test_head_is_get_without_the_content(ada: Client, path: str) -> None:
    get, head = ada.get(path), ada.head(path)

    assert (head.status_code, head.content) == (get.status_code, b"")
    assert head.headers["Content-Length"] == get.headers["Content-Length"]
    assert head.headers["Content-Type"] == get.headers["Content-Type"]


@pytest.mark.parametrize("length", ["abc", "-1", "1e3", ""])
def test_a_length_that_is_no_number(ada: Client, length: str) -> None:
    assert ada.get("/users/me", headers={"Content-Length": length}).status_code == 200


@pytest.mark.parametrize(("path", "allowed"), [("/users", "POST"), ("/users/me", "GET, HEAD")])
def test_405_names_all_methods_of_the_path(client: Client, path: str, allowed: str) -> None:
    assert client.options(path).headers["Allow"] == allowed


def test_invalid_input_is_not_repeated(client: Client) -> None:
    answer = client.post("/users", json={"email": "ada@example.com", "password": ["secret-word"]})

    assert is_problem(answer, 422)
    assert "secret-word" not in answer.text
    assert answer.json()["errors"][0].keys() == {"type", "loc", "msg"}


def test_a_mistake_is_a_problem_and_says_nothing_else(client: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*_: object) -> None:
        raise RuntimeError("the secret of the database")

    monkeypatch.setattr(type(client.app.state.database), "connect", fail)
    answer = client.post("/users/token", data={"username": "ada@example.com", "password": "x"})

    assert is_problem(answer, 500)
    assert "secret" not in answer.text


@pytest.mark.parametrize(
    "error",
    [OperationalError("", None, Exception("gone")), InterfaceError("", None, Exception("gone")), Busy()],
    ids=["server gone", "connection closed", "no connection free"],
)
def test_a_database_that_is_away_is_503(ada: Client, monkeypatch: pytest.MonkeyPatch, error: Exception) -> None:
    def fail(*_: object) -> None:
        raise error

    monkeypatch.setattr(type(ada.app.state.database), "connect", fail)
    answer = ada.get("/users/me")

    assert is_problem(answer, 503)
    assert int(answer.headers["Retry-After"]) > 0


@pytest.mark.parametrize(
    ("error", "detail"),
    [(psycopg.errors.QueryCanceled(), "could not"), (psycopg.errors.AdminShutdown(), "away"),
     (psycopg.errors.TooManyConnections(), "away"), (psycopg.OperationalError("refused"), "away")],
)  # fmt: skip
def test_503_says_whether_the_database_is_away(
    ada: Client, monkeypatch: pytest.MonkeyPatch, error: Exception, detail: str
) -> None:
    def fail(*_: object) -> None:
        raise OperationalError("", None, error)

    monkeypatch.setattr(type(ada.app.state.database), "connect", fail)

    assert detail in ada.get("/users/me").json()["detail"]


def test_who_waits_too_long_is_told_and_ready_is_ready(
    application: Client, ada: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    state = application.app.state
    database = Database(state.settings)
    monkeypatch.setattr(state, "database", database)
    monkeypatch.setattr(database, "_connections", Turns("test", 0, patience=0.01))

    assert is_problem(ada.get("/users/me"), 503)
    assert ada.get("/health/ready").status_code == 200


def test_without_a_database_the_service_answers() -> None:
    settings = get_settings().model_copy(update={"database_port": 1})
    app = create_app(settings, Passwords(CHEAP))
    with TestClient(app) as test:
        assert test.portal
        client = Client(app, test.portal)
        assert client.get("/health/live").status_code == 200
        assert client.get("/").status_code == 200
        ready = client.get("/health/ready")
        assert (ready.status_code, ready.json()) == (503, {"status": "unavailable", "database": "away"})
        assert is_problem(client.post("/users", json={"email": "a@example.com", "password": "12345678"}), 503)


def test_the_document_says_which_problems_there_are(client: Client) -> None:
    document = client.get("/openapi.json").json()
    responses = {
        status: response
        for path in document["paths"].values()
        for operation in path.values()
        for status, response in operation["responses"].items()
        if status[0] in "4d"
    }

    assert responses.keys() >= {"401", "409", "422", "429", "default"}
    for response in responses.values():
        assert response["content"].keys() == {"application/problem+json"}
    assert document["components"]["schemas"].keys() >= {"Problem", "InvalidField"}
    assert "HTTPValidationError" not in document["components"]["schemas"]
