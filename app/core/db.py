"""The database: one pool, and two ways to use it."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from select import POLLIN, poll
from typing import Annotated, Any

from fastapi import Depends, Request
from sqlalchemy import Delete, delete, event, inspect, select, text, tuple_
from sqlalchemy.exc import DisconnectionError
from sqlalchemy.ext.asyncio import AsyncConnection, create_async_engine
from sqlalchemy.pool import NullPool
from sqlalchemy.sql import ColumnElement

from app.core.config import Settings
from app.core.models import Base
from app.core.turns import Turns

# What makes a statement or a connection fail that would otherwise wait for ever; milliseconds, seconds, bytes.
_OPTIONS = "-c timezone=UTC -c statement_timeout=10000 -c idle_in_transaction_session_timeout=10000"
_CONNECT = {"connect_timeout": 3, "keepalives_idle": 30, "tcp_user_timeout": 10_000, "options": _OPTIONS}

WAIT = 5  # seconds for a connection
BATCH = 1000  # rows that one statement deletes


class Database:
    """Give connections to PostgreSQL from one pool.

    Both ways commit before they return the connection, so that nothing is answered that is not stored. Both raise
    Busy when no connection becomes free in 5 seconds, and SQLAlchemy's errors when the server is away.
    """

    def __init__(self, settings: Settings) -> None:
        # Without a transaction around every statement, and without a rollback after it: two round trips less.
        self.engine = create_async_engine(
            settings.database_url,
            isolation_level="AUTOCOMMIT",
            skip_autocommit_rollback=True,
            pool_size=settings.database_pool_size,
            max_overflow=0,
            connect_args=_CONNECT,
        )
        self._transactional = self.engine.execution_options(isolation_level="READ COMMITTED")
        self._aside = create_async_engine(settings.database_url, poolclass=NullPool, connect_args=_CONNECT)
        # SQLAlchemy's pool lets newcomers overtake those who wait for a connection. Everybody may wait: most are done
        # in milliseconds, so no length of the queue says that waiting is in vain, and a burst or a migration that
        # holds a table for 2 seconds is over before their patience is.
        self._connections = Turns("database", settings.database_pool_size, WAIT)
        event.listen(self.engine.sync_engine, "checkout", _refuse_closed)

    @asynccontextmanager
    async def connect(self) -> AsyncIterator[AsyncConnection]:
        """Give a connection on which each statement is committed by itself."""
        async with self._connections, self.engine.connect() as connection:
            yield connection

    @asynccontextmanager
    async def begin(self) -> AsyncIterator[AsyncConnection]:
        """Give a connection in a transaction; an exception rolls it back."""
        async with self._connections, self._transactional.begin() as connection:
            yield connection

    async def ping(self) -> None:
        """Ask the server for an answer, on a connection of its own.

        When every connection of the pool is in use, the database is busy and not away.
        """
        async with self._aside.connect() as connection:
            await connection.execute(text("SELECT 1"))

    async def close(self) -> None:
        """Close the connections."""
        await self.engine.dispose()


def _refuse_closed(connection: Any, record: object, proxy: object) -> None:
    # A server that went away has closed its end: an idle connection with something to read is dead. Asking the
    # kernel replaces a `SELECT 1` before every use; the pool then connects anew.
    idle = poll()
    idle.register(connection.driver_connection.fileno(), POLLIN)
    if idle.poll(0):
        raise DisconnectionError("the server closed the connection")


def sweep(table: type[Base], expired: ColumnElement[bool]) -> Delete:
    """Return what deletes a batch of rows that have expired, except those that somebody works on.

    A batch, so that whoever wants one of these rows waits for milliseconds: app/cleanup.py deletes them all.
    """
    key = tuple_(*inspect(table).primary_key)
    some = select(*inspect(table).primary_key).where(expired).limit(BATCH).with_for_update(skip_locked=True)
    return delete(table).where(key.in_(some))


async def get_database(request: Request) -> Database:
    """Return the application's database."""
    database: Database = request.app.state.database
    return database


DB = Annotated[Database, Depends(get_database)]
