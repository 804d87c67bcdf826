"""A database of its own for each worker, migrated once; emptied after each test."""

import os
from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest
from alembic.config import Config
from fastapi.testclient import TestClient
from psycopg import sql

from alembic import command

if "DATABASE_HOSTNAME" not in os.environ:
    pytest.exit("These tests need a PostgreSQL in DATABASE_*: ./inv test starts one for them.", returncode=2)

ROOT = Path(__file__).resolve().parents[2]
DATABASE = f"test_{os.environ.get('PYTEST_XDIST_WORKER', 'main')}"


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


@pytest.fixture(scope="session")
def database() -> Iterator[psycopg.Connection]:
    """Make and migrate this worker's database; give a connection to it."""
    with connect("postgres") as server:
        server.execute(sql.SQL("DROP DATABASE IF EXISTS {} WITH (FORCE)").format(sql.Identifier(DATABASE)))
        server.execute(sql.SQL("CREATE DATABASE {}").format(sql.Identifier(DATABASE)))
    os.environ["DATABASE_NAME"] = DATABASE
    command.upgrade(Config(toml_file=ROOT / "pyproject.toml"), "head")
    with connect(DATABASE) as connection:
        yield connection


@pytest.fixture
def client(database: psycopg.Connection) -> Iterator[TestClient]:
    """Give a client of the application; what it committed is deleted afterwards."""
    from app.main import create_app

    with TestClient(create_app()) as client:
        yield client
    database.execute("DELETE FROM users")  # and what refers to them


@pytest.fixture
def token(client: TestClient) -> str:
    """Register a user and log in."""
    return register(client, "ada@example.com")


@pytest.fixture
def ada(client: TestClient, token: str) -> TestClient:
    """Give a client whose requests carry a token."""
    client.headers["Authorization"] = f"Bearer {token}"
    return client


def register(client: TestClient, email: str, password: str = "correct horse") -> str:
    """Register a user; return an access token."""
    assert client.post("/users", json={"email": email, "password": password}).status_code == 201
    answer = client.post("/users/token", data={"username": email, "password": password})
    assert answer.status_code == 200
    return str(answer.json()["access_token"])
