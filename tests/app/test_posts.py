"""Creating, reading, listing, searching, changing and deleting posts."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

import psycopg
import pytest

from app.core import etags
from tests.app.support import Client, a_user

POST = {"title": "On engines", "content": "They weave algebraic patterns. äöü € 🚀"}
HUGE = 9_223_372_036_854_775_807


def post(by: Client, **changed: str) -> dict[str, object]:
    answer = by.post("/posts", json=POST | changed)
    assert answer.status_code == 201, answer.text
    created: dict[str, object] = answer.json()
    return created


def titles(by: Client, **query: object) -> list[str]:
    answer = by.get("/posts", params={key: str(value) for key, value in query.items()})
    assert answer.status_code == 200, answer.text
    return [item["title"] for item in answer.json()["items"]]


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


@pytest.mark.parametrize(
    ("if_match", "status"),
    [
        (lambda etag: etag, 204),
        (lambda etag: "*", 204),
        (lambda etag: f'"x", {etag} ,"y"', 204),
        (lambda etag: etag.replace('"1-', '"2-'), 412),
        (lambda etag: f"W/{etag}", 412),
        (lambda etag: etag.strip('"'), 412),
        (lambda etag: "", 412),
        (lambda etag: etag.replace('"1-', '"' + "9" * 40 + "-"), 412),
        (lambda etag: etag.replace("1-", "²-"), 412),
        (lambda etag: '""', 412),
    ],
    ids=["its", "any", "a list", "another", "weak", "unquoted", "empty", "huge", "no digit", "empty tag"],
)
def test_if_match_lets_only_the_expected_version_through(
    ada: Client, if_match: Callable[[str], str], status: int
) -> None:
    created = ada.post("/posts", json=POST)
    path, header = created.headers["Location"], {b"If-Match": if_match(created.headers["ETag"]).encode()}

    if status == 412:
        assert ada.put(path, json=POST, headers=header).status_code == 412
    assert ada.delete(path, headers=header).status_code == status


def test_of_two_who_change_the_same_version_one_is_told(committing: Client) -> None:
    ada = a_user(committing, "ada@example.com")
    created = ada.post("/posts", json=POST)
    header = {"If-Match": created.headers["ETag"]}

    def change(n: int) -> int:
        return ada.put(created.headers["Location"], json=POST | {"title": f"{n}"}, headers=header).status_code

    with ThreadPoolExecutor(8) as pool:
        assert sorted(pool.map(change, range(8))) == [200] + [412] * 7


@pytest.mark.parametrize("path", ["/posts", "/posts?limit=1", "one"])
def test_a_reader_who_has_it_is_told_that_it_still_holds(ada: Client, path: str) -> None:
    where = f"/posts/{post(ada)['id']}" if path == "one" else path
    first = ada.get(where)
    etag = first.headers["ETag"]

    for held in (etag, f'"x", {etag}', f"W/{etag}", "*"):
        again = ada.get(where, headers={"If-None-Match": held})
        assert (again.status_code, again.content, again.headers["ETag"]) == (304, b"", etag)
    assert ada.get(where, headers={"If-None-Match": '"x"'}).json() == first.json()
    assert first.headers["Cache-Control"] == "private, no-cache"


def test_a_list_that_has_changed_has_another_etag(ada: Client) -> None:
    empty = ada.get("/posts").headers["ETag"]
    post(ada)

    assert ada.get("/posts", headers={"If-None-Match": empty}).status_code == 200


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


def test_if_match_is_bounded(ada: Client) -> None:
    path = ada.post("/posts", json=POST).headers["Location"]

    assert ada.delete(path, headers={"If-Match": ", ".join(['"1-00000000"'] * 70)}).status_code == 204
    assert ada.delete(path, headers={"If-Match": ", ".join(['"1-00000000"'] * 80)}).status_code == 422


@pytest.mark.parametrize("key", ["", " ", "ä", "x" * 256, "a b"])
def test_bad_keys_are_refused(ada: Client, key: str) -> None:
    assert ada.post("/posts", json=POST, headers={b"Idempotency-Key": key.encode()}).status_code == 422


@pytest.mark.parametrize("method", ["GET", "POST"])
def test_posts_need_a_token(client: Client, method: str) -> None:
    assert client.request(method, "/posts").status_code == 401
    assert client.another(Authorization="Bearer x").request(method, "/posts").status_code == 401


def test_versions_of_if_match_are_read() -> None:
    assert etags.versions(None) is None
    one, other = (etags.of_version(version, "id,title") for version in (1, 22))
    assert etags.versions(f" {one} , {other}") == {1, 22}


def test_an_etag_says_which_fields_are_shown() -> None:
    assert etags.of_version(1, "id,title") != etags.of_version(1, "id,title,content")
    assert etags.versions(etags.of_version(1, "id")) == {1}  # a change is of the row, however it is shown
