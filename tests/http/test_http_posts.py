"""Posts, over HTTP."""

from uuid import uuid4

import httpx2


def a_post(user: httpx2.Client, title: str = "A title") -> httpx2.Response:
    """Create a post."""
    answer = user.post("/posts", json={"title": title, "content": "Some content"})
    assert answer.status_code == 201
    return answer


def test_a_post_is_created_and_read(user: httpx2.Client) -> None:
    created = a_post(user)
    read = user.get(created.headers["Location"])

    assert read.json() == created.json()
    assert (read.json()["title"], read.json()["content"]) == ("A title", "Some content")
    assert read.headers["ETag"] == created.headers["ETag"]


def test_the_newest_comes_first(user: httpx2.Client) -> None:
    older, newer = a_post(user).json(), a_post(user).json()
    listed = user.get("/posts", params={"author": older["owner_id"]}).json()["items"]

    assert listed == [newer, older]


def test_pages_follow_each_other(user: httpx2.Client) -> None:
    made = [a_post(user).json()["id"] for _ in range(3)]
    author = user.get(f"/posts/{made[0]}").json()["owner_id"]
    first = user.get("/posts", params={"author": author, "limit": 2}).json()
    second = user.get("/posts", params={"author": author, "limit": 2, "cursor": first["next"]}).json()

    assert [post["id"] for post in first["items"] + second["items"]] == made[::-1]
    assert second["next"] is None


def test_a_word_is_found(user: httpx2.Client) -> None:
    word = f"w{uuid4().hex}"
    created = a_post(user, f"About {word}").json()

    assert user.get("/posts", params={"q": word}).json()["items"] == [created]


def test_a_post_is_changed(user: httpx2.Client) -> None:
    created = a_post(user)
    path = created.headers["Location"]
    changed = user.put(
        path, json={"title": "Another", "content": "Other"}, headers={"If-Match": created.headers["ETag"]}
    )
    stale = user.put(path, json={"title": "X", "content": "Y"}, headers={"If-Match": created.headers["ETag"]})

    assert (changed.status_code, stale.status_code) == (200, 412)
    assert user.get(path).json()["title"] == "Another"


def test_a_post_is_deleted(user: httpx2.Client) -> None:
    path = a_post(user).headers["Location"]

    assert user.delete(path).status_code == 204
    assert user.get(path).status_code == 404


def test_what_is_somebody_elses_stays(user: httpx2.Client, other: httpx2.Client) -> None:
    path = a_post(user).headers["Location"]

    assert other.get(path).status_code == 200
    assert other.put(path, json={"title": "X", "content": "Y"}).status_code == 403
    assert other.delete(path).status_code == 403


def test_a_key_creates_one_post(user: httpx2.Client) -> None:
    new, headers = {"title": "Once", "content": "Only"}, {"Idempotency-Key": uuid4().hex}
    first = user.post("/posts", json=new, headers=headers)
    again = user.post("/posts", json=new, headers=headers)

    assert (first.status_code, again.status_code) == (201, 201)
    assert first.json() == again.json()
