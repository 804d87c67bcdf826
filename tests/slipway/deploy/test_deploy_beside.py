"""What a plan says of the images beside the releases, and what the ledger keeps of them."""

from dataclasses import replace

import pytest

from slipway.deploy import beside, ledger
from slipway.deploy.facts import Facts, Options, is_nothing
from slipway.deploy.plan import rows
from slipway.deploy.source import Candidate
from slipway.runtime.beside import LeftBehind
from slipway.runtime.release import DATABASE, PROXY, Beside
from slipway.schema.answers import State
from tests.slipway.deploy.support import SETTINGS, a_release, entry

A, B, C = (f"sha256:{digit * 64}" for digit in "abc")
ID, OTHER = f"sha256:{'1' * 64}", f"sha256:{'2' * 64}"
SHORT_A, SHORT_B, SHORT_C = (one[:19] for one in (A, B, C))

POSTGRES = Beside(DATABASE, "postgres:17", (A, ID), (A, ID))
CADDY = Beside(PROXY, "caddy:2", (ID,), (ID,))
MOVED = replace(POSTGRES, means=(B, OTHER))
MOVED_CADDY = replace(CADDY, means=(C, OTHER))


@pytest.fixture
def facts() -> Facts:
    """Give what there is when nothing has changed since release `a` was deployed."""
    before = entry("a", settings=SETTINGS, beside={"postgres:17": A, "caddy:2": ID})
    return Facts(
        live=a_release("a"), entries=(before,), database=True, reference="shop:a",
        image=Candidate("shop:a", "sha256:shop:a", ""), schema=State(at=("0002",)), salt="s", settings=SETTINGS,
        same=True, proxy="", configuration=("text", "text"), beside=(POSTGRES, CADDY),
    )  # fmt: skip


def test_where_nothing_has_changed_there_is_one_row_more(facts: Facts) -> None:
    for options in (Options(), Options(recreate_database=True, recreate_proxy=True)):
        assert is_nothing(facts, options)
        assert rows(facts, options)[1:] == [("images", f"postgres:17 {SHORT_A}, caddy:2 {ID[:19]} (id)")]
    force = Options(force=True)
    without = dict(rows(replace(facts, beside=()), force))
    assert dict(rows(facts, force)) == without | {"images": beside.line(facts.beside)}


def test_a_container_that_was_made_anew_by_somebody_else_is_told(facts: Facts) -> None:
    found = dict(rows(replace(facts, beside=(replace(POSTGRES, runs=(B, OTHER), means=()), CADDY)), Options()))
    assert found["changed"] == f"postgres:17 has changed: {SHORT_A} -> {SHORT_B}"
    assert list(found) == ["nothing", "images", "changed"]
    newer = replace(POSTGRES, image="postgres:18")
    assert dict(rows(replace(facts, beside=(newer,)), Options()))["changed"] == f"postgres:18 is new: {SHORT_A}"


def test_an_image_is_the_same_by_any_of_its_names(facts: Facts) -> None:
    ledger_has_the_id = {"postgres:17": ID}
    assert beside.changed((POSTGRES,), ledger_has_the_id) == ""  # pulled since it was loaded: it has a digest as well
    assert beside.changed((replace(POSTGRES, runs=(C, A, ID)),), {"postgres:17": A}) == ""
    assert beside.changed((POSTGRES,), {}) == ""  # an older version has noted nothing
    assert beside.changed((replace(POSTGRES, image=f"postgres:17@{A}"),), {"postgres:17": A}) == ""


def test_a_tag_that_means_another_image_changes_nothing_unless_told(facts: Facts) -> None:
    moved = replace(facts, beside=(MOVED, MOVED_CADDY))
    assert is_nothing(moved, Options())
    for options in (Options(), Options(force=True)):
        found = dict(rows(moved, options))
        assert found["database"] == (
            f"stays as it was made; its tag means another image by now (postgres:17 {SHORT_A} -> {SHORT_B}): "
            "./inv deploy --recreate-database, which takes it away for some seconds"
        )
        assert found["proxy"] == (
            f"stays as it was made; its tag means another image by now (caddy:2 {ID[:19]} (id) -> {SHORT_C}): "
            "./inv deploy --recreate-proxy; connections are cut for one to three seconds then"
        )
        assert "changed" not in found
    told = dict(rows(replace(moved, configuration=("before", "after")), Options()))["proxy"]
    assert told.startswith("takes the changed Caddyfile; connections that are idle are closed; stays as it was made;")


def test_a_tag_that_has_moved_is_taken_up_when_told(facts: Facts) -> None:
    found = dict(rows(replace(facts, beside=(MOVED, CADDY)), Options(recreate_database=True)))
    assert found["database"] == (
        f"made anew, as its tag means another image by now (postgres:17 {SHORT_A} -> {SHORT_B}): away for some "
        "seconds, 503 meanwhile"
    )
    assert found["steps"] == "make the database's container anew, the release stays"
    found = dict(rows(replace(facts, beside=(POSTGRES, MOVED_CADDY), proxy="recreate"), Options(recreate_proxy=True)))
    assert found["proxy"] == (
        f"made anew, as its tag means another image by now (caddy:2 {ID[:19]} (id) -> {SHORT_C}): connections are cut "
        "for one to three seconds"
    )


def test_what_is_defined_otherwise_says_which_image_comes_with_it(facts: Facts) -> None:
    pinned = replace(POSTGRES, image=f"postgres:17@{A}", wanted=f"postgres:17@{B}", means=())  # it is not pulled yet
    caddy = replace(CADDY, wanted="caddy:3", means=(C, OTHER))
    found = dict(rows(replace(facts, beside=(pinned, caddy), outdated=True, proxy="recreate"), Options()))
    assert found["database"].startswith(
        f"stays as it was made; what defines it has changed since (postgres:17 {SHORT_A} -> {SHORT_B}): ./inv deploy "
    )
    assert found["proxy"].startswith(
        "made anew, as its variables (DOMAIN, TRUSTED_PROXIES, ports, ...) or Compose files changed "
        f"(caddy:2 {ID[:19]} (id) -> caddy:3 {SHORT_C}): connections"
    )


@pytest.mark.parametrize(
    ("one", "said"),
    [
        (None, ""),
        (POSTGRES, ""),
        (replace(POSTGRES, means=()), ""),  # its tag was removed from the engine
        (replace(POSTGRES, wanted="postgres:17"), ""),
        (replace(POSTGRES, wanted="postgres:17", means=()), ""),
        (replace(POSTGRES, wanted=f"postgres:17@{A}", means=()), ""),  # what runs, named by its digest
        (replace(POSTGRES, wanted="postgres:17", means=(B, OTHER)), f"postgres:17 {SHORT_A} -> {SHORT_B}"),
        (replace(POSTGRES, wanted="p:18", means=()), f"postgres:17 {SHORT_A} -> p:18 not on the engine yet"),
        (replace(POSTGRES, wanted="r/postgres:17"), ""),  # the same under another name
    ],
)  # fmt: skip
def test_which_image_comes(one: Beside | None, said: str) -> None:
    assert beside.coming(one) == said


def test_the_ledger_keeps_them_and_reads_entries_without_them() -> None:
    noted = beside.noted((replace(POSTGRES, image=f"postgres:17@{A}"), CADDY))
    assert noted == {"postgres:17": A, "caddy:2": ID}
    one = entry("a", beside=noted)
    assert ledger.parse(one.line()) == [one]
    older = one.line().replace('"beside"', '"of-a-newer-version"')
    assert ledger.parse(older) == [replace(one, beside={})]


def test_a_database_that_is_left_behind_is_told_whatever_there_is_to_do(facts: Facts) -> None:
    left = replace(facts, left=LeftBehind("shop-prod-db-1", ("web-a", "web-b")))
    said = dict(rows(left, Options()))
    assert said["nothing"]
    assert said["database"] == (
        "is elsewhere; shop-prod-db-1 goes on; web-a, web-b would need it again. When nothing needs it any more: "
        "docker stop shop-prod-db-1 (its data stays, docker start brings it back)"
    )
    assert dict(rows(left, Options(force=True)))["database"] == said["database"]
    alone = dict(rows(replace(facts, left=LeftBehind("shop-prod-db-1")), Options()))["database"]
    assert alone.startswith("is elsewhere; shop-prod-db-1 goes on. When")
