"""What the tests of the service share: clients, users, and a database that forgets."""

import asyncio
import os
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import httpx2
import psycopg
from anyio.from_thread import BlockingPortal
from fastapi import FastAPI
from pwdlib import PasswordHash
from pwdlib.hashers.argon2 import Argon2Hasher
from sqlalchemy import insert
from sqlalchemy.ext.asyncio import AsyncConnection

from app.cleanup import clean
from app.core.config import get_settings
from app.core.db import Database
from app.core.security import create_access_token
from app.users.models import User

if TYPE_CHECKING:
    from alembic.config import Config

ROOT = Path(__file__).resolve().parents[2]
DATABASE = os.environ["DATABASE_NAME"]
PASSWORD = "correct horse"
PATIENT = 30  # seconds for what takes milliseconds on a machine that has nothing else to do
CHEAP = PasswordHash((Argon2Hasher(time_cost=1, memory_cost=8, parallelism=1),))
HASHED = CHEAP.hash(PASSWORD)


def connect(database: str) -> psycopg.Connection:
    """Connect as the tests' user, in autocommit."""
    return psycopg.connect(
        host=os.environ["DATABASE_HOSTNAME"],
        port=os.environ["DATABASE_PORT"],
        user=os.environ["DATABASE_USERNAME"],
        password=os.environ["DATABASE_PASSWORD"],
        dbname=database,
        autocommit=True,
    )


def migrations() -> "Config":
    """Return Alembic's configuration, on this worker's database."""
    from alembic.config import Config  # takes a while to load, and only the worker that migrates needs it

    return Config(toml_file=ROOT / "pyproject.toml")


class RolledBack(Database):
    """Does everything on one connection, in a transaction that is never committed."""

    async def open(self) -> None:
        """Connect."""
        self._alone = asyncio.Lock()
        self._connection = await self._transactional.connect()

    @property
    def used(self) -> bool:
        """Whether there is something to roll back: the first savepoint began a transaction."""
        return self._connection.in_transaction()

    async def forget(self) -> None:
        """Roll the transaction back."""
        await self._connection.rollback()

    async def close(self) -> None:
        """Disconnect."""
        await self._connection.close()
        await self.engine.dispose()

    @asynccontextmanager
    async def connect(self) -> AsyncIterator[AsyncConnection]:
        """Give the connection, in a savepoint."""
        async with self._alone, self._connection.begin_nested():
            yield self._connection

    begin = connect


class Client:
    """Talks to the running application, in its own event loop.

    FastAPI's TestClient does the same and takes three times as long: it changes threads for each message.
    """

    def __init__(self, app: FastAPI, portal: BlockingPortal, address: str = "testclient", **headers: str) -> None:
        self.app = app
        self.portal = portal
        transport = httpx2.ASGITransport(app, client=(address, 50000))
        self._http = httpx2.AsyncClient(transport=transport, base_url="http://testserver", headers=headers)

    def request(self, method: str, path: str, **options: Any) -> httpx2.Response:
        """Send a request; return the answer."""
        return self.portal.call(partial(self._http.request, method, path, **options))

    def get(self, path: str, **options: Any) -> httpx2.Response:
        """Send GET."""
        return self.request("GET", path, **options)

    def head(self, path: str, **options: Any) -> httpx2.Response:
        """Send HEAD."""
        return self.request("HEAD", path, **options)

    def post(self, path: str, **options: Any) -> httpx2.Response:
        """Send POST."""
        return self.request("POST", path, **options)

    def put(self, path: str, **options: Any) -> httpx2.Response:
        """Send PUT."""
        return self.request("PUT", path, **options)

    def delete(self, path: str, **options: Any) -> httpx2.Response:
        """Send DELETE."""
        return self.request("DELETE", path, **options)

    def options(self, path: str, **options: Any) -> httpx2.Response:
        """Send OPTIONS."""
        return self.request("OPTIONS", path, **options)

    def another(self, **headers: str) -> "Client":
        """Return a client with other headers."""
        return Client(self.app, self.portal, **headers)

    def at(self, address: str) -> "Client":
        """Return a client with another address."""
        return Client(self.app, self.portal, address)


def a_user(client: Client, email: str) -> Client:
    """Add a user, as registering would; return their client."""
    state = client.app.state

    async def add() -> int:
        new = insert(User).values(email=email, password_hash=HASHED).returning(User.id)
        async with state.database.begin() as connection:
            user_id: int = await connection.scalar(new)
            return user_id

    token = create_access_token(client.portal.call(add), get_settings())
    return client.another(Authorization=f"Bearer {token}")


def log_in(client: Client, email: str, password: str = PASSWORD) -> dict[str, Any]:
    """Return the tokens of a login that has to succeed."""
    answer = client.post("/users/token", data={"username": email, "password": password})
    assert answer.status_code == 200, answer.text
    tokens: dict[str, Any] = answer.json()
    return tokens


def clean_up(client: Client) -> None:
    """Delete what has expired."""
    client.portal.call(clean, client.app.state.database, asyncio.Event())


def wait_for(condition: Callable[[], bool]) -> None:
    """Wait for a condition, which has to come true."""
    end = time.monotonic() + PATIENT
    while not condition():
        assert time.monotonic() < end, "the condition did not come true"
        time.sleep(0.005)
