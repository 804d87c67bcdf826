"""The database: one pool, two ways to use it, and the models' base."""

import asyncio
import select
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Annotated, Any

from fastapi import Depends, Request
from sqlalchemy import MetaData, event
from sqlalchemy.exc import DisconnectionError
from sqlalchemy.ext.asyncio import AsyncConnection, create_async_engine
from sqlalchemy.orm import DeclarativeBase

from app.core.config import Settings

# What makes a statement or a connection fail that would otherwise wait for ever; milliseconds, seconds, bytes.
_OPTIONS = "-c timezone=UTC -c statement_timeout=10000 -c idle_in_transaction_session_timeout=10000"
_CONNECT = {"connect_timeout": 3, "keepalives_idle": 30, "tcp_user_timeout": 10_000, "options": _OPTIONS}

WAIT = 5  # seconds for a connection


class Base(DeclarativeBase):
    """Base of every model; names constraints, so that migrations can."""

    metadata = MetaData(
        naming_convention={
            "ix": "ix_%(column_0_label)s",
            "uq": "uq_%(table_name)s_%(column_0_name)s",
            "ck": "ck_%(table_name)s_%(constraint_name)s",
            "fk": "fk_%(table_name)s_%(column_0_name)s_%(referred_table_name)s",
            "pk": "pk_%(table_name)s",
        }
    )


class Database:
    """Give connections to PostgreSQL from one pool.

    Both ways commit before they return the connection, so that nothing is answered that is not stored. Both raise
    TimeoutError when every connection is in use for 5 seconds, and SQLAlchemy's errors when the server is away.
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
        # SQLAlchemy's pool lets newcomers overtake those who wait for a connection; a semaphore is fair.
        self._turns = asyncio.Semaphore(settings.database_pool_size)
        event.listen(self.engine.sync_engine, "checkout", _refuse_closed)

    @asynccontextmanager
    async def connect(self) -> AsyncIterator[AsyncConnection]:
        """Give a connection on which each statement is committed by itself."""
        async with self._turn(), self.engine.connect() as connection:
            yield connection

    @asynccontextmanager
    async def begin(self) -> AsyncIterator[AsyncConnection]:
        """Give a connection in a transaction; an exception rolls it back."""
        async with self._turn(), self._transactional.begin() as connection:
            yield connection

    @asynccontextmanager
    async def _turn(self) -> AsyncIterator[None]:
        async with asyncio.timeout(WAIT):
            await self._turns.acquire()
        try:
            yield
        finally:
            self._turns.release()


def _refuse_closed(connection: Any, record: object, proxy: object) -> None:
    # A server that went away has closed its end: an idle connection with something to read is dead. Asking the
    # kernel replaces a `SELECT 1` before every use; the pool then connects anew.
    poll = select.poll()
    poll.register(connection.driver_connection.fileno(), select.POLLIN)
    if poll.poll(0):
        raise DisconnectionError("the server closed the connection")


async def get_database(request: Request) -> Database:
    """Return the application's database."""
    database: Database = request.app.state.database
    return database


DB = Annotated[Database, Depends(get_database)]
