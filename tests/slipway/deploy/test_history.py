"""What was live before what: on ledgers alone."""

from slipway.deploy import history
from slipway.deploy.history import line, previous, rows, superfluous, told
from slipway.deploy.ledger import Entry
from tests.slipway.deploy.support import entry

LETTERS = "abcdefgh"  # releases that have containers


def back(to: str, number: int = 0) -> Entry:
    """Make the entry of a rollback."""
    return entry(to, what="rollback", event=f"rollback {number} {to}")


def names(entries: list[Entry]) -> list[str]:
    """Return the releases of entries."""
    return [one.release for one in entries]


def walk(entries: list[Entry], live: str) -> list[str]:
    """Go back as far as that goes; return where each rollback leads."""
    found = []
    while target := previous(entries, live):
        live = target.release
        entries = [*entries, back(live, len(entries))]
        found.append(live)
    return found


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


def test_superfluous_are_the_oldest_beside_the_live_one() -> None:
    entries = [entry(name) for name in "abcde"]
    assert [one.release for one in superfluous(entries, "e", 3, LETTERS)] == ["a"]
    assert [one.release for one in superfluous(entries, "a", 3, LETTERS)] == ["b"]
    assert superfluous(entries, "e", 9, LETTERS) == []


def test_rotations_push_no_release_out() -> None:
    rotated = [entry(name, "shop:c", what="rotate KEY") for name in "defg"]
    entries = [entry("a"), entry("b"), entry("c", "shop:c"), *rotated]
    assert [one.release for one in superfluous(entries, "g", 2, LETTERS)] == ["e", "d", "c"]  # f can be gone back to
    assert [one.release for one in superfluous([*entries, entry("h")], "h", 3, LETTERS)] == ["e", "d", "c"]
    assert [one.release for one in superfluous([*entries, entry("h")], "h", 2, LETTERS)] == ["e", "d", "c", "a"]


def test_rows_tell_what_is_live_kept_and_gone() -> None:
    failed = entry("d", outcome="failed", reason="The migration failed")
    entries = [entry("a"), entry("b"), entry("c"), failed, entry("b", what="rollback")]
    found = rows(entries, "b", ["b", "c"])

    assert [row[0] for row in found] == ["RELEASE", "b", "d", "c", "b", "a"]
    assert [row[6] for row in found] == ["IS", "live", "failed", "kept", "was live", "was live"]
    assert [row[7] for row in found] == ["", "", "The migration failed", "rolled back from", "", ""]
    assert rows([], "", []) == []


def test_a_release_that_was_rolled_back_from_is_never_gone_back_to() -> None:
    a, b, c = entry("a"), entry("b"), entry("c")
    assert walk([a, b, back("a"), c], "c") == ["a"]
    assert walk([a, b, back("a"), c, entry("d")], "d") == ["c", "a"]


def test_what_a_named_rollback_has_jumped_over_is_rolled_back_from() -> None:
    five = [entry(name) for name in "abcde"]
    entries = [*five, back("b"), entry("f")]
    assert names(line(entries)) == ["a", "b", "f"]
    assert walk(entries, "f") == ["b", "a"]
    # Kept are those that plain rollbacks lead to; then what was live last of the others.
    assert names(superfluous(entries, "f", 3, LETTERS)) == ["d", "c"]
    assert names(superfluous(entries, "f", 1, LETTERS)) == ["a", "e", "d", "c"]


def test_one_that_was_rolled_back_from_and_is_named_comes_after_what_is_live() -> None:
    entries = [entry("a"), entry("b"), back("a"), entry("c"), back("b", 2)]
    assert walk(entries, "b") == ["c", "a"]


def test_kept_is_what_can_be_gone_back_to() -> None:
    entries = [entry("a"), entry("b"), back("a"), entry("c")]  # with keep = 1
    assert names(superfluous(entries, "c", 1, LETTERS)) == ["b"]
    assert previous(entries, "c") == entries[2]


def test_a_release_whose_deployment_failed_or_was_taken_back_was_never_live() -> None:
    entries = [entry("a"), entry("b"), *(entry("c", outcome=how) for how in ("failed", "flipped back", "rolled back"))]
    assert walk(entries, "b") == ["a"]


def test_an_order_that_a_clock_would_give_counts_for_nothing() -> None:
    # The second deployer's clock is behind: its releases have names that are earlier.
    entries = [entry("20261127t120000"), entry("20261127t110500"), entry("20261127t110600")]
    assert walk(entries, "20261127t110600") == ["20261127t110500", "20261127t120000"]
    assert names(superfluous(entries, "20261127t110600", 1, names(entries))) == ["20261127t120000"]


def test_another_definition_is_no_same_release() -> None:
    first, second = entry("a", definition="1"), entry("b", "shop:a", definition="2")
    assert previous([first, second], "b") == first
    assert previous([entry("a"), second], "b") is None  # as far as the ledger knows, they are the same


def test_what_is_the_same_as_one_that_is_kept_is_of_no_use() -> None:
    entries = [entry("a"), *(entry(name, "shop:b", definition="1") for name in "bcd")]
    assert names(superfluous(entries, "d", 1, LETTERS)) == ["c", "b"]
    assert previous(entries, "d") == entries[0]


def test_a_plan_tells_what_is_kept_and_what_goes() -> None:
    entries = [entry("a"), entry("b"), back("a"), entry("c"), entry("d")]
    assert told(entries, "d", 1, "abcd") == "c (c); removed: a (a), b (b)"
    assert told(entries, "d", 3, "abcd") == "c (c), a (a), b (b)"
    assert told(entries, "d", 3, "d") == ""
    assert history.kept(entries, "d", 1, "cd") == ([entry("c")], [])


def test_what_has_no_containers_takes_no_place_of_what_is_kept() -> None:
    entries = [entry(name) for name in "abcdef"]  # and then two rollbacks to d
    entries += [back("e"), back("d"), entry("g")]
    assert superfluous(entries, "g", 3, "defg") == []  # the images of a, b and c stay, if they are there
    assert names(superfluous(entries, "g", 1, "defg")) == ["c", "b", "a", "e", "f"]
    assert history.kept(entries, "g", 3, "defg")[0] == [entries[7], entries[6], entry("f")]


def test_rows_tell_the_truth_of_failures_of_what_was_made_anew_and_of_what_is_down() -> None:
    failed = entry("a", what="rollback", event="rollback 1 a", outcome="failed", reason="It was not ready.")
    entries = [entry("a"), entry("b"), failed]
    assert [row[6] for row in rows(entries, "b", "ab")][1:] == ["failed", "live", "kept"]
    assert [row[6] for row in rows(entries, "", "")][1:] == ["failed", "was live", "was live"]
    anew = entry("c", "shop:a", what="rollback", repeats="a")
    assert [row[7] for row in rows([entry("a"), entry("b"), anew], "c", "bc")][1:] == ["", "rolled back from", ""]
