"""Creating, reading, changing and deleting posts."""

import psycopg
import pytest

from tests.app.posts.support import HUGE, POST, post, titles
from tests.app.support import Client, a_user


def test_a_created_post_can_be_read_where_it_says(ada: Client) -> None:
    created = ada.post("/posts", json=POST)
    read = ada.get(created.headers["Location"])

    assert created.status_code == 201
    assert created.json() == read.json()
    assert created.headers["ETag"] == read.headers["ETag"]
    assert created.json().keys() == {"id", "owner_id", "title", "content", "created_at", "updated_at"}
    assert {key: created.json()[key] for key in POST} == POST


def test_what_is_acknowledged_is_committed(committing: Client, database: psycopg.Connection) -> None:
    ada = a_user(committing, "ada@example.com")
    created = post(ada)
    once = ada.post("/posts", json=POST, headers={"Idempotency-Key": "once"}).json()

    rows = database.execute("SELECT id, title FROM posts ORDER BY id").fetchall()
    assert rows == [(created["id"], POST["title"]), (once["id"], POST["title"])]


def test_posts_of_a_user_who_is_gone_are_refused(committing: Client, database: psycopg.Connection) -> None:
    ada = a_user(committing, "ada@example.com")
    database.execute("DELETE FROM users")

    assert ada.post("/posts", json=POST).status_code == 401
    assert ada.post("/posts", json=POST, headers={"Idempotency-Key": "once"}).status_code == 401


@pytest.mark.parametrize(
    "bad",
    [
        {"title": ""},
        {"title": "x" * 201},
        {"title": "a\0b"},
        {"title": 1},
        {"title": None},
        {"content": "a\0b"},
        {"content": "x" * 20_001},
        {"content": ["x"]},
    ],
    ids=["empty", "long title", "NUL in title", "a number", "null", "NUL in content", "long content", "a list"],
)
def test_bad_posts_are_refused(ada: Client, bad: dict[str, object]) -> None:
    assert ada.post("/posts", json=POST | bad).status_code == 422
    assert ada.put("/posts/1", json=POST | bad).status_code == 422


@pytest.mark.parametrize("content", ["x" * 20_000, "\U0010ffff" * 20_000, "a\ud7ffb", "\x01\x1f\x7f\u2028\ufffe"])
def test_any_text_comes_back_as_it_was(ada: Client, content: str) -> None:
    assert ada.get(f"/posts/{post(ada, content=content)['id']}").json()["content"] == content


@pytest.mark.parametrize("post_id", ["0", "-1", "x", str(HUGE + 1), "%00", "1.5", "9" * 5000])
def test_bad_ids_are_refused(ada: Client, post_id: str) -> None:
    assert ada.get(f"/posts/{post_id}").status_code == 422
    assert ada.put(f"/posts/{post_id}", json=POST).status_code == 422
    assert ada.delete(f"/posts/{post_id}").status_code == 422


@pytest.mark.parametrize("method", ["GET", "PUT", "DELETE"])
def test_posts_that_are_not_there_are_404(ada: Client, method: str) -> None:
    body = {"json": POST} if method == "PUT" else {}

    assert ada.request(method, f"/posts/{HUGE}", **body).status_code == 404


def test_a_changed_post_is_a_new_version(ada: Client) -> None:
    created = ada.post("/posts", json=POST)
    path = created.headers["Location"]

    changed = ada.put(path, json={"title": "New", "content": "words"}, headers={"If-Match": created.headers["ETag"]})

    assert changed.status_code == 200
    assert changed.json() == ada.get(path).json()
    assert (changed.json()["title"], changed.json()["content"]) == ("New", "words")
    assert changed.headers["ETag"] != created.headers["ETag"]
    assert titles(ada, q="words") == ["New"]
    assert titles(ada, q="engines") == []


def test_a_deleted_post_is_gone(ada: Client) -> None:
    path = f"/posts/{post(ada)['id']}"

    assert ada.delete(path).status_code == 204
    assert ada.get(path).status_code == 404
    assert ada.delete(path).status_code == 404
    assert titles(ada) == []


@pytest.mark.parametrize("method", ["PUT", "DELETE"])
def test_only_the_owner_changes_a_post(ada: Client, bob: Client, method: str) -> None:
    created = post(ada)
    body = {"json": {"title": "Mine now", "content": ""}} if method == "PUT" else {}

    answer = bob.request(method, f"/posts/{created['id']}", **body)

    assert answer.status_code == 403
    assert ada.get(f"/posts/{created['id']}").json() == created


@pytest.mark.parametrize("method", ["GET", "POST"])
def test_posts_need_a_token(client: Client, method: str) -> None:
    assert client.request(method, "/posts").status_code == 401
    assert client.another(Authorization="Bearer x").request(method, "/posts").status_code == 401


@pytest.mark.parametrize(
    "body",
    [
        b'{"title": "\\ud800", "content": ""}',
        b'{"title": "\\udfff\\ud800", "content": ""}',
        b'{"title": "a\\u0000b", "content": ""}',
        b'{"title": "x", "content": NaN}',
        b'{"title": "x", "content": 1e999}',
        b"null",
    ],
    ids=["surrogate", "surrogates", "NUL", "NaN", "infinity", "null"],
)
def test_bodies_that_are_no_post_are_refused(ada: Client, body: bytes) -> None:
    for method, path in (("POST", "/posts"), ("PUT", "/posts/1")):
        answer = ada.request(method, path, content=body, headers={"Content-Type": "application/json"})
        assert answer.status_code == 422


@pytest.mark.parametrize(("path", "allowed"), [("/posts", "GET, HEAD, POST"), ("/posts/1", "DELETE, GET, HEAD, PUT")])
def test_405_names_all_methods_of_posts(client: Client, path: str, allowed: str) -> None:
    assert client.options(path).headers["Allow"] == allowed


def test_the_document_says_which_problems_posts_have(client: Client) -> None:
    operations = client.get("/openapi.json").json()["paths"]["/posts/{post_id}"].values()
    statuses = {status for operation in operations for status in operation["responses"]}

    assert statuses >= {"401", "403", "404", "412", "422"}


@pytest.mark.parametrize("path", ["/posts", "/posts/1"])
def test_without_a_token_no_post_is_shown(client: Client, path: str) -> None:
    assert client.get(path).status_code == 401
