"""One migration at a time, wherever it was started."""

import time

from slipway.schema.database import Connection, Refused, connect
from slipway.schema.words import say

KEY = int.from_bytes(b"slipway", "big")  # of the advisory lock; each database has its own
POLL = 0.2  # seconds
LIMIT = 3600.0


def take(connection: Connection, limit: float = LIMIT) -> None:
    """Wait until no other migration of this database runs, naming it.

    The lock is the session's: it ends with this process, however that ends. It is polled, since a statement that waits
    for a lock holds a snapshot, for which CREATE INDEX CONCURRENTLY would wait in turn. Raises Refused after `limit`
    seconds, or behind a pooler that gives each statement another session.
    """
    _refuse_pooler(connection)
    named, end = "", time.monotonic() + limit
    while not _try(connection):
        holder = _holder(connection)
        if holder and holder != named:
            say(f"  waiting for {holder}")
            named = holder
        if time.monotonic() > end:
            raise Refused(
                f"{named or 'Another migration'} did not end in {limit:.0f} s. Look at it, then: ./inv migrate"
            )
        time.sleep(POLL)


def _refuse_pooler(connection: Connection) -> None:
    # A pooler gives itself away by a process id that is not the session's. One that pools sessions is harmless; one
    # that pools transactions gives another connection the session that this one believes to have.
    mine = _session(connection)
    if mine == connection.info.backend_pid:
        return
    with connect("slipway: pooler?") as other, other.transaction():
        if _session(other) == mine or _session(connection) != mine:
            raise Refused(
                "DATABASE_HOSTNAME leads to a pooler that gives each transaction another session: no lock would hold. "
                "Migrate past it, on PostgreSQL's own port."
            )


def _session(connection: Connection) -> int:
    found = connection.execute("SELECT pg_backend_pid()").fetchone()
    return int(found[0]) if found else 0


def _try(connection: Connection) -> bool:
    found = connection.execute("SELECT pg_try_advisory_lock(%s)", [KEY]).fetchone()
    return bool(found and found[0])


def _holder(connection: Connection) -> str:
    found = connection.execute(
        """
        SELECT a.application_name, coalesce(host(a.client_addr), 'this machine'), a.pid
        FROM pg_locks l JOIN pg_stat_activity a USING (pid)
        WHERE l.locktype = 'advisory' AND l.granted AND (l.classid::bigint << 32) + l.objid::bigint = %s
          AND l.database = (SELECT oid FROM pg_database WHERE datname = current_database())
        """,
        [KEY],
    ).fetchone()
    return "{}, from {} (process {} of PostgreSQL), to finish".format(*found) if found else ""
