"""Versions of a post: If-Match, If-None-Match."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

import pytest

from app.core import etags
from tests.app.posts.support import POST, post
from tests.app.support import Client, a_user


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


def test_if_match_is_bounded(ada: Client) -> None:
    path = ada.post("/posts", json=POST).headers["Location"]

    assert ada.delete(path, headers={"If-Match": ", ".join(['"1-00000000"'] * 70)}).status_code == 204
    assert ada.delete(path, headers={"If-Match": ", ".join(['"1-00000000"'] * 80)}).status_code == 422


def test_versions_of_if_match_are_read() -> None:
    assert etags.versions(None) is None
    one, other = (etags.of_version(version, "id,title") for version in (1, 22))
    assert etags.versions(f" {one} , {other}") == {1, 22}


def test_an_etag_says_which_fields_are_shown() -> None:
    assert etags.of_version(1, "id,title") != etags.of_version(1, "id,title,content")
    assert etags.versions(etags.of_version(1, "id")) == {1}  # a change is of the row, however it is shown
