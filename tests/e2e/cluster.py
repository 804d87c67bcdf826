"""A Docker Swarm of several nodes on this machine: what `.ci/cluster` does, for tests."""

import contextlib
import itertools
import os
import re
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import psutil

from tests.support import ROOT, wait_for

PROGRAM = ROOT / ".ci" / "cluster"
STATES = Path("/tmp")  # as the program has it
PREFIX = "slipway-cluster-"
LIMIT = 400  # seconds: the program's own limits are shorter
COUNT = itertools.count()


@dataclass(frozen=True)
class Cluster:
    """A Swarm of the nodes n1, n2 and so on; `lan` is the wire that they share, where clients are as well."""

    name: str

    @property
    def env(self) -> dict[str, str]:
        """The variables with which the program means this one."""
        return {"CLUSTER": self.name}

    @property
    def folder(self) -> Path:
        """The folder of its state, with a log of each node."""
        return STATES / f"{PREFIX}{self.name}"

    def inside(self, where: str, *argv: str) -> list[str]:
        """Return a command line that runs in the network of a node or of `lan`."""
        return ["env", f"CLUSTER={self.name}", str(PROGRAM), "in", where, *argv]

    def docker(self, node: str, *args: str) -> str:
        """Run a docker command on a node; return its output."""
        return self.said("d", node, *args)

    def context(self, node: str, **env: str) -> str:
        """Make a docker context of a node, that goes with the cluster; return its name."""
        return self.said("context", node, **env)

    def address(self, where: str) -> str:
        """Return the address of a node, of `lan`, or of this machine as the nodes see it (`machine`)."""
        return self.said("address", where)

    def manager(self) -> str:
        """Return a manager that answers; without a leader, none does until there is a new one."""
        wait_for(lambda: self.tool("manager").returncode == 0)
        return self.said("manager")

    def seen(self, node: str) -> str:
        """Return what the Swarm says of a node: ready, down, unknown; nothing while no manager answers."""
        manager = self.tool("manager").stdout.strip()
        asked = ("d", manager, "node", "inspect", "--format", "{{.Status.State}}", node)
        return self.tool(*asked).stdout.strip() if manager else ""

    def label(self, node: str, name: str, value: str = "true") -> None:
        """Give a node a label."""
        self.docker(self.manager(), "node", "update", "--label-add", f"{name}={value}", node)

    def load(self, *images: str) -> None:
        """Bring images of this machine's engine to each node that runs."""
        self.said("load", *images)

    def registry(self, port: int) -> None:
        """Let each node reach a registry of this machine under its name here, localhost:PORT."""
        self.said("forward", str(port))

    def add(self, node: str, disk: str = "") -> None:
        """Let one more node join, as a worker; with a disk of its own of this size (800M), if there is one."""
        self.said("add", node, CLUSTER_DISK=disk)

    def kill(self, node: str) -> None:
        """Kill all that runs on a node; its kernel goes on, and resets connections."""
        self.said("kill", node)

    def cut(self, node: str) -> None:
        """Pull a node's cable; killed after that, it is one without power."""
        self.said("cut", node)

    def mend(self, node: str) -> None:
        """Plug a node's cable in again."""
        self.said("mend", node)

    def stop(self, node: str) -> None:
        """Shut a node down in good order."""
        self.said("stop", node)

    def start(self, node: str) -> None:
        """Boot a node again; its engine answers when this returns."""
        self.said("start", node)

    def down(self) -> None:
        """End and remove all of it."""
        self.said("down")

    def tool(self, *argv: str, **more: str) -> "subprocess.CompletedProcess[str]":
        """Run the program for this cluster."""
        env = {**os.environ, **self.env, **more}
        env.pop("CLUSTER_STATE", None)
        return subprocess.run(
            [str(PROGRAM), *argv], env=env, stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False,
            timeout=LIMIT,
        )  # fmt: skip

    def said(self, *argv: str, **more: str) -> str:
        """Run the program for this cluster, which has to succeed; return its output."""
        done = self.tool(*argv, **more)
        assert done.returncode == 0, f"{argv}: {done.stdout}{done.stderr}"
        return done.stdout.strip()


@contextlib.contextmanager
def cluster(nodes: int = 3, managers: int = 1) -> Iterator[Cluster]:
    """Run a Swarm of so many nodes, the first of them managers; end also what a killed run has left."""
    end_left()
    made = Cluster(f"t{os.getpid()}x{next(COUNT)}")
    try:
        made.said("up", str(nodes), str(managers))
        yield made
    finally:
        made.down()


def end_left() -> None:
    """End the clusters of processes that are no more."""
    for folder in STATES.glob(f"{PREFIX}t*"):
        name = folder.name.removeprefix(PREFIX)
        if (owner := re.fullmatch(r"t(\d+)x\d+", name)) and not psutil.pid_exists(int(owner[1])):
            Cluster(name).down()
