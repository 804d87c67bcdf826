"""A service on a Docker Swarm of several nodes, for tests: its verbs, and what the Swarm has of it."""

import contextlib
import json
import subprocess
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from tests.e2e.cluster import Cluster, cluster
from tests.e2e.load import Load
from tests.e2e.production import PROD
from tests.e2e.registries import Registry
from tests.e2e.support import commit, run
from tests.e2e.talk import done
from tests.support import Checkout

CUT_OFF = ("RemoteProtocolError", "ReadError")  # answers
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

    @property
    def env(self) -> dict[str, str]:
        """The variables with which verbs are run: the context, and the registry's login."""
        return {"DOCKER_CONTEXT": self.context, **self.registry.env}

    def inv(self, *args: str) -> "subprocess.CompletedProcess[str]":
        """Run a verb on the Swarm."""
        return self.docker.inv(*args, **self.env)

    def done(self, *args: str, **env: str) -> "subprocess.CompletedProcess[str]":
        """Run a verb on the Swarm, which has to succeed."""
        return done(self.docker, *args, **self.env, **env)

    def push(self, tag: str) -> None:
        """Build this tree, and push it under a tag."""
        built, named = done(self.docker, "build", "--prod").stdout.strip(), f"{self.registry.repository}:{tag}"
        run("docker", "tag", built, named)
        self.registry.said("docker", "push", "--quiet", named)

    def push_another(self, tag: str, like: str, more: str = "ENV ANOTHER=1") -> None:
        """Push another image that does the same, but for what a Dockerfile says more."""
        named = f"{self.registry.repository}:{tag}"
        with tempfile.TemporaryDirectory() as folder:
            Path(folder, "Dockerfile").write_text(f"FROM {self.registry.repository}:{like}\n{more}\n")
            run("docker", "build", "--quiet", "--tag", named, folder)
        self.registry.said("docker", "push", "--quiet", named)

    def deploy(self, tag: str, *args: str, **env: str) -> dict[str, object]:
        """Deploy a tag; return what the ledger says of it."""
        said = self.done("deploy", "--yes", "--json", "--tag", tag, *args, **env).stdout
        return dict(json.loads(said))

    def tasks(self, service: str) -> list[str]:
        """Return the nodes on which tasks of a service are to run, and how they are."""
        form = "{{.Node}} {{.CurrentState}}"
        command = ("service", "ps", "--filter", "desired-state=running", "--format", form, f"{PROD}_{service}")
        return [" ".join(line.split()[:2]) for line in self.nodes.docker("n1", *command).splitlines()]

    def containers(self, service: str) -> list[tuple[str, str]]:
        """Return the node and the name of each container of a service that runs."""
        command = ("ps", "--format", "{{.Names}}", "--filter", f"name={PROD}_{service}[.]")
        return [(node, name) for node in NODES for name in self.nodes.docker(node, *command).split()]

    def images(self, service: str, at_work: bool = False) -> list[str]:
        """Return the images of a service's tasks: of all that the Swarm remembers, or of those at work."""
        form = "{{.CurrentState}} {{.Image}}"
        listed = self.nodes.docker("n1", "service", "ps", "--format", form, f"{PROD}_{service}").splitlines()
        return sorted({line.split()[-1] for line in listed if line.startswith("Running") or not at_work})

    def errors(self, node: str = "n1") -> str:
        """Return the last that the proxy of a node says went wrong."""
        names = self.nodes.docker(node, "ps", "--format", "{{.Names}}", "--filter", f"name={PROD}_proxy").split()
        script = """docker -H "$0" logs "$1" 2>&1 | grep -iE '"level": ?"error"' | tail -n 8"""
        return run("sh", "-c", script, f"unix://{self.nodes.folder}/{node}/docker.sock", *names[:1])

    def all_is_stored(self, load: Load) -> None:
        """Check that nothing failed, and that what was acknowledged is in the database."""
        assert load.failed == [], load.failed[:5]
        assert int(ask_there(self, "SELECT count(*) FROM posts")) == len(load.stored)
        assert len(load.stored) > 20

    def most_is_stored(self, load: Load, lost: int) -> None:
        """Check that what was acknowledged is stored, and that no more than so many requests failed.

        Those that may be repeated were, unless their answer had begun on a machine that died.
        """
        assert len(load.failed) <= lost, load.failed[:5]
        assert [one for one in load.safe if not one.startswith(CUT_OFF)] == []
        rows = int(ask_there(self, "SELECT count(*) FROM posts"))
        assert len(load.stored) <= rows <= len(load.stored) + len(load.failed)

    def leader(self) -> str:
        """Return the manager that leads the others."""
        form = "{{.Hostname}} {{.ManagerStatus}}"
        listed = self.nodes.docker(self.nodes.manager(), "node", "ls", "--format", form).splitlines()
        return next(line.split()[0] for line in listed if line.endswith("Leader"))


def ask_there(swarm: Swarm, query: str) -> str:
    """Return what psql prints of a query."""
    return swarm.done("psql", "--prod", "--", "-Atc", query).stdout.strip()


def live(swarm: Swarm) -> dict[str, object]:
    """Return what the ledger says of the live release."""
    return [dict(one) for one in json.loads(swarm.done("releases", "--json").stdout) if one["is_live"]][-1]


@contextlib.contextmanager
def on_swarm(
    docker: Checkout, registry: Registry, nodes: int = 3, managers: int = 1, data: str = "n1"
) -> Iterator[Swarm]:
    """Give the clone a cluster, of which two nodes have the proxy, and one the data."""
    docker.edit("pyproject.toml", "[tool.slipway.tests]", PLACE)
    commit(docker, "Production on a Swarm")
    with on_nodes(docker, registry, nodes, managers, data) as made:
        yield made


@contextlib.contextmanager
def on_nodes(
    docker: Checkout, registry: Registry, nodes: int = 3, managers: int = 1, data: str = "n1"
) -> Iterator[Swarm]:
    """Give likewise what the clone may be deployed to, as one engine or as a Swarm."""
    with cluster(nodes, managers) as made:
        made.registry(registry.port)
        made.load("caddy:2", "postgres:17")
        for node in NODES[: min(2, nodes)]:
            made.label(node, "slipway.proxy")
        made.label(data, "slipway.data")
        yield Swarm(docker, made, registry, made.context("n1", **registry.env))
