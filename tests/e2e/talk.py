"""What the end-to-end tests say to the service and to its verbs, on either runtime."""

import ssl
import subprocess
import time

import httpx2

from slipway.project import dotenv
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


SECRETS = ("DATABASE_PASSWORD", "SECRET_KEY_FASTAPI_AUTH")
TELL = """
import base64
import sys
import time

from pydantic import BaseModel


class Told(BaseModel):
    number: int
    other: int


from app.core.config import get_settings

for secret in (get_settings().database_password, get_settings().secret_key_fastapi_auth):
    value = secret.get_secret_value()
    sys.stderr.write(f"{value!r} {value.encode()} {base64.b64encode(value.encode())} {value[:9]}")
    sys.stderr.flush()
    time.sleep(0.3)
    sys.stderr.write(f"{value[9:]}\\n\\x1b]0;a title\\x07\\n")
    try:
        Told(number=value * 2)
    except ValueError as error:
        sys.stderr.write(f"{error}\\n")
sys.stderr.write("It has told all.\\n")
sys.exit(3)  # with which gunicorn gives up at once

"""


def telling_nothing(checkout: Checkout, file: str, before: str, *verbs: tuple[str, ...]) -> None:
    """Let a file of the service print all secrets and fail: no verb shows one."""
    checkout.edit(file, before, TELL + before)
    for verb in verbs:
        failed = checkout.inv(*verb)
        said = failed.stdout + failed.stderr
        assert failed.returncode == 1, said
        assert "It has told all." in said
        assert "input_value=" in said
        assert said.count("[secret]") >= 10
        assert "\x1b" not in said
        settings = checkout.root / (".env.prod" if verb[0] == "deploy" else ".env")
        values, _ = dotenv.parse(settings.read_text())
        for name in SECRETS:
            for part in (values[name], values[name][:8], values[name][-8:]):
                assert part not in said
    checkout.edit(file, TELL + before, before)
