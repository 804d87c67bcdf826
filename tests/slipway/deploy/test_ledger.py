"""What the ledger says, and what follows from it."""

from datetime import UTC, datetime

from slipway.deploy.ledger import FOUND, Outcome, find, good, new_release, parse, previous, rows, superfluous
from tests.slipway.deploy.support import entry


def test_a_later_line_of_the_same_event_takes_its_place_and_broken_lines_are_left_out() -> None:
    first, last = entry("a", seconds=1.0), entry("a", seconds=9.5, migrated=("0001",))
    newer = entry("b").line().replace('"event"', '"of-a-newer-version": 1, "event"')
    odd = entry("x").line().replace('"deploy x"', "[]", 1)
    text = first.line() + odd + "{broken\n[1]\n\n" + '{"event": "x"}\n' + newer + last.line() + last.line()[:40]

    assert parse(text) == [last, entry("b")]


def test_what_was_made_of_containers_takes_no_place_of_what_is_known() -> None:
    failed, found = entry("b", outcome="failed"), entry("b", reason=FOUND, event="found b")  # it is live all the same
    entries = [entry("a", digest="sha256:1"), failed]
    older = [entry("a", reason=FOUND, event="found a"), found, entry("c", reason=FOUND, event="found c")]
    text = "".join(one.line() for one in [*entries, *older, entry("d")])

    assert parse(text) == [*entries, found, older[2], entry("d")]


def test_good_are_those_that_were_live_the_last_of_each_the_newest_first() -> None:
    again = entry("a", what="rollback")
    entries = [entry("a"), entry("b"), entry("c", outcome="failed"), again, entry("d", outcome="flipped back")]

    assert good(entries) == [again, entry("b")]


def test_previous_goes_further_back_each_time() -> None:
    entries = [entry("a"), entry("b"), entry("c")]
    assert previous(entries, "c") == entry("b")
    entries.append(entry("b", what="rollback"))
    assert previous(entries, "b") == entry("a")
    assert previous(entries, "a") is None
    assert previous([], "a") is None


def test_previous_passes_over_what_was_the_same() -> None:
    scaled = entry("c", "shop:b", scale=3)
    assert previous([entry("a"), entry("b"), scaled], "c") == entry("a")
    other = entry("c", "shop:b", settings={"LOG_FORMAT": "1234"})
    assert previous([entry("a"), entry("b"), other], "c") == entry("b")


def test_a_release_that_was_made_anew_is_as_old_as_what_it_repeats() -> None:
    anew = entry("d", "shop:b", what="rollback", repeats="b")
    assert previous([entry("a"), entry("b"), entry("c"), anew], "d") == entry("a")


def test_find_takes_the_newest_of_a_name() -> None:
    entries = [entry("a", "registry/team/shop:1.0.0"), entry("b", "shop:1.0.0"), entry("c")]
    assert find(entries, "1.0.0") == entries[1]
    assert find(entries, "registry/team/shop:1.0.0") == entries[0]
    assert find(entries, "c") == entries[2]
    assert find(entries, "1.0") is None


def test_superfluous_are_the_oldest_beside_the_live_one() -> None:
    entries = [entry(name) for name in "abcde"]
    assert [one.release for one in superfluous(entries, "e", 3)] == ["a"]
    assert [one.release for one in superfluous(entries, "a", 3)] == ["b"]
    assert superfluous(entries, "e", 9) == []


def test_rotations_push_no_release_out() -> None:
    rotated = [entry(name, "shop:c", what="rotate KEY") for name in "defg"]
    entries = [entry("a"), entry("b"), entry("c", "shop:c"), *rotated]
    assert [one.release for one in superfluous(entries, "g", 2)] == ["e", "d", "c"]  # f can be gone back to
    assert [one.release for one in superfluous([*entries, entry("h")], "h", 3)] == ["e", "d", "c"]
    assert [one.release for one in superfluous([*entries, entry("h")], "h", 2)] == ["e", "d", "c", "a"]


def test_rows_tell_what_is_live_kept_and_gone() -> None:
    failed = entry("d", outcome="failed", reason="The migration failed")
    entries = [entry("a"), entry("b"), entry("c"), failed, entry("b", what="rollback")]
    found = rows(entries, "b", ["b", "c"])

    assert [row[0] for row in found] == ["RELEASE", "b", "d", "c", "b", "a"]
    assert [row[6] for row in found] == ["IS", "live", "failed", "kept", "was live", "was live"]
    assert [row[7] for row in found] == ["", "", "The migration failed", "", "", ""]
    assert rows([], "", []) == []


def test_no_two_releases_have_one_name() -> None:
    now = datetime(2026, 11, 24, 23, 59, 59, tzinfo=UTC).timestamp()
    assert new_release([], now) == "20261124t235959"
    assert new_release(["20261124t235959"], now) == "20261125t000000"


def test_a_tag_is_what_people_call_an_image() -> None:
    assert entry("a", "localhost:5000/team/shop:1.2.3").tag == "1.2.3"
    assert entry("a", "shop:1.2.3-dev.1-abc").tag == "1.2.3-dev.1-abc"
    assert entry("a", "sha256:abc").tag == "abc"
    assert entry("a").outcome == Outcome.LIVE
