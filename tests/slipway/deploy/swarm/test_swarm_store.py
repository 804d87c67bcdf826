"""What a deployment remembers on a Swarm: configs, the ledger among them."""

import pytest

from slipway.core.errors import Problem
from slipway.deploy import ledger
from slipway.deploy.swarm import names
from slipway.deploy.swarm.notes import LOGS, SALT, SwarmNotes, superfluous
from slipway.deploy.swarm.store import Store
from slipway.runtime.release import Pointer
from tests.slipway.deploy.support import entry
from tests.slipway.deploy.swarm.in_memory import MemoryApi, api


def store(memory: MemoryApi, holds: bool = True) -> Store:
    return Store(api(memory), "shop-prod", lambda: holds)


def test_lines_of_the_ledger_are_read_in_the_order_in_which_the_swarm_took_them() -> None:
    notes = SwarmNotes(store(MemoryApi()))
    entries = [entry(one) for one in "abc"]
    for one in entries:
        notes.record(one.line())
    assert ledger.parse(notes.ledger()) == entries


def test_who_has_lost_the_lock_writes_nothing_any_more() -> None:
    memory = MemoryApi()
    lost = store(memory, holds=False)
    for write in (lambda: lost.add(names.LEDGER, b"1"), lambda: lost.set(names.RECORD, "a", b"1"), lost.check):
        with pytest.raises(Problem, match="The lock of the deployment was taken away"):
            write()
    assert memory.done == []
    SwarmNotes(lost).record(entry("a").line(), any_lock=True)  # by who goes back while somebody else deploys
    assert len(memory.done) == 1


def test_of_several_that_remove_a_mark_one_is_first() -> None:
    marks = store(MemoryApi())
    assert marks.set(names.MARK, "previous", b"a")
    assert not marks.set(names.MARK, "previous", b"b")
    assert marks.get(names.MARK, "previous") == "a"
    assert [marks.drop(names.MARK, "previous") for _ in range(2)] == [True, False]
    assert marks.get(names.MARK, "previous") == ""


def test_the_ledger_keeps_the_last_line_of_each_of_the_latest_events() -> None:
    memory = MemoryApi()
    of = store(memory)
    for event in ("a", "b", "a", "c"):
        of.add(names.LEDGER, event.encode(), False, **{names.EVENT: event})
    found = of.all(names.LEDGER)
    assert [one.data for one in superfluous(found, 3)] == [b"a"]
    assert {one.data for one in superfluous(found, 2)} == {b"a", b"b"}
    of.remove(*superfluous(found, 2))
    assert [one.data for one in of.all(names.LEDGER)] == [b"a", b"c"]


def test_logs_are_kept_packed_beside_the_last_ones() -> None:
    notes = SwarmNotes(store(MemoryApi()))
    for number in range(LOGS + 2):
        notes.keep_log(f"e{number}", f"log {number}\n")
    assert notes.kept_log("e0") is None
    assert notes.kept_log(f"e{LOGS + 1}") == f"log {LOGS + 1}\n"


def test_names_of_objects_are_short_enough_and_differ() -> None:
    long = "a" * 60
    found = {names.of_object(long, names.RECORD, one) for one in ("20261128t072458", "20261128t072459")}
    assert len(found) == 2
    assert all(len(one) <= names.LONGEST for one in found)


def test_what_secrets_are_hashed_with_is_there_before_any_of_them() -> None:
    memory = MemoryApi()
    notes = SwarmNotes(store(memory))
    notes.agree()
    salt = store(memory).get(names.MARK, SALT)
    notes.agree()
    notes.keep_salt("another")
    assert len(salt) == 32
    assert store(memory).get(names.MARK, SALT) == salt


def test_what_a_newer_slipway_has_written_is_left_alone() -> None:
    notes = Bare(store(MemoryApi()))
    notes.agree()
    notes.agree()
    assert notes.remembered().ledger == ""
    newer = Bare(store(MemoryApi()))
    newer.store.set(names.MARK, "format", b"9 99.0.0")
    for look in (newer.agree, newer.remembered):
        with pytest.raises(Problem, match=r"shop-prod is of format 9, made by Slipway 99.0.0"):
            look()


class Bare(SwarmNotes):
    """Notes of a deployment of which nothing runs."""

    def pointer(self) -> Pointer:
        """Return nothing."""
        return Pointer()

    def configuration(self) -> str:
        """Return nothing."""
        return ""
