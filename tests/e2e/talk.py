"""What the end-to-end tests say to the service and to its verbs, on either runtime."""

import ssl
import subprocess
import time

import httpx2

from tests.support import PATIENT, Checkout


def done(checkout: Checkout, *args: str, **env: str) -> subprocess.CompletedProcess[str]:
    """Run a verb that has to succeed."""
    ended = checkout.inv(*args, **env)
    assert ended.returncode == 0, ended.stdout + ended.stderr
    return ended


def ask(checkout: Checkout, query: str, *prod: str) -> str:
    """Return what psql prints of a query."""
    return done(checkout, "psql", *prod, "--", "-Atc", query).stdout.strip()


def eventually(client: httpx2.Client, path: str) -> httpx2.Response:
    """Ask until the server answers."""
    for _ in range(400):
        try:
            return client.get(path)
        except httpx2.TransportError:
            time.sleep(0.05)
    raise AssertionError("the server never answered")


def credentials() -> dict[str, str]:
    """Return those of somebody new."""
    return {"email": f"{time.time_ns()}@example.com", "password": "correct horse"}


def token(base: str, verify: ssl.SSLContext | bool = True) -> dict[str, str]:
    """Register somebody; return the headers of their requests."""
    new = credentials()
    form = {"username": new["email"], "password": new["password"]}
    with httpx2.Client(base_url=base, timeout=PATIENT, verify=verify) as client:
        assert client.post("/users", json=new).status_code == 201
        tokens = client.post("/users/token", data=form).json()
    return {"Authorization": f"Bearer {tokens['access_token']}"}


def conversation(base: str) -> None:
    """Register, log in, create a post and find it in the list."""
    with httpx2.Client(base_url=base, headers=token(base), timeout=PATIENT) as client:
        created = client.post("/posts", json={"title": "A", "content": "B"})
        assert created.status_code == 201
        assert created.json() in client.get("/posts").json()["items"]


def verbs_with_a_broken_env(checkout: Checkout) -> None:
    """Break .env of a running service: looking and stopping work, starting is refused, and nothing of it is shown."""
    secret = "half-a-secret-that-nobody-closed"
    checkout.edit(".env", "SECRET_KEY_FASTAPI_AUTH=", f'SECRET_KEY_FASTAPI_AUTH="{secret}')

    for verb in ("status", "ps", "logs", "up", "down"):
        done = checkout.inv(verb)
        assert done.returncode == (1 if verb == "up" else 0), done.stderr
        assert secret not in done.stdout + done.stderr
