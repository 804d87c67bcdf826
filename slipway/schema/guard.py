"""What stands between Alembic and the database while revisions run."""

import contextlib
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any

import psycopg
from psycopg import sql
from sqlalchemy import Engine, event

from slipway.schema import statements
from slipway.schema.database import NOTICES, Connection, Refused, connect, name, set_all
from slipway.schema.statements import Limits
from slipway.schema.witness import look, witness
from slipway.schema.words import say

APPLICATION = "slipway-migration"
READ = "let it read DATABASE_*, or what [tool.slipway.database] makes of them"
POLL = 0.5  # seconds between two looks for who keeps a statement waiting

SETTINGS = {"application_name": APPLICATION, **NOTICES, "idle_in_transaction_session_timeout": "300000"}
# Where an index is, whether it is whole, and who builds it just now.
_PLACE = """
    SELECT n.nspname, c.relname, i.indisvalid, p.pid, c.oid::regclass FROM pg_class c
    JOIN pg_namespace n ON n.oid = c.relnamespace JOIN pg_index i ON i.indexrelid = c.oid
    LEFT JOIN pg_stat_progress_create_index p ON p.index_relid = c.oid
"""
# All of an index's definition but its name and its table's.
_DEFINITION = """
    SELECT i.indisunique, regexp_replace(pg_get_indexdef(i.indexrelid), '^.*? USING ', '')
    FROM pg_index i WHERE i.indexrelid = to_regclass(%s)
"""


@dataclass
class Guard:
    """Watches over every connection that Alembic opens.

    Sets the timeouts of each statement by its kind, makes what CONCURRENTLY leaves behind harmless, and refuses another
    database than that of `beside`, which is a connection of its own, in autocommit. An env.py that reads its settings
    once would open the one that it has opened before: what it asks for `instead_of` the database is led there.
    """

    limits: Limits
    beside: Connection
    database: str = field(default_factory=name)
    instead_of: str = ""
    blocked: str = ""  # who kept a statement waiting, as last seen
    pids: set[int] = field(default_factory=set)
    _key: int = 0
    _last: statements.Kind | None = None
    _own: set[str] = field(default_factory=set)
    _commits: bool = False
    _building: list[statements.Index] = field(default_factory=list)

    @contextlib.contextmanager
    def watching(self) -> Iterator["Guard"]:
        """Watch over one revision; raises what it raises."""
        self._last, self._own, self.pids, self._building, self._commits = None, set(), set(), [], False
        self.blocked = ""
        listeners: list[tuple[str, Callable[..., Any], bool]] = [
            ("do_connect", self.lead, False),
            ("connect", self.connected, False),
            ("before_cursor_execute", self.before, True),
        ]
        listeners += [(moment, self._forget, False) for moment in ("commit", "rollback")]
        for moment, listener, replaces in listeners:
            event.listen(Engine, moment, listener, **({"retval": True} if replaces else {}))
        done = threading.Event()
        watcher = threading.Thread(target=self._watch, args=[done], daemon=True)
        watcher.start()
        try:
            with witness(self.beside) as self._key:
                yield self
        finally:
            done.set()
            watcher.join()
            for moment, listener, _ in listeners:
                event.remove(Engine, moment, listener)

    def lead(self, _dialect: Any, _record: Any, _arguments: Any, named: dict[str, Any]) -> None:
        """Let Alembic open the database that it is to, whatever that was called when env.py read its settings."""
        for key in ("dbname", "database"):  # psycopg and its kin, asyncpg and its
            if self.instead_of and named.get(key) == self.instead_of:
                named[key] = self.database

    def connected(self, connection: Any, _record: Any) -> None:
        """Prepare a connection that Alembic has opened."""
        cursor = connection.cursor()
        self._refuse_another(cursor)
        cursor.execute(set_all(SETTINGS))
        cursor.close()
        connection.commit()

    def before(
        self, _connection: Any, cursor: Any, statement: str, parameters: Any, _context: Any, _many: bool
    ) -> tuple[str, Any]:
        """Set the timeouts of a statement; return what is to run."""
        if not self._last:  # a transaction begins: of a kept connection, or one that a pooler leads elsewhere
            self._refuse_another(cursor)
        if own := statements.sets_timeout(statement):
            self._own.add(own)
            return statement, parameters
        kind = statements.kind(statement)
        if kind != self._last:
            names = ("lock_timeout", "statement_timeout")
            for setting, seconds in zip(names, statements.timeouts(kind, self.limits), strict=True):
                if setting not in self._own:
                    cursor.execute(f"SET {setting} = '{seconds}s'")
            self._last = kind
        if kind == "concurrent":
            self._commits = True
            statement = statements.unless_gone(self._mend(statement))
        return statement, parameters

    def clear(self) -> None:
        """Remove the indexes that this revision began and did not finish."""
        for index in self._building:
            with contextlib.suppress(Refused):
                self._drop_invalid(index)

    @property
    def left(self) -> str:
        """What a failed revision has left behind, in words."""
        return "what it had finished CONCURRENTLY is kept" if self._commits else "nothing of it was applied"

    def _refuse_another(self, cursor: Any) -> None:
        seen = look(cursor, self._key)
        if seen.database != self.database:
            raise Refused(
                f"env.py opens the database {seen.database}, and not {self.database}, as DATABASE_NAME says: {READ}."
            )
        if not seen.is_ours:
            raise Refused(
                f"env.py opens the database {seen.database} of another PostgreSQL, at {seen.address}, than "
                "DATABASE_HOSTNAME and DATABASE_PORT lead to. Nothing was changed there: "
                f"{READ}."
            )
        self.pids.add(seen.pid)

    def _forget(self, _connection: Any) -> None:
        # What SET did may have been taken back.
        self._last = None

    def _mend(self, statement: str) -> str:
        # Such a statement commits by itself: a migration that was killed after it, and before its revision was noted,
        # runs it again.
        index = statements.created_index(statements.plain(statement))
        if not index:
            return statement
        if not index.name:
            raise Refused(
                f"An index that is built CONCURRENTLY needs a name, so that what a broken build left can be found: "
                f"{' '.join(statement.split())[:100]}"
            )
        self._building.append(index)
        self._drop_invalid(index)
        return statements.unless_there(statement) if self._is_made(index) else statement

    def _drop_invalid(self, index: statements.Index) -> None:
        found = self._find(index)
        if not found or found[2]:
            return
        if found[3] is not None:
            raise Refused(
                f"The index {index.plain} is just being built by process {found[3]} of PostgreSQL. Wait, then again."
            )
        self.beside.execute(sql.SQL("DROP INDEX CONCURRENTLY IF EXISTS {}").format(sql.Identifier(found[0], found[1])))
        say(f"  the index {index.plain} was left invalid by a build that broke off: removed")

    def _is_made(self, index: statements.Index) -> bool:
        # What PostgreSQL makes of the statement is compared with what is there, on an empty table that is like it.
        found = self._find(index)
        if not found:
            return False
        try:
            with self.beside.transaction(force_rollback=True):
                like = f"CREATE TEMP TABLE slipway_like (LIKE {index.table} INCLUDING GENERATED)"
                unique = "UNIQUE " if index.unique else ""
                self.beside.execute(like.encode())
                self.beside.execute(f"CREATE {unique}INDEX slipway_index ON slipway_like{index.rest}".encode())
                wanted = self.beside.execute(_DEFINITION, ["slipway_index"]).fetchone()
                there = self.beside.execute(_DEFINITION, [f"{found[4]}"]).fetchone()
        except psycopg.Error as error:
            raise Refused(f"{error}\nWhat the index {index.plain} is to be cannot be told.") from None
        if wanted != there:
            raise Refused(
                f"There is another index {index.plain} on {index.table} already, and this revision is to make it: "
                f"{' '.join(index.rest.split())[:100]}. Rename one of the two."
            )
        say(f"  the index {index.plain} is there already: kept")
        return True

    def _find(self, index: statements.Index) -> Any:
        where = "WHERE i.indrelid = to_regclass(%s) AND c.relname = %s"
        return self.beside.execute(f"{_PLACE} {where}".encode(), [index.table, index.plain]).fetchone()

    def _watch(self, done: threading.Event) -> None:
        # On a connection of its own: the other one works for the revision.
        with contextlib.suppress(psycopg.Error, Refused):
            watch: Connection | None = None
            while not done.wait(POLL):
                watch = watch or connect(f"{APPLICATION} (watch)")
                for pid in list(self.pids):
                    if found := watch.execute(_BLOCKERS, [pid]).fetchone():
                        self.blocked = "process {} of PostgreSQL ({}, {}, for {} s: {})".format(*found)


_BLOCKERS = """
    SELECT a.pid, coalesce(nullif(a.application_name, ''), a.usename), a.state,
           extract(epoch FROM now() - a.xact_start)::int, left(regexp_replace(a.query, '\\s+', ' ', 'g'), 80)
    FROM unnest(pg_blocking_pids(%s)) AS b(pid) JOIN pg_stat_activity a ON a.pid = b.pid
    ORDER BY a.xact_start LIMIT 1
"""


def end_orphans(beside: Connection) -> None:
    """End what a killed migration left running in the database.

    Its turn is over, since we have it; its session may not have noticed yet.
    """
    rows = beside.execute(
        "SELECT pid, pg_terminate_backend(pid) FROM pg_stat_activity "
        "WHERE application_name = %s AND datname = current_database() AND pid <> pg_backend_pid()",
        [APPLICATION],
    ).fetchall()
    for pid, _ in rows:
        say(f"  process {pid} of PostgreSQL, left by a migration that was killed: ended")
    while rows:
        rows = beside.execute(
            "SELECT pid, true FROM pg_stat_activity WHERE pid = ANY(%s)", [[r[0] for r in rows]]
        ).fetchall()
