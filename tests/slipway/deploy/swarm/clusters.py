"""Swarms as they are told of, in few words."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from slipway.deploy.swarm import names
from slipway.deploy.swarm.cluster import Cluster
from slipway.engine.swarm.nodes import Node
from slipway.engine.swarm.services import Service, Task

NAME = "shop-prod"
GB = 10**9
PROXIES = ("node.labels.slipway.proxy == true",)
DATA = ("node.labels.slipway.data == true",)


def node(name: str, manager: str = "", *labels: str, **more: Any) -> Node:
    """Return a node that is ready; `labels` are proxy and data."""
    having = {f"slipway.{label}": "true" for label in labels}
    made = Node(name, 1, {}, name, "ready", "active", manager, "", "26.1.5", 2, 8 * GB, having)
    return replace(made, **more)


def service(
    part: str, count: int = 1, where: Sequence[str] = (), order: str = "start-first", kind: str = names.PART,
    deployment: str = NAME, **resources: Mapping[str, int],
) -> Service:  # fmt: skip
    """Return a service, a global one for a count of 0."""
    spec = {
        "Name": f"{deployment}_{part}", "Labels": names.marks(deployment, kind),
        "Mode": {"Replicated": {"Replicas": count}} if count else {"Global": {}}, "UpdateConfig": {"Order": order},
        "TaskTemplate": {
            "ContainerSpec": {"Image": "image"}, "Placement": {"Constraints": list(where)}, "Resources": resources
        },
    }  # fmt: skip
    return Service(f"{deployment}_{part}", 1, spec)


WEB = service("web", 3)
PROXY = service("proxy", 0, PROXIES, "stop-first")
DATABASE = service("db", 1, DATA, "stop-first")
SINGLE = service("clock", 1, DATA, "stop-first")


def cluster(nodes: Sequence[Node], on: Mapping[str, str], *services: Service, here: str = "n1") -> Cluster:
    """Return a Swarm in which tasks run `on` nodes: their names in a word each, as {"web": "n1 n2 n2"}."""
    every = {one.name: one for one in services or (WEB, PROXY, DATABASE)}
    tasks = [
        Task(f"{part}{number}", name, number, where, "running", "running")
        for name in every
        for part in [name.partition("_")[2]]
        for number, where in enumerate(on.get(part, "").split(), 1)
    ]
    return Cluster(NAME, here, nodes, {one.id: one for one in every.values()}, tasks)
