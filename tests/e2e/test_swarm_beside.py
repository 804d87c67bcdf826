"""What stands beside web on a Swarm: workers, a single process, a companion with a volume; and another environment."""

import contextlib
import json

import pytest

from tests.e2e import beside
from tests.e2e.load import Load, under_load
from tests.e2e.production import PROD, after
from tests.e2e.registries import Registry
from tests.e2e.support import NAME
from tests.e2e.swarm import Swarm, ask_there, live, on_swarm
from tests.e2e.talk import conversation, done, token
from tests.support import Checkout, free_port, wait_for

pytestmark = [pytest.mark.full, pytest.mark.minutes(6)]
RATE = 10
STAGING = '\n[tool.slipway.environments.staging]\norchestrator = "swarm"\nport = {port}\n'
CACHE = """  cache:
    image: redis:8
    restart: unless-stopped
    command: [redis-server, --appendonly, "yes"]
    volumes: ["cache:/data"]
    healthcheck: {test: [CMD, redis-cli, ping], interval: 1s, start_interval: 250ms, start_period: 30s}

"""
KINDS = {
    "services": ("service", "ls", "--format", "{{.Name}}"),
    "networks": ("network", "ls", "--format", "{{.Name}}"),
    "secrets": ("secret", "ls", "--format", "{{.Name}}"),
    "configs": ("config", "ls", "--format", "{{.Name}}"),
}


def test_processes_companions_and_another_environment(docker: Checkout, plain: Registry) -> None:
    beside.add(docker)
    docker.edit("compose.prod.yaml", "services:\n", f"services:\n{CACHE}")
    docker.edit("compose.prod.yaml", "\nvolumes:\n", "\nvolumes:\n  cache:\n")
    with (docker.root / "pyproject.toml").open("a") as file:
        file.write(STAGING.format(port=free_port()))
    with on_swarm(docker, plain) as swarm:
        swarm.nodes.load("redis:8")
        swarm.nodes.label("n1", "slipway.data", "false")
        swarm.nodes.label("n3", "slipway.data")  # a worker: the Swarm decides on without it
        swarm.push("r1")
        swarm.push_another("r2", like="r1")
        swarm.deploy("r1", "--scale", "web=2,worker=2", "--bake", "0")
        own = swarm.docker.env.pop("PORT")  # the shell's would be that of both
        staging = json.loads(
            swarm.done("deploy", "--env", "staging", "--yes", "--json", "--tag", "r1", "--bake", "0").stdout
        )
        swarm.docker.env["PORT"] = own
        nothing_is_shared(swarm)
        said_to_cache(swarm, PROD, "set", "kept", "by-prod")
        assert said_to_cache(swarm, f"{NAME}-staging", "get", "kept") == ""
        with under_load(swarm.base(), token(swarm.base()), RATE) as load:
            are_replaced_scaled_and_drained(swarm)
            after(load, RATE)
        all_is_done(swarm, load)
        swarm.done("down", "--env", "staging", "--volumes", "--yes")
        assert of(swarm, "services", f"{NAME}-staging") == set()
        assert staging["outcome"] == "live"
        the_node_with_the_data_is_lost(swarm, len(load.stored))


def of(swarm: Swarm, kind: str, deployment: str) -> set[str]:
    """Return the names of what a deployment has on the Swarm."""
    wanted = ("--filter", f"label=dev.slipway.deployment={deployment}")
    return {*swarm.nodes.docker("n1", *KINDS[kind], *wanted).split()}


def nothing_is_shared(swarm: Swarm) -> None:
    """Compare what the two environments have."""
    for kind in KINDS:
        prod, staging = of(swarm, kind, PROD), of(swarm, kind, f"{NAME}-staging")
        assert prod, kind
        assert staging, kind
        assert not prod & staging, kind
    volumes = swarm.nodes.docker("n3", "volume", "ls", "--quiet").split()
    for deployment in (PROD, f"{NAME}-staging"):
        assert f"{deployment}_cache" in volumes


def said_to_cache(swarm: Swarm, deployment: str, *words: str) -> str:
    """Say something to a deployment's Redis; return the answer."""
    name = swarm.nodes.docker("n3", "ps", "--format", "{{.Names}}", "--filter", f"name={deployment}_cache").split()[0]
    return swarm.nodes.docker("n3", "exec", name, "redis-cli", "--raw", *words)


def are_replaced_scaled_and_drained(swarm: Swarm) -> None:
    """Do to all of them what is done to web."""
    assert swarm.tasks("scheduler") == ["n3 Running"]
    second = swarm.deploy("r2", "--bake", "1")
    assert second["replicas"] == {"scheduler": 1, "worker": 2}
    swarm.done("rollback")
    assert live(swarm)["release"] != second["release"]
    swarm.deploy("r2", "--force", "--scale", "worker=3", "--bake", "0")
    assert len(swarm.tasks("worker")) == 3
    swarm.done("drain", "n2", "--yes")
    assert not [one for name in ("web", "worker") for one in swarm.tasks(name) if one.startswith("n2")]
    swarm.done("drain", "n2", "--back")
    assert len(swarm.tasks("worker")) == 3
    assert said_to_cache(swarm, PROD, "get", "kept") == "by-prod"


def all_is_done(swarm: Swarm, load: Load) -> None:
    """Check that each post's job was done, and that never two schedulers were at work."""
    swarm.all_is_stored(load)
    wait_for(lambda: ask_there(swarm, "SELECT count(*) FROM jobs WHERE done IS NULL") == "0")
    assert ask_there(swarm, "SELECT (SELECT count(*) FROM jobs) - (SELECT count(*) FROM posts)") == "0"
    assert ask_there(swarm, beside.BEATS) == "0"
    assert int(ask_there(swarm, "SELECT count(DISTINCT who) FROM beats")) > 1


def the_node_with_the_data_is_lost(swarm: Swarm, posts: int) -> None:
    """Let its power go: what it has is away until it is back, a deployment says so, and nothing of it is lost."""
    swarm.nodes.cut("n3")
    swarm.nodes.kill("n3")
    wait_for(lambda: swarm.nodes.seen("n3") == "down")
    states = json.loads(swarm.done("status", "--prod", "--json").stdout)
    assert (states["database"]["state"], states["cache"]["state"]) == ("stopped", "stopped")
    refused = swarm.inv("deploy", "--yes", "--tag", "r1")
    assert refused.returncode == 1
    assert "n3, on which the data is, is not at work (down)" in refused.stderr, refused.stderr
    swarm.nodes.mend("n3")
    swarm.nodes.start("n3")
    for service in ("db", "cache", "scheduler"):
        wait_for(lambda service=service: swarm.tasks(service) == ["n3 Running"], limit=90)  # type: ignore[misc]
    wait_for(lambda: swarm.inv("psql", "--prod", "--", "-Atc", "SELECT 1").stdout.strip() == "1")
    assert int(ask_there(swarm, "SELECT count(*) FROM posts")) == posts
    assert said_to_cache(swarm, PROD, "get", "kept") == "by-prod"
    wait_for(lambda: answers_well(swarm.base()))  # web finds out within 40 s which connections ended without a word
    assert done(swarm.docker, "status", "--prod", **swarm.env).returncode == 0


def answers_well(base: str) -> bool:
    """Tell whether the service does all that it is there for."""
    with contextlib.suppress(AssertionError, KeyError):
        conversation(base)
        return True
    return False
