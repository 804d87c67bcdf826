"""Deploys to a Docker Swarm of several nodes: the same verbs, and no request is lost."""

import json
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass

import pytest

from tests.e2e.cluster import Cluster, cluster
from tests.e2e.load import Load, under_load
from tests.e2e.production import PROD, after, change
from tests.e2e.registries import Registry
from tests.e2e.support import commit, run
from tests.e2e.talk import conversation, done, token
from tests.support import Checkout, wait_for

pytestmark = pytest.mark.minutes(3)
NODES = ("n1", "n2", "n3")
PLACE = '[tool.slipway.environments.prod]\norchestrator = "swarm"\n\n[tool.slipway.tests]'


@dataclass
class Swarm:
    """The clone, whose production is on a cluster, and its registry."""

    docker: Checkout
    nodes: Cluster
    registry: Registry
    context: str

    def base(self, node: str = "n1") -> str:
        """Return the address of the service on a node."""
        return f"http://{self.nodes.address(node)}:{self.docker.env['PORT']}"

    def inv(self, *args: str) -> "subprocess.CompletedProcess[str]":
        """Run a verb on the Swarm."""
        return self.docker.inv(*args, DOCKER_CONTEXT=self.context)

    def done(self, *args: str) -> "subprocess.CompletedProcess[str]":
        """Run a verb on the Swarm, which has to succeed."""
        return done(self.docker, *args, DOCKER_CONTEXT=self.context)

    def push(self, tag: str) -> None:
        """Build this tree, and push it under a tag."""
        built, named = done(self.docker, "build", "--prod").stdout.strip(), f"{self.registry.repository}:{tag}"
        run("docker", "tag", built, named)
        run("docker", "push", "--quiet", named)

    def deploy(self, tag: str, *args: str) -> dict[str, object]:
        """Deploy a tag; return what the ledger says of it."""
        said = self.done("deploy", "--yes", "--json", "--tag", tag, *args).stdout
        return dict(json.loads(said))

    def tasks(self, service: str) -> list[str]:
        """Return the nodes on which tasks of a service are to run, and how they are."""
        form = "{{.Node}} {{.CurrentState}}"
        command = ("service", "ps", "--filter", "desired-state=running", "--format", form, f"{PROD}_{service}")
        return [" ".join(line.split()[:2]) for line in self.nodes.docker("n1", *command).splitlines()]

    def all_is_stored(self, load: Load) -> None:
        """Check that nothing failed, and that what was acknowledged is in the database."""
        assert load.failed == [], load.failed[:5]
        assert int(ask_there(self, "SELECT count(*) FROM posts")) == len(load.stored)
        assert len(load.stored) > 20


def ask_there(swarm: Swarm, query: str) -> str:
    """Return what psql prints of a query."""
    return swarm.done("psql", "--prod", "--", "-Atc", query).stdout.strip()


@pytest.fixture
def swarm(docker: Checkout, plain: Registry) -> Iterator[Swarm]:
    """Give a cluster of three nodes, of which two have the proxy, and one the data."""
    docker.edit("pyproject.toml", "[tool.slipway.tests]", PLACE)
    commit(docker, "Production on a Swarm")
    with cluster(len(NODES)) as nodes:
        nodes.registry(plain.port)
        nodes.load("caddy:2", "postgres:17")
        for node in NODES[:2]:
            nodes.label(node, "slipway.proxy")
        nodes.label("n1", "slipway.data")
        yield Swarm(docker, nodes, plain, nodes.context("n1"))


def test_releases_replace_each_other_on_three_nodes_and_lose_no_request(swarm: Swarm) -> None:
    swarm.push("r1")
    first = swarm.deploy("r1", "--scale", "3", "--bake", "0")
    conversation(swarm.base("n2"))
    posts = int(ask_there(swarm, "SELECT count(*) FROM posts"))
    a_tree_is_in_no_registry(swarm)
    with under_load(swarm.base(), token(swarm.base()), 20) as load:
        change(swarm.docker, "second")
        swarm.push("r2")
        second = swarm.deploy("r2", "--bake", "2")
        assert (second["outcome"], second["scale"]) == ("live", 3)
        assert {one.split()[1] for one in swarm.tasks("web")} == {"Running"}
        nothing = swarm.done("deploy", "--yes", "--tag", "r2")
        assert "it is live already" in nothing.stderr, nothing.stderr
        a_bad_one_is_refused(swarm, second)
        swarm.done("rollback")
        assert live(swarm)["release"] == first["release"]
        after(load, 20)
    ask_there(swarm, f"DELETE FROM posts WHERE id IN (SELECT id FROM posts ORDER BY id LIMIT {posts})")
    swarm.all_is_stored(load)
    ledger = json.loads(swarm.done("releases", "--json").stdout)
    assert [(one["what"], one["outcome"]) for one in ledger] == [
        ("deploy", "live"), ("deploy", "live"), ("deploy", "failed"), ("rollback", "live"),
    ]  # fmt: skip
    what_hardens_is_kept(swarm)
    a_node_is_lost(swarm)


def live(swarm: Swarm) -> dict[str, object]:
    """Return what the ledger says of the live release."""
    return [dict(one) for one in json.loads(swarm.done("releases", "--json").stdout) if one["is_live"]][-1]


def a_tree_is_in_no_registry(swarm: Swarm) -> None:
    """Try to deploy what no node could pull."""
    refused = swarm.inv("deploy", "--yes")
    assert refused.returncode == 1
    assert "The nodes of a Swarm pull images from a registry" in refused.stderr
    assert "./inv deploy --tag VERSION" in refused.stderr


def a_bad_one_is_refused(swarm: Swarm, before: dict[str, object]) -> None:
    """Deploy one that ends at once: nobody is led to it."""
    swarm.docker.edit("app/main.py", "MAX_BODY =", "import nowhere\n\nMAX_BODY =")
    commit(swarm.docker, "A bad one")
    swarm.push("bad")
    failed = swarm.inv("deploy", "--yes", "--tag", "bad")
    assert failed.returncode == 1
    assert "No module named 'nowhere'" in failed.stderr
    assert "The new release ended with status 1" in failed.stderr
    assert live(swarm)["release"] == before["release"]
    run("git", "reset", "--quiet", "--hard", "HEAD~1", cwd=swarm.docker.root)


def what_hardens_is_kept(swarm: Swarm) -> None:
    """Look at a container of web on the manager's node, or at the database's."""
    names = swarm.nodes.docker("n1", "ps", "--format", "{{.Names}}").split()
    web = next((one for one in names if one.startswith(f"{PROD}_web.")), next(one for one in names if "_db." in one))
    status = swarm.nodes.docker("n1", "exec", web, "cat", "/proc/1/status")
    facts = dict(line.split(":\t", 1) for line in status.splitlines() if ":\t" in line)
    assert (facts["NoNewPrivs"], int(facts["CapEff"], 16)) == ("1", 0)
    host = json.loads(swarm.nodes.docker("n1", "inspect", "--format", "{{json .HostConfig}}", web))
    assert (host["ReadonlyRootfs"], host["Memory"], host["PidsLimit"]) == (True, 2**30, 512)
    secrets = swarm.nodes.docker("n1", "exec", web, "ls", "-ln", "/run/secrets/DATABASE_PASSWORD").split()
    assert secrets[0] == "-r--------"


def a_node_is_lost(swarm: Swarm) -> None:
    """Pull a worker node's cable, and let its power go: the others take over what it had."""
    swarm.nodes.cut("n3")
    swarm.nodes.kill("n3")
    wait_for(lambda: swarm.nodes.seen("n3") == "down")
    wait_for(lambda: len(running := swarm.tasks("web")) == 3 and {*running} == {"n1 Running", "n2 Running"})
    for node in NODES[:2]:
        conversation(swarm.base(node))
    status = json.loads(swarm.done("status", "--prod", "--json").stdout)
    assert (status["service"]["state"], status["proxy"]["nodes"]) == ("running", 2)
