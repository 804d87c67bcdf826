"""Pages of posts, and searching them."""

import pytest

from tests.app.posts.support import HUGE, post, titles
from tests.app.support import Client


def test_an_empty_list_is_a_page(ada: Client) -> None:
    assert ada.get("/posts").json() == {"items": [], "next": None}


@pytest.mark.parametrize("limit", [1, 2, 3, 4, 5, 6])
def test_pages_lead_from_the_newest_to_the_oldest(ada: Client, limit: int) -> None:
    made = [post(ada, title=f"Post {n}")["id"] for n in range(5)]

    seen, pages, cursor = [], 0, None
    while pages == 0 or cursor:
        page = ada.get("/posts", params={"limit": limit} | ({"cursor": cursor} if cursor else {})).json()
        seen += [item["id"] for item in page["items"]]
        cursor, pages = page["next"], pages + 1

    assert seen == made[::-1]
    assert pages == -(-5 // limit)  # no empty page at the end


def test_a_page_is_not_moved_by_posts_that_are_added(ada: Client) -> None:
    made = [post(ada)["id"] for _ in range(4)]
    first = ada.get("/posts", params={"limit": 2}).json()
    post(ada)

    second = ada.get("/posts", params={"limit": 2, "cursor": first["next"]}).json()

    assert [item["id"] for item in second["items"]] == [made[1], made[0]]


def test_listed_posts_are_what_was_created(ada: Client) -> None:
    made = [post(ada), post(ada, content="")]

    assert ada.get("/posts").json()["items"] == made[::-1]


def test_a_list_can_be_of_one_author(ada: Client, bob: Client) -> None:
    mine = post(ada, title="Hers")
    post(bob, title="His")

    assert titles(ada) == ["His", "Hers"]
    assert titles(bob, author=mine["owner_id"]) == ["Hers"]
    assert titles(bob, author=HUGE) == []


@pytest.mark.parametrize(
    ("query", "found"),
    [
        ("engine", ["Engine notes"]),
        ("ENGINE", ["Engine notes"]),
        ("weaves", ["Loom"]),
        ("patterns", ["Loom", "Engine notes"]),
        ('"algebraic patterns"', ["Engine notes"]),
        ("engine or loom", ["Loom", "Engine notes"]),
        ("patterns -loom", ["Engine notes"]),
        ("engine loom", []),
        ("nothing", []),
        ("größe", ["Loom"]),
        ("'; DROP TABLE posts; --", []),
        ("%", []),
        ("\\", []),
        (")(&|!:*<->", []),
    ],
)
def test_search_finds_words(ada: Client, query: str, found: list[str]) -> None:
    post(ada, title="Engine notes", content="of algebraic patterns")
    post(ada, title="Loom", content="weaves patterns of any Größe")

    assert titles(ada, q=query) == found


def test_search_goes_with_author_and_pages(ada: Client, bob: Client) -> None:
    for n in range(3):
        post(ada, title=f"Loom {n}")
    post(bob, title="Loom of Bob")
    me = ada.get("/users/me").json()["id"]

    first = ada.get("/posts", params={"q": "loom", "author": me, "limit": 2}).json()

    assert [item["title"] for item in first["items"]] == ["Loom 2", "Loom 1"]
    assert titles(ada, q="loom", author=me, limit=2, cursor=first["next"]) == ["Loom 0"]


@pytest.mark.parametrize(
    "query",
    [
        "limit=0", "limit=-1", "limit=101", "limit=1e2", "limit=", "limit=x", f"limit={10**30}", "limit=%00",
        "cursor=0", "cursor=-1", f"cursor={HUGE + 1}", f"cursor={10**30}", "cursor=x",
        "author=0", f"author={HUGE + 1}", "author=%00",
        "q=", "q=%00", "q=a%00b", "q=" + "x" * 201,
    ],
)  # fmt: skip
def test_bad_queries_are_refused(ada: Client, query: str) -> None:
    answer = ada.get(f"/posts?{query}")

    assert answer.status_code == 422
    assert answer.json()["errors"][0]["loc"] == ["query", query.partition("=")[0]]


@pytest.mark.parametrize("query", [f"cursor={HUGE}", f"author={HUGE}", "limit=100", "limit=1", "q=%ED%A0%80"])
def test_the_bounds_themselves_are_fine(ada: Client, query: str) -> None:
    assert ada.get(f"/posts?{query}").status_code == 200
