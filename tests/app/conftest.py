"""A database for each worker, cloned from a migrated template; what a test does is rolled back."""

import asyncio
import hashlib
import os
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any, TypeVar

import psycopg
import pytest
from alembic.config import Config
from fastapi.testclient import TestClient
from psycopg import sql
from pwdlib import PasswordHash
from pwdlib.hashers.argon2 import Argon2Hasher
from sqlalchemy import insert
from sqlalchemy.ext.asyncio import AsyncConnection

from alembic import command

if "DATABASE_HOSTNAME" not in os.environ:
    pytest.exit("These tests need a PostgreSQL in DATABASE_*: ./inv test starts one for them.", returncode=2)

ROOT = Path(__file__).resolve().parents[2]
DATABASE = f"test_{os.environ.get('PYTEST_XDIST_WORKER', 'main')}"
os.environ["DATABASE_NAME"] = DATABASE

from app.core.config import get_settings  # noqa: E402
from app.core.db import Database  # noqa: E402
from app.core.security import Passwords, create_access_token  # noqa: E402
from app.main import create_app  # noqa: E402
from app.users.models import User  # noqa: E402

PASSWORD = "correct horse"
T = TypeVar("T")
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


def migrations() -> Config:
    """Return Alembic's configuration, on this worker's database."""
    return Config(toml_file=ROOT / "pyproject.toml")


@pytest.fixture(scope="session")
def database() -> Iterator[psycopg.Connection]:
    """Clone this worker's database; give a connection to it."""
    revisions = b"".join(path.read_bytes() for path in sorted((ROOT / "alembic/versions").glob("*.py")))
    template = f"template_{hashlib.sha256(revisions).hexdigest()[:16]}"
    mine, source = sql.Identifier(DATABASE), sql.Identifier(template)
    with connect("postgres") as server:
        server.execute("SELECT pg_advisory_lock(20261124)")  # one worker migrates, the others wait for it
        server.execute(sql.SQL("DROP DATABASE IF EXISTS {} WITH (FORCE)").format(mine))
        if not server.execute("SELECT 1 FROM pg_database WHERE datname = %s", [template]).fetchone():
            server.execute(sql.SQL("CREATE DATABASE {}").format(mine))
            command.upgrade(migrations(), "head")
            server.execute(sql.SQL("ALTER DATABASE {} RENAME TO {}").format(mine, source))
        server.execute(sql.SQL("CREATE DATABASE {} TEMPLATE {}").format(mine, source))
    with connect(DATABASE) as connection:
        yield connection


class RolledBack(Database):
    """Does everything on one connection, in a transaction that is never committed."""

    async def open(self) -> None:
        """Connect."""
        self._alone = asyncio.Lock()
        self._connection = await self._transactional.connect()

    async def start(self) -> None:
        """Begin the transaction."""
        self._transaction = await self._connection.begin()

    async def stop(self) -> None:
        """Roll it back."""
        await self._transaction.rollback()

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


@pytest.fixture(scope="session")
def application(database: psycopg.Connection) -> Iterator[TestClient]:
    """Start the application once, with passwords that are cheap to hash."""
    with TestClient(create_app(passwords=Passwords(CHEAP))) as client:
        yield client


@pytest.fixture
def committing(application: TestClient, database: psycopg.Connection) -> Iterator[TestClient]:
    """Give a client of the real thing; what it committed is deleted afterwards."""
    yield a_client(application)
    database.execute("DELETE FROM users")  # and what refers to them
    database.execute("DELETE FROM login_attempts")


@pytest.fixture(scope="session")
def rolled_back(application: TestClient) -> Iterator[RolledBack]:
    """Open the connection of the tests that are rolled back."""
    database = RolledBack(get_settings())
    call(application, database.open)
    yield database
    call(application, database.close)


@pytest.fixture
def client(application: TestClient, rolled_back: RolledBack) -> Iterator[TestClient]:
    """Give a client whose changes are rolled back afterwards."""
    state: Any = application.app.state  # type: ignore[attr-defined]
    real, state.database = state.database, rolled_back
    call(application, rolled_back.start)
    yield a_client(application)
    call(application, rolled_back.stop)
    state.database = real


@pytest.fixture
def ada(client: TestClient) -> TestClient:
    """Give a client whose requests carry a user's token."""
    return a_user(client, "ada@example.com")


@pytest.fixture
def bob(client: TestClient) -> TestClient:
    """Give another user's client."""
    return a_user(client, "bob@example.com")


def call(application: TestClient, function: Callable[[], Awaitable[T]]) -> T:
    """Call a function in the application's event loop."""
    assert application.portal
    return application.portal.call(function)


def a_client(application: TestClient, **headers: str) -> TestClient:
    """Return another client of the running application."""
    client = TestClient(application.app, headers=headers)
    client.portal = application.portal
    return client


def a_user(client: TestClient, email: str) -> TestClient:
    """Add a user, as registering would; return their client."""
    state: Any = client.app.state  # type: ignore[attr-defined]

    async def add() -> int:
        new = insert(User).values(email=email, password_hash=HASHED).returning(User.id)
        async with state.database.begin() as connection:
            user_id: int = await connection.scalar(new)
            return user_id

    token = create_access_token(call(client, add), get_settings())
    return a_client(client, Authorization=f"Bearer {token}")


def log_in(client: TestClient, email: str, password: str = PASSWORD) -> dict[str, Any]:
    """Return the tokens of a login that has to succeed."""
    answer = client.post("/users/token", data={"username": email, "password": password})
    assert answer.status_code == 200, answer.text
    tokens: dict[str, Any] = answer.json()
    return tokens
