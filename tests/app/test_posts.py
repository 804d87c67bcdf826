"""Creating and listing posts."""

import psycopg
import pytest
from fastapi.testclient import TestClient

POST = {"title": "On engines", "content": "They weave algebraic patterns. äöü €"}


def test_a_created_post_is_committed_and_listed(ada: TestClient, database: psycopg.Connection) -> None:
    created = ada.post("/posts", json=POST)

    assert created.status_code == 201
    row = database.execute("SELECT title, content FROM posts WHERE id = %s", [created.json()["id"]]).fetchone()
    assert row == (POST["title"], POST["content"])
    assert ada.get("/posts").json() == {"items": [created.json()], "next": None}


def test_pages_go_from_the_newest_to_the_oldest_without_gaps(ada: TestClient) -> None:
    made = [ada.post("/posts", json=POST | {"title": f"Post {n}"}).json()["id"] for n in range(5)]

    seen, cursor = [], None
    for _ in range(3):
        page = ada.get("/posts", params={"limit": 2} | ({"before": cursor} if cursor else {})).json()
        seen += [post["id"] for post in page["items"]]
        cursor = page["next"]

    assert seen == made[::-1]
    assert cursor is None


@pytest.mark.parametrize(
    "query", ["limit=0", "limit=-1", "limit=101", "limit=" + "9" * 30, "limit=x", "before=0", "before=" + "9" * 30]
)
def test_bad_pages_are_refused(ada: TestClient, query: str) -> None:
    assert ada.get(f"/posts?{query}").status_code == 422


@pytest.mark.parametrize(
    "bad",
    [
        {"title": ""},
        {"title": "x" * 201},
        {"title": "a\0b"},
        {"content": "a\0b"},
        {"content": "x" * 20_001},
        {"content": 1},
    ],
    ids=["empty", "long title", "NUL in title", "NUL in content", "long content", "a number"],
)
def test_bad_posts_are_refused(ada: TestClient, bad: dict[str, object]) -> None:
    assert ada.post("/posts", json=POST | bad).status_code == 422


def test_posting_needs_a_token(client: TestClient) -> None:
    assert client.post("/posts", json=POST).status_code == 401
