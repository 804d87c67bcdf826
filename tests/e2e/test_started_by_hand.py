"""What somebody starts with plain Compose in production's project: found by what it is, and mended."""

import json
import os
import subprocess

import pytest

from slipway.project import dotenv
from tests.e2e.production import PROD, change, deployed, live
from tests.e2e.support import run
from tests.e2e.talk import conversation, done
from tests.support import Checkout, wait_for

pytestmark = pytest.mark.minutes(2)
KEY = "SECRET_KEY_FASTAPI_AUTH"


def by_hand(checkout: Checkout, **env: str) -> None:
    """Start proxy and database without `inv`."""
    files = ["--file", "compose.yaml", "--file", "compose.prod.yaml"]
    up = ["docker", "compose", "--project-name", PROD, *files, "up", "--detach", "proxy", "db"]
    environ = {name: value for name, value in checkout.environ(**env).items() if name != "COMPOSE_PROJECT_NAME"}
    subprocess.run(up, cwd=checkout.root, env=environ, check=True, capture_output=True)


def states(checkout: Checkout) -> set[str]:
    """Return how service, database and proxy are."""
    state = json.loads(done(checkout, "status", "--prod", "--json").stdout)
    return {state[name]["state"] for name in ("service", "database", "proxy")}


def ids() -> list[str]:
    """Return the ids of both containers."""
    return run("docker", "inspect", "--format", "{{.Id}}", f"{PROD}-db-1", f"{PROD}-proxy-1").split()


@pytest.mark.full  # what is decided is tested without an engine
def test_what_was_started_without_inv_is_found_and_mended(docker: Checkout) -> None:
    example = (docker.root / ".env.example").read_text()
    docker.write(".env", dotenv.fill(example, {"DATABASE_PASSWORD": 1, KEY: 1}, lambda least: os.urandom(24).hex()))
    by_hand(docker, DEPLOYMENT="slipway-prod")  # as the file had it once
    first = done(docker, "deploy", "--yes", "--bake", "0").stderr
    assert "found      db, proxy: started without inv, and the deployment's all the same" in first
    image = live()
    conversation(docker.url)

    by_hand(docker, DEPLOYMENT="slipway-prod")
    wait_for(lambda: states(docker) == {"ready"})
    assert f"{PROD}-db-1" in done(docker, "ps", "--prod").stdout
    change(docker, "after")
    assert deployed(docker, "--bake", "0", "--recreate-database") != image
    made = ids()
    by_hand(docker)  # as it is now: the same containers, unless .env has more for the proxy
    assert ids() == made
    assert "it is live already" in done(docker, "deploy", "--yes").stderr
    done(docker, "rollback")
    assert live() == image
    conversation(docker.url)
