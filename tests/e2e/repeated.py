"""What is sent once more: with real workers and containers that die in the middle of a request."""

import uuid
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor

import httpx2

from tests.e2e.support import run
from tests.support import PATIENT, Checkout, wait_for

STAY = "/tmp/stay"  # of a container: requests stay while it is there, each with a file in it (endpoints.py)


def key() -> dict[str, str]:
    """Return a key that nobody has used yet."""
    return {"Idempotency-Key": uuid.uuid4().hex}


def name_endpoints(docker: Checkout) -> None:
    """Let the proxy send requests to endpoints of the tests once more as well."""
    named = 'idempotent = ["POST /posts"'
    docker.edit("pyproject.toml", named, f'{named}, "POST /tests/exit", "POST /tests/stay", "GET /tests/stay"')


def post(base: str, path: str, headers: Mapping[str, str]) -> int:
    """Send a POST; return the status that it is answered with."""
    return httpx2.post(f"{base}{path}", headers=headers, timeout=PATIENT).status_code


def another_container_answers(base: str, containers: Sequence[str]) -> None:
    """Kill one of two containers that are at two requests each, of which one has a key: that one is answered."""
    for one in containers:
        run("docker", "exec", one, "mkdir", STAY)

    def staying() -> list[int]:
        return [len(run("docker", "exec", one, "ls", STAY).split()) for one in containers]

    with ThreadPoolExecutor(4) as pool:
        sent = []
        for number, headers in enumerate((key(), key(), {}, {}), 1):  # the least busy of the two gets the next one
            sent.append(pool.submit(post, base, "/tests/stay", headers))
            wait_for(lambda number=number: sum(staying()) == number)  # type: ignore[misc]
        assert staying() == [2, 2]
        run("docker", "exec", containers[1], "rm", "-r", STAY)
        run("docker", "kill", containers[0])
        first, second, *others = [one.result() for one in sent]
    assert (first, second, sorted(others)) == (200, 200, [200, 502])
