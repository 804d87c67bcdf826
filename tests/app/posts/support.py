"""What the tests of posts share."""

from tests.app.support import Client

POST = {"title": "On engines", "content": "They weave algebraic patterns. äöü € 🚀"}
HUGE = 9_223_372_036_854_775_807  # the largest id that fits into the column


def post(by: Client, **changed: str) -> dict[str, object]:
    """Create a post, which has to succeed; return it."""
    answer = by.post("/posts", json=POST | changed)
    assert answer.status_code == 201, answer.text
    created: dict[str, object] = answer.json()
    return created


def titles(by: Client, **query: object) -> list[str]:
    """Return the titles of a page of posts."""
    answer = by.get("/posts", params={key: str(value) for key, value in query.items()})
    assert answer.status_code == 200, answer.text
    return [item["title"] for item in answer.json()["items"]]
