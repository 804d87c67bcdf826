"""Applying revisions, one after the other, each whole or not at all."""

import contextlib
import os
import random
import time
from collections.abc import Iterator, Sequence
from functools import partial
from pathlib import Path

import psycopg
from sqlalchemy.exc import DBAPIError

from slipway.schema import failures, turn
from slipway.schema.answers import Done, Downgraded, Upgraded
from slipway.schema.causes import explained_here
from slipway.schema.database import Connection, NotYet, Refused, connect, heads, noted, variable
from slipway.schema.guard import Guard, end_orphans
from slipway.schema.phases import Live, Revision, decide
from slipway.schema.revisions import ROOM, USUAL, Revisions, refuse_long
from slipway.schema.statements import Limits
from slipway.schema.words import say

AGAIN = {"55P03", "40P01", "40001"}  # lock_timeout, deadlock, serialization
CANCELED = "57014"
DENIED = "42501"  # insufficient_privilege
LONGEST_PAUSE = 10.0  # seconds
NAME, LINE = 10, 65  # characters of a step's name, and of its line before the time, as core/steps.py has them


def upgrade(revisions: Revisions, to: str, live: Sequence[Live], contract: bool, limits: Limits) -> Upgraded:
    """Apply what is pending and may be applied; return what was done.

    Raises Refused when a revision fails, or when this image needs one that may not be applied yet; everything before
    it is applied then.
    """
    with _alone() as beside:
        current = heads(beside)
        pending = revisions.pending(revisions.target(to), current)
        decision = decide(pending, live, contract)
        _refuse_long(beside, revisions, [one.id for one in decision.apply])
        lines = listed(decision.apply)
        done = tuple(run(revisions, one, Guard(limits, beside), lines[one.id]) for one in decision.apply)
        for index in invalid_indexes(beside):
            say(f"  the index {index} is invalid, and no pending revision makes it: REINDEX INDEX CONCURRENTLY {index}")
        if decision.wait and not decision.refused:
            waiting = ", ".join(one.id for one in decision.wait)
            names = " and ".join(release.name for release in live)
            say(f"  {waiting} waits: it takes away what {names} may need. Afterwards: ./inv migrate --contract")
        if decision.refused:
            raise NotYet(decision.refused)
        if not done and not decision.wait:
            say(f"  at head    {', '.join(current) or 'no revisions'}")
        return Upgraded(current, heads(beside), done, tuple(one.id for one in decision.wait))


def downgrade(revisions: Revisions, to: str, limits: Limits) -> Downgraded:
    """Take revisions back, the newest first; return what was done."""
    with _alone() as beside:
        current = heads(beside)
        undone = revisions.undone(revisions.target(to), current)
        lines = listed(undone, "taken back: ")
        done = tuple(run(revisions, one, Guard(limits, beside), lines[one.id], down=True) for one in undone)
        return Downgraded(current, heads(beside), done)


def listed(revisions: Sequence[Revision], how: str = "") -> dict[str, str]:
    """Return the line of each revision up to its time, by name: its columns are as wide as what they hold."""
    name = max([NAME, *(len(one.id) for one in revisions)])
    lines = {one.id: f"  {one.id:<{name}} {one.phase or '-':<8} {how}{one.message}" for one in revisions}
    longest = max([LINE, *map(len, lines.values())])
    return {one: text.ljust(longest) for one, text in lines.items()}


def run(revisions: Revisions, revision: Revision, guard: Guard, line: str, *, down: bool = False) -> Done:
    """Run one revision, again while it doesn't get its locks, and end its line; raises Refused."""
    began, limits = time.monotonic(), guard.limits
    for tried in range(1, limits.tries + 1):
        try:
            with guard.watching():
                apply(revisions, revision.id, guard.beside, down)
        except DBAPIError as error:
            guard.clear()
            blocked = guard.blocked or "another transaction"
            if failures.state(error) not in AGAIN:
                raise Refused(_failed(revision, error, guard, down)) from None
            if tried == limits.tries:
                raise Refused(
                    f"{revision.id} did not get its lock in {tried} tries of {limits.lock_timeout} s: it is held by "
                    f"{blocked}; {guard.left}. Once that has ended, run this again."
                ) from None
            pause = min(LONGEST_PAUSE, 2.0 ** (tried - 1)) * random.uniform(0.75, 1.25)  # noqa: S311
            say(f"  {revision.id:<10} no lock in {limits.lock_timeout} s, behind {blocked}; again in {pause:.1f} s")
            time.sleep(pause)
        except BaseException:
            guard.clear()
            raise
        else:
            seconds = time.monotonic() - began
            say(f"{line} {seconds:6.1f} s")
            return Done(revision.id, revision.phase, round(seconds, 3), tried)
    raise AssertionError("unreachable")


def apply(revisions: Revisions, revision: str, beside: Connection, down: bool = False) -> None:
    """Let Alembic apply one revision, or take it back; `beside` is asked then what came of it.

    Raises Refused for what is no error of the database, with the traceback printed.
    """
    with failures.refused(revision, partial(outcome, beside, revision, down)):
        revisions.step(revision, noted(beside), down)


def is_done(beside: Connection, revision: str, down: bool) -> bool | None:
    """Tell whether a revision is applied, or taken back, after it was the latest to be; None when nobody can tell."""
    try:
        return (revision in heads(beside)) is not down
    except psycopg.Error:
        return None


def outcome(beside: Connection, revision: str, down: bool) -> str:
    """Say what came of a revision that failed: env.py may fail after it."""
    what = "taken back" if down else "applied"
    if (done := is_done(beside, revision, down)) is None:
        return f"whether it is {what} cannot be told"
    return f"it is {what} all the same, and what came after it failed" if done else f"it is not {what}"


def invalid_indexes(connection: Connection) -> list[str]:
    """Return the indexes that a broken build left, except those being built."""
    rows = connection.execute(
        "SELECT i.indexrelid::regclass::text FROM pg_index i JOIN pg_class c ON c.oid = i.indexrelid "
        "WHERE NOT i.indisvalid AND c.relkind = 'i' "
        "AND i.indexrelid NOT IN (SELECT index_relid FROM pg_stat_progress_create_index)"
    )
    return sorted(str(row[0]) for row in rows)


@contextlib.contextmanager
def _alone() -> Iterator[Connection]:
    with connect(f"slipway: {os.environ.get('SLIPWAY_BY', 'somebody')}") as beside:
        turn.take(beside)
        end_orphans(beside)
        yield beside


def _refuse_long(beside: Connection, revisions: Revisions, pending: Sequence[str]) -> None:
    # Before the first of them runs, unless one of them makes room.
    long = [name for name in pending if len(name) > USUAL]
    if long and not any("version_num" in Path(revisions.scripts[one].path).read_text("utf-8") for one in pending):
        found = beside.execute(ROOM.encode()).fetchone()
        refuse_long(long, int(found[0]) if found else None)


def _failed(revision: Revision, error: DBAPIError, guard: Guard, down: bool) -> str:
    statement, state = " ".join((error.statement or "").split()), failures.state(error)
    where = f"\nin {statement[:500]}" if statement else ""
    left = guard.left if is_done(guard.beside, revision.id, down) is False else outcome(guard.beside, revision.id, down)
    text = f"{failures.said(error)}{where}\n{revision.id} failed; {left}."
    if state == DENIED:
        text += (
            f" {variable('DATABASE_USERNAME')} is no superuser. Extensions that only a superuser may make stand in "
            'pyproject.toml: [tool.slipway.database] extensions = ["..."]. What else needs one: docs/migrations.md.'
        )
    if state == CANCELED:
        text += (
            " It ran into its statement_timeout. Where it takes so long, let it work without them: "
            "docs/migrations.md has the ways."
        )
    return explained_here(text, str(error.orig))
