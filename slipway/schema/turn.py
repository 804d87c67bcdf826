"""One migration at a time, wherever it was started."""

import sys
import time

from slipway.schema.database import Connection, Refused

KEY = int.from_bytes(b"slipway", "big")  # of the advisory lock; each database has its own
POLL = 0.2  # seconds
LIMIT = 3600.0


def take(connection: Connection, limit: float = LIMIT) -> None:
    """Wait until no other migration of this database runs, naming it.

    The lock is the session's: it ends with this process, however that ends. It is polled, since a statement that waits
    for a lock holds a snapshot, for which CREATE INDEX CONCURRENTLY would wait in turn. Raises Refused after `limit`
    seconds, or behind a pooler that gives each statement another session.
    """
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
    mine = connection.execute(
        "SELECT count(*) FROM pg_locks WHERE locktype = 'advisory' AND pid = pg_backend_pid() "
        "AND (classid::bigint << 32) + objid::bigint = %s",
        [KEY],
    ).fetchone()
    if not mine or not mine[0]:
        raise Refused(
            "DATABASE_HOSTNAME leads to a pooler that gives each statement another session: no lock would hold. "
            "Migrate past it, on PostgreSQL's own port."
        )


def say(text: str) -> None:
    """Print a line of progress."""
    sys.stderr.write(f"{text}\n")
    sys.stderr.flush()


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
