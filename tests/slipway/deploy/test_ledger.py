"""What the ledger says, and what follows from it."""

from datetime import UTC, datetime

from slipway.deploy.history import rows
from slipway.deploy.ledger import FOUND, Outcome, find, good, migrated, new_release, parse
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


def test_find_takes_the_newest_of_a_name() -> None:
    entries = [entry("a", "registry/team/shop:1.0.0"), entry("b", "shop:1.0.0"), entry("c")]
    assert find(entries, "1.0.0") == entries[1]
    assert find(entries, "registry/team/shop:1.0.0") == entries[0]
    assert find(entries, "c") == entries[2]
    assert find(entries, "1.0") is None


def test_no_two_releases_have_one_name() -> None:
    now = datetime(2026, 11, 24, 23, 59, 59, tzinfo=UTC).timestamp()
    assert new_release([], now) == "20261124t235959"
    assert new_release(["20261124t235959"], now) == "20261125t000000"


def test_a_tag_is_what_people_call_an_image() -> None:
    assert entry("a", "localhost:5000/team/shop:1.2.3").tag == "1.2.3"
    assert entry("a", "shop:1.2.3-dev.1-abc").tag == "1.2.3-dev.1-abc"
    assert entry("a", "sha256:abc").tag == "abc"
    assert entry("a").outcome == Outcome.LIVE


def test_a_migration_without_a_backup_stands_in_the_ledger_and_is_no_release() -> None:
    deployed, noted = entry("a", without_backup=True), {"migrated": ("0002",), "backup": "", "without_backup": True}
    added = migrated(deployed, noted, "somebody")

    entries = parse(deployed.line() + added.line())

    assert entries == [deployed, added]
    assert good(entries) == [deployed]
    (_, second, first) = rows(entries, "a", ["a"])
    assert (first[0], first[1], first[-2]) == ("a", "deploy, no backup", "live")
    assert (second[0], second[1], second[-2]) == ("-", "migrate, no backup", "migrated")
