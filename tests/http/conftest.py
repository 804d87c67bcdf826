"""What any release has to do for its clients: tests that know the service by its address alone, BASE_URL.

They go into the test image of a release, and are run again when the next release has migrated the database: each makes
what it needs, and minds nothing that is there already.
"""

import os
import time
from collections.abc import Iterator
from itertools import count

import httpx2
import pytest

from tests.http.support import registered

if "BASE_URL" not in os.environ:
    pytest.exit("These tests need a running service in BASE_URL: ./inv migrate --rehearse starts one.", returncode=2)

_numbers = count(time.time_ns())


@pytest.fixture(scope="session")
def client() -> Iterator[httpx2.Client]:
    """Give a client of the service."""
    with httpx2.Client(base_url=os.environ["BASE_URL"], timeout=30) as client:
        yield client


@pytest.fixture
def email() -> str:
    """Give an address that nobody has registered."""
    return f"somebody-{next(_numbers)}@example.com"


@pytest.fixture
def tokens(client: httpx2.Client, email: str) -> dict[str, str]:
    """Register somebody, log them in, give their tokens."""
    return registered(client, email)


@pytest.fixture
def user(tokens: dict[str, str]) -> Iterator[httpx2.Client]:
    """Give a client whose requests carry somebody's token."""
    headers = {"Authorization": f"Bearer {tokens['access_token']}"}
    with httpx2.Client(base_url=os.environ["BASE_URL"], timeout=30, headers=headers) as client:
        yield client


@pytest.fixture
def other(client: httpx2.Client) -> Iterator[httpx2.Client]:
    """Give the client of somebody else."""
    tokens = registered(client, f"other-{next(_numbers)}@example.com")
    headers = {"Authorization": f"Bearer {tokens['access_token']}"}
    with httpx2.Client(base_url=os.environ["BASE_URL"], timeout=30, headers=headers) as client:
        yield client
