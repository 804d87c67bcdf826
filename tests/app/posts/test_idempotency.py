"""Creations that are repeated with the same Idempotency-Key."""

from concurrent.futures import ThreadPoolExecutor

import psycopg
import pytest

from tests.app.posts.support import POST, titles
from tests.app.support import Client, a_user, clean_up


def test_a_creation_that_is_repeated_makes_no_second_post(ada: Client) -> None:
    key = {"Idempotency-Key": "5d5b7d9e"}
    first = ada.post("/posts", json=POST, headers=key)
    again = ada.post("/posts", json=POST, headers=key)

    assert (again.status_code, again.content) == (201, first.content)
    assert again.headers["Location"] == first.headers["Location"]
    assert len(titles(ada)) == 1
    assert ada.post("/posts", json=POST | {"title": "Another"}, headers=key).status_code == 422
    assert ada.post("/posts", json=POST, headers={"Idempotency-Key": "other"}).json()["id"] != first.json()["id"]


def test_a_repeated_creation_says_what_it_said_even_when_the_post_is_gone(ada: Client) -> None:
    key = {"Idempotency-Key": "5d5b7d9e"}
    first = ada.post("/posts", json=POST, headers=key)
    ada.delete(first.headers["Location"])

    assert ada.post("/posts", json=POST, headers=key).content == first.content
    assert titles(ada) == []


def test_keys_of_two_users_have_nothing_to_do_with_each_other(ada: Client, bob: Client) -> None:
    key = {"Idempotency-Key": "1"}

    assert ada.post("/posts", json=POST, headers=key).json() != bob.post("/posts", json=POST, headers=key).json()


def test_a_refused_creation_leaves_nothing(committing: Client, database: psycopg.Connection) -> None:
    ada = a_user(committing, "ada@example.com")
    for title in ("First", "Second"):
        ada.post("/posts", json=POST | {"title": title}, headers={"Idempotency-Key": "1"})

    assert database.execute("SELECT title FROM posts").fetchall() == [("First",)]
    assert database.execute("SELECT count(*) FROM post_creations WHERE answer IS NULL").fetchone() == (0,)


def test_a_key_is_forgotten_after_a_day(committing: Client, database: psycopg.Connection) -> None:
    ada = a_user(committing, "ada@example.com")
    key = {"Idempotency-Key": "1"}
    first = ada.post("/posts", json=POST, headers=key).json()
    database.execute("UPDATE post_creations SET created_at = now() - interval '25 hours'")

    assert ada.post("/posts", json=POST, headers=key).json()["id"] != first["id"]
    assert database.execute("SELECT count(*) FROM post_creations").fetchone() == (1,)


def test_keys_that_are_forgotten_are_deleted(committing: Client, database: psycopg.Connection) -> None:
    ada = a_user(committing, "ada@example.com")
    for key in ("old", "new"):
        assert ada.post("/posts", json=POST, headers={"Idempotency-Key": key}).status_code == 201
    database.execute("UPDATE post_creations SET created_at = now() - interval '25 hours' WHERE key = 'old'")

    clean_up(committing)
    assert database.execute("SELECT key FROM post_creations").fetchall() == [("new",)]
    assert len(titles(ada)) == 2


def test_of_repetitions_at_the_same_time_one_creates(committing: Client) -> None:
    ada = a_user(committing, "ada@example.com")

    def create(_: int) -> bytes:
        answer = ada.post("/posts", json=POST, headers={"Idempotency-Key": "race"})
        assert answer.status_code == 201
        return answer.content

    with ThreadPoolExecutor(8) as pool:
        answers = set(pool.map(create, range(16)))

    assert len(answers) == 1
    assert len(titles(ada)) == 1


@pytest.mark.parametrize("key", ["", " ", "ä", "x" * 256, "a b"])
def test_bad_keys_are_refused(ada: Client, key: str) -> None:
    assert ada.post("/posts", json=POST, headers={b"Idempotency-Key": key.encode()}).status_code == 422
