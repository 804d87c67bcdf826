"""Images that tests build, look at and run."""

import contextlib
import json
import secrets
from collections.abc import Iterator
from typing import Any

import httpx2

from slipway.project import dotenv
from tests.e2e.support import run
from tests.e2e.talk import done, eventually
from tests.support import ROOT, Checkout

LOCKED = ("--read-only", "--tmpfs", "/tmp", "--cap-drop", "ALL", "--security-opt", "no-new-privileges")


def built(checkout: Checkout, *options: str) -> str:
    """Build the image; return its tag."""
    return done(checkout, "build", *options).stdout.strip()


def inspect(tag: str) -> dict[str, Any]:
    """Return what the engine says of an image or a container."""
    (one,) = json.loads(run("docker", "inspect", tag))
    return dict(one)


@contextlib.contextmanager
def running(tag: str, *options: str) -> Iterator[tuple[str, httpx2.Client]]:
    """Run an image, until it answers; give the container and a client."""
    example = dotenv.schema((ROOT / ".env.example").read_text()).required
    env = [word for name, value in example.items() for word in ("--env", f"{name}={value or secrets.token_hex(20)}")]
    container = run("docker", "run", "--detach", "--publish", "127.0.0.1::8000", *env, *options, tag)
    try:
        address = run("docker", "port", container, "8000").splitlines()[0]
        with httpx2.Client(base_url=f"http://{address}", timeout=30) as client:
            eventually(client, "/health/live")
            yield container, client
    finally:
        run("docker", "rm", "--force", container)
