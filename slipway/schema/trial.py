"""Revisions tried on a scratch database: what they run, lock and change."""

import contextlib
import io
from collections.abc import Callable, Collection, Iterator, Sequence
from typing import Any

from alembic.util import CommandError
from sqlalchemy import Engine, event
from sqlalchemy.exc import DBAPIError

from slipway.schema import catalogue, database, statements
from slipway.schema.answers import Statement, Trial
from slipway.schema.catalogue import Thing
from slipway.schema.database import Connection, Refused
from slipway.schema.failures import said
from slipway.schema.guard import Guard
from slipway.schema.phases import Revision
from slipway.schema.revisions import Revisions
from slipway.schema.statements import Limits
from slipway.schema.upgrading import apply

STRENGTH = (
    "AccessShareLock", "RowShareLock", "RowExclusiveLock", "ShareUpdateExclusiveLock", "ShareLock",
    "ShareRowExclusiveLock", "ExclusiveLock", "AccessExclusiveLock",
)  # fmt: skip
CONCURRENT = "ShareUpdateExclusiveLock"


@contextlib.contextmanager
def begun(current: Sequence[str], revisions: Revisions, limits: Limits) -> Iterator["Scratch"]:
    """Give a scratch database that is at the revisions `current`; raises Refused when one of them fails."""
    real = database.name()
    with database.scratch() as name, database.connect(f"{name} (watch)", name) as beside:
        scratch = Scratch(revisions, beside, Guard(limits, beside, name, real))
        known = revisions.known(current)
        for one in revisions.all:
            if one.id in known:
                scratch.again(one)
        yield scratch


class Scratch:
    """A database to try revisions on."""

    def __init__(self, revisions: Revisions, beside: Connection, guard: Guard) -> None:
        self.revisions = revisions
        self.beside = beside
        self.guard = guard

    def things(self) -> list[Thing]:
        """Return what its schema consists of."""
        return catalogue.read(self.beside)

    def up(self, revision: Revision, down: bool = False) -> None:
        """Apply a revision, or take it back; raises what it raises."""
        with self.guard.watching():
            apply(self.revisions, revision.id, self.guard.beside, down)

    def again(self, revision: Revision) -> None:
        """Apply what the real database has already; raises Refused."""
        try:
            self.up(revision)
        except DBAPIError as error:
            text = f"{said(error)}\n{revision.id}, which is applied, fails on a scratch database: nothing was tried."
            raise Refused(text) from None

    def measured(self, revision: Revision) -> Trial:
        """Apply a revision, and say what it did."""
        trial = Trial(revision.id, revision.phase, revision.message, revision.ignores)
        try:
            trial.sql = preview(self.revisions, revision.id, self.guard)
        except Refused as error:
            trial.offline = str(error)
        before, files = self.things(), self._files()
        tables = {oid: table for oid, (table, _) in files.items()}
        with _Recorder(self.beside, self.guard, tables, trial.statements).listening():
            self.up(revision)
        after, now = self.things(), self._files()
        trial.changes = catalogue.between(before, after)
        trial.rewrites = sorted(name for oid, (name, file) in files.items() if oid in now and now[oid][1] != file)
        return trial

    def tried(self, revisions: Sequence[Revision], old: Collection[str] = ()) -> list[Trial]:
        """Try revisions one after the other, up to the first that cannot be applied; `old` ones are applied alone."""
        trials: list[Trial] = []
        for one in revisions:
            trials.append(self.there(one) if one.id in old else self.there_and_back(one))
            if trials[-1].error:
                break
        return trials

    def there(self, revision: Revision) -> Trial:
        """Apply a revision; that it cannot be is told and not raised."""
        trial = Trial(revision.id, revision.phase, revision.message, revision.ignores)
        try:
            self.up(revision)
        except (DBAPIError, Refused) as error:
            trial.error = said(error)
        return trial

    def there_and_back(self, revision: Revision) -> Trial:
        """Apply a revision, take it back, apply it again; say what it did.

        What cannot be applied, or doesn't come back, is told and not raised.
        """
        before = self.things()
        try:
            trial = self.measured(revision)
        except (DBAPIError, Refused) as error:
            return Trial(revision.id, revision.phase, revision.message, revision.ignores, error=said(error))
        try:
            self.up(revision, down=True)
        except (DBAPIError, Refused) as error:
            trial.irreversible = said(error)
            return trial
        trial.back = catalogue.differences(self.things(), before)
        try:
            self.up(revision)
        except (DBAPIError, Refused) as error:
            trial.error = f"after its downgrade(), it cannot be applied again: {said(error)}"
        return trial

    def _files(self) -> dict[int, tuple[str, int]]:
        # Tables and views by name, and the file of each (0 for none): one that is written anew gets another.
        rows = self.beside.execute(
            "SELECT c.oid, c.oid::regclass::text, c.relfilenode "
            "FROM pg_class c JOIN pg_namespace n ON n.oid = relnamespace WHERE c.relkind IN ('r', 'p', 'm', 'v') "
            "AND nspname !~ '^pg_' AND nspname <> 'information_schema' "
            "AND relname <> 'alembic_version'"
        )
        return {oid: (name, file) for oid, name, file in rows}


class _Recorder:
    """Notes each statement, and looks from beside which locks it took."""

    def __init__(self, beside: Connection, guard: Guard, tables: dict[int, str], into: list[Statement]) -> None:
        self.beside = beside
        self.guard = guard
        self.tables = tables
        self.into = into
        self.held: dict[str, str] = {}

    @contextlib.contextmanager
    def listening(self) -> Iterator[None]:
        listeners: list[tuple[str, Callable[..., None]]] = [("after_cursor_execute", self.after)]
        listeners += [(moment, self.ended) for moment in ("commit", "rollback")]
        for moment, listener in listeners:
            event.listen(Engine, moment, listener)
        try:
            yield
        finally:
            for moment, listener in listeners:
                event.remove(Engine, moment, listener)

    def after(self, _connection: Any, _cursor: Any, sql: str, _parameters: Any, _context: Any, _many: bool) -> None:
        if "alembic_version" in sql or "pg_catalog" in sql:  # Alembic's own, and the driver's
            return
        kind = statements.kind(sql)
        strongest = max(self.held.values(), key=STRENGTH.index, default="")
        locks = {}
        if kind == "concurrent":  # it has committed, and kept nothing
            named = statements.created_index(sql)
            locks = {named.table.strip('"'): CONCURRENT} if named else {}
        for table, mode in self._locks().items():
            if table not in self.held or STRENGTH.index(mode) > STRENGTH.index(self.held[table]):
                locks[table] = self.held[table] = mode
        self.into.append(Statement(statements.plain(sql).strip(), kind, locks, strongest))

    def ended(self, _connection: Any) -> None:
        self.held = {}

    def _locks(self) -> dict[str, str]:
        rows = self.beside.execute(
            "SELECT relation, mode FROM pg_locks WHERE pid = ANY(%s) AND locktype = 'relation' AND granted",
            [list(self.guard.pids)],
        )
        found: dict[str, str] = {}
        for oid, mode in rows:
            if (table := self.tables.get(oid)) and STRENGTH.index(mode) >= STRENGTH.index(found.get(table, mode)):
                found[table] = mode
        return found


def preview(revisions: Revisions, revision: str, guard: Guard, down: bool = False) -> str:
    """Return the SQL of one revision, made without a database.

    Raises Refused when it needs one: a data migration that reads, say. What env.py opens all the same is watched.
    """
    output = io.StringIO()
    try:
        with guard.watching():
            revisions.step(revision, database.noted(guard.beside), down, output)
    except Refused:
        raise
    except CommandError as error:
        raise Refused(str(error)) from None
    except (Exception, SystemExit) as error:
        raise Refused(f"{type(error).__name__}: {error}") from None
    return _without_the_version("\n".join(line.rstrip() for line in output.getvalue().splitlines()))


def _without_the_version(sql: str) -> str:
    parts = sql.split(";\n")
    kept = [part for part in parts if "alembic_version" not in part]
    return ";\n".join(kept).strip()
