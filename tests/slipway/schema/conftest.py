"""A project with migrations, for each test."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.slipway.schema.support import Service, made, new_database, zygote


@pytest.fixture(scope="session")
def database() -> Iterator[str]:
    """Give a database for the tests of this worker; nothing runs for them afterwards."""
    with new_database() as name:
        yield name
    zygote().process.communicate()


@pytest.fixture
def service(tmp_path: Path, database: str) -> Iterator[Service]:
    """Give a project whose first revision makes a table."""
    with made(tmp_path, database) as service:
        yield service
