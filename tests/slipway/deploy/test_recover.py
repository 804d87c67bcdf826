"""What killed deployments have left behind."""

import pytest

from slipway.core.steps import Steps
from slipway.deploy.history import leading, previous
from slipway.deploy.ledger import parse
from slipway.deploy.recover import Standing, judged, prune, recover, stand
from slipway.runtime.release import NewRelease, Pointer, Release
from tests.slipway.deploy.support import MemoryReleases, entry, web

GOOD, STRAY, UNKNOWN = Standing.GOOD, Standing.STRAY, Standing.UNKNOWN


@pytest.mark.parametrize(
    ("release", "live", "outcomes", "is_a"),  # releases were made in the order of their names
    [
        ("b", "b", {"b": "live"}, GOOD),
        ("a", "b", {"a": "live", "b": "live"}, GOOD),
        ("b", "a", {"a": "live", "b": "live"}, GOOD),  # after a rollback
        ("b", "a", {"a": "live", "b": "flipped back"}, STRAY),
        ("b", "a", {"a": "live"}, STRAY),  # killed before it switched
        ("a", "", {}, STRAY),  # the first
        ("a", "a", {}, UNKNOWN),  # killed before it said so
        ("a", "b", {"b": "live"}, UNKNOWN),  # the ledger was lost
        ("c", "b", {}, UNKNOWN),  # so it was, perhaps after a rollback
    ],
)
def test_what_a_release_is_when_its_deployment_was_killed(
    release: str, live: str, outcomes: dict[str, str], is_a: Standing
) -> None:
    entries = [entry(name, outcome=outcome) for name, outcome in outcomes.items()]
    assert judged(release, live, entries, older=release < live) == is_a


def test_a_deployment_that_was_killed_before_its_switch_leaves_nothing() -> None:
    releases = MemoryReleases().has(entry("a"))
    releases.start(NewRelease("b", "shop:b", "0"))
    recover(Steps(), releases)
    assert releases.done == ["start b", "remove b", "tidied"]
    assert releases.pointer().release == "a"


def test_one_that_was_killed_behind_its_switch_is_live_and_the_old_one_stops() -> None:
    releases = MemoryReleases().has(entry("a"))
    releases.start(NewRelease("b", "shop:b", "0"))
    releases.switch("b", "a", entry("b").line())
    recover(Steps(), releases)
    assert releases.pointer().release == "b"
    assert releases.done[-2:] == ["stop a", "tidied"]
    assert releases.back("ann") == ""  # nothing of it can come late


def test_who_went_back_and_whom_nobody_told_is_noted() -> None:
    releases = MemoryReleases().has(entry("a"))
    releases.start(NewRelease("b", "shop:b", "0"))
    releases.switch("b", "a", entry("b").line())
    releases.back("ann@here")
    recover(Steps(), releases)
    assert {one.release: (one.outcome, one.reason) for one in parse(releases.lines)} == {
        "a": ("live", ""), "b": ("rolled back", "ann@here has rolled it back."),
    }  # fmt: skip
    assert list(releases.there) == ["a"]


def test_a_mark_that_outlived_its_deployment_harms_no_other_release() -> None:
    flipped = entry("c", outcome="rolled back", reason="ann@here has rolled it back.")
    releases = MemoryReleases().has(entry("a"), entry("b"), flipped, live="b")
    releases.pointed = Pointer("b", "ann@here")  # the deployer noted it, and was killed before it removed the mark
    before = releases.lines
    recover(Steps(), releases)
    assert (list(releases.there), releases.lines) == (["a", "b"], before)


def test_all_services_of_a_release_that_is_not_live_are_stopped() -> None:
    releases = MemoryReleases().has(entry("a"), entry("b"))
    releases.there["a"] = Release("a", {"web": (web("a", running=False),), "worker": (web("a"),)})
    recover(Steps(), releases)
    assert releases.done == ["stop a", "tidied"]


def test_a_pointer_that_was_lost_is_what_runs() -> None:
    releases = MemoryReleases().has(entry("a"), entry("b"))
    releases.pointed = Pointer()
    recover(Steps(), releases)
    assert releases.pointer().release == "b"


def test_a_ledger_that_was_lost_is_made_of_what_there_is() -> None:
    releases = MemoryReleases().has(entry("a"), entry("b"))
    releases.lines = ""
    recover(Steps(), releases)
    assert [(one.release, one.reason) for one in parse(releases.lines)] == [
        ("a", "found without an entry"), ("b", "found without an entry"),
    ]  # fmt: skip


def test_what_runs_is_live_where_nothing_is_known() -> None:
    releases = MemoryReleases().has(entry("a"), entry("b"), entry("c"), live="b")  # after a rollback
    releases.pointed, releases.lines = Pointer(), ""
    recover(Steps(), releases)
    assert releases.pointer().release == "b"
    assert list(releases.there) == ["a", "b", "c"]
    # What was made after the live one may have been rolled back from.
    assert [(one.release, one.what) for one in parse(releases.lines)] == [
        ("a", "deploy"), ("b", "deploy"), ("c", "deploy"), ("b", "rollback"),
    ]  # fmt: skip
    assert [one.release for one in leading(parse(releases.lines), "b")] == ["b", "a"]
    assert releases.done == ["point b", "tidied"]
    before = releases.lines
    recover(Steps(), releases)
    assert releases.lines == before


def test_how_a_deployment_stands_is_told_before_it_is_put_in_order() -> None:
    releases = MemoryReleases().has(entry("a"), entry("b"), entry("c"), live="b")
    releases.lines = ""
    now = stand(releases.remembered(), releases.all())
    assert (now.live, [one.release for one in now.entries], releases.done) == ("b", ["a", "b", "c", "b"], [])
    assert previous(now.entries, "b") == now.entries[0]
    recover(Steps(), releases)
    assert stand(releases.remembered(), releases.all()).found == ()


@pytest.mark.parametrize("what", ["deploy", "rollback"])
def test_one_that_was_led_away_from_and_not_noted_was_never_good(what: str) -> None:
    releases = MemoryReleases().has(entry("a"), entry("b"))
    releases.start(NewRelease("c", "shop:c", "0"))
    releases.switch("c", "b", entry("c", what=what).line())
    releases.point("b")  # and then whoever did that was killed
    recover(Steps(), releases)
    assert [one.outcome for one in parse(releases.lines)] == ["live", "live", "flipped back"]
    assert list(releases.there) == ["a", "b"]


def test_nothing_is_left_of_a_first_deployment_that_started_nothing() -> None:
    releases = MemoryReleases().has(entry("a"))
    releases.pointed, releases.lines = Pointer(), ""
    releases.there["a"] = Release("a", {"web": (web("a", running=False),)})
    recover(Steps(), releases)
    assert (releases.done, releases.lines) == (["remove a", "tidied"], "")


def test_what_is_not_kept_goes_with_its_image() -> None:
    releases = MemoryReleases().has(*(entry(name) for name in "abcd"), entry("e", "shop:a"))
    prune(releases, keep=2)
    assert sorted(releases.there) == ["c", "d", "e"]
    assert releases.images.removed == ["shop:b"]  # e needs a's


def test_a_name_that_means_another_image_by_now_is_left_to_whoever_made_that() -> None:
    releases = MemoryReleases().has(*(entry(name) for name in "abc"))
    releases.images.known["shop:a"] = releases.images.add("shop:new")
    prune(releases, keep=1)
    assert sorted(releases.there) == ["b", "c"]
    assert releases.images.removed == []
