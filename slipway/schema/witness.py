"""Whether a connection leads to the database that another one does, on the same server.

A name proves nothing: another server may have a database that is called the same. A lock under a random key is seen in
that one database of that one server alone, by every role. (A replica has locks of its own.)
"""

import contextlib
import secrets
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import psycopg

from slipway.schema.database import Connection

_SEEN = """
    SELECT pg_backend_pid(), current_database(),
           coalesce(host(inet_server_addr()) || ':' || inet_server_port(), 'a socket of this machine'),
           EXISTS (
               SELECT FROM pg_locks WHERE locktype = 'advisory' AND granted AND objsubid = 1
               AND classid = {high}::oid AND objid = {low}::oid
               AND database = (SELECT oid FROM pg_database WHERE datname = current_database())
           )
"""


@dataclass(frozen=True)
class Seen:
    """What a connection sees: its process, its database, the server's address, and whether that is the witness's."""

    pid: int
    database: str
    address: str
    is_ours: bool


@contextlib.contextmanager
def witness(connection: Connection) -> Iterator[int]:
    """Give the key under which a connection, in autocommit, holds a lock meanwhile."""
    key = secrets.randbits(63)
    connection.execute("SELECT pg_advisory_lock(%s)", [key])
    try:
        yield key
    finally:
        with contextlib.suppress(psycopg.Error):  # what went away holds no lock
            connection.execute("SELECT pg_advisory_unlock(%s)", [key])


def look(cursor: Any, key: int) -> Seen:
    """Return what a cursor of any driver sees, and whether it is in the database where that key is held."""
    cursor.execute(_SEEN.format(high=key >> 32, low=key & 0xFFFFFFFF))
    return Seen(*cursor.fetchone())
