"""Deploys to an engine on another machine, and that machine restarted."""

import json
import os
import tempfile
from collections.abc import Iterator
from pathlib import Path

import httpx2
import pytest

from tests.e2e.engine import Engine
from tests.e2e.support import NAME
from tests.e2e.talk import conversation, done
from tests.support import Checkout, wait_for

pytestmark = pytest.mark.minutes(1)
PROD = f"{NAME}-prod"


@pytest.fixture
def engine(docker: Checkout) -> Iterator[Engine]:
    """Run a second engine that cannot see the clone."""
    with tempfile.TemporaryDirectory(prefix="engine-") as folder:  # a socket's path may not be long
        engine = Engine(Path(folder), docker.root)
        engine.start()
        try:
            yield engine
        finally:
            engine.stop()


def test_a_release_is_deployed_elsewhere_and_comes_back_with_its_machine(docker: Checkout, engine: Engine) -> None:
    image = done(docker, "build", "--prod").stdout.strip()
    engine.load("caddy:2", "postgres:17", image)
    env = {"DOCKER_CONFIG": str(engine.folder / "config")}
    there = ("--context", "elsewhere")
    create = ["context", "create", "elsewhere", "--docker", f"host={engine.host}"]
    os.spawnvpe(os.P_WAIT, "docker", ["docker", *create], {**os.environ, **env})

    deployed = done(docker, "deploy", "--yes", "--bake", "1", *there, **env)
    assert "DOCKER_CONTEXT=elsewhere" in deployed.stderr
    engine.there(lambda: conversation(docker.url))
    done(docker, "deploy", "--yes", "--bake", "1", *there, **env, LOG_FORMAT="text")
    done(docker, "rollback", *there, **env)
    engine.there(lambda: conversation(docker.url))
    names = engine.docker("ps", "--all", "--format", "{{.Names}}").split()
    mounts = [
        mount for name in names for mount in json.loads(engine.docker("inspect", "--format", "{{json .Mounts}}", name))
    ]
    assert {mount["Type"] for mount in mounts} == {"volume"}
    running = sorted(engine.docker("ps", "--format", "{{.Names}}").split())
    assert len(running) == 3

    engine.stop()
    engine.start()

    def answers() -> bool:
        try:
            return httpx2.get(docker.url, timeout=10).status_code == 200
        except httpx2.TransportError:
            return False

    wait_for(lambda: engine.there(answers))
    engine.there(lambda: conversation(docker.url))
    assert sorted(engine.docker("ps", "--format", "{{.Names}}").split()) == running
    status = json.loads(done(docker, "status", "--prod", "--json", *there, **env).stdout)
    assert (status["service"]["image"], status["service"]["state"]) == (image, "ready")
    done(docker, "down", "--prod", "--volumes", "--yes", *there, **env)
    assert engine.docker("ps", "--all", "--quiet") == ""
    assert engine.docker("volume", "ls", "--quiet") == ""
