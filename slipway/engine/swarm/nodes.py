"""Nodes of a Swarm."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from slipway.core.errors import Problem
from slipway.engine.api import Api

READY, DOWN, UNKNOWN = "ready", "down", "unknown"
ACTIVE, PAUSE, DRAIN = "active", "pause", "drain"


@dataclass(frozen=True)
class Node:
    """A node: how it is, whether it takes tasks, what it is to the Swarm, and what it has.

    `manager` is "" for a worker, "leader" for the one that decides, else "reachable" or "unreachable". `memory` is in
    bytes.
    """

    id: str
    version: int
    spec: Mapping[str, Any]
    name: str
    state: str
    availability: str
    manager: str = ""
    address: str = ""
    engine: str = ""
    cpus: float = 0
    memory: int = 0
    labels: Mapping[str, str] = field(default_factory=dict)

    @classmethod
    def of(cls, facts: Mapping[str, Any]) -> "Node":
        """Read what the API tells of one."""
        spec, about, status = facts["Spec"], facts.get("Description") or {}, facts.get("Status") or {}
        managing, has = facts.get("ManagerStatus") or {}, about.get("Resources") or {}
        role = "leader" if managing.get("Leader") else managing.get("Reachability", "")
        return cls(
            facts["ID"], facts["Version"]["Index"], spec, about.get("Hostname", ""), status.get("State", ""),
            spec.get("Availability", ""), role, status.get("Addr", ""),
            (about.get("Engine") or {}).get("EngineVersion", ""), has.get("NanoCPUs", 0) / 1e9,
            has.get("MemoryBytes", 0), spec.get("Labels") or {},
        )  # fmt: skip

    @property
    def is_at_work(self) -> bool:
        """Whether tasks run there."""
        return self.state == READY and self.availability == ACTIVE

    def has(self, label: str) -> bool:
        """Tell whether it has a label that says true."""
        return self.labels.get(label) == "true"


def listed(api: Api) -> list[Node]:
    """Return all nodes, by name; raises Problem."""
    return sorted((Node.of(one) for one in api.get("/nodes")), key=lambda one: (one.name, one.id))


def called(api: Api) -> dict[str, str]:
    """Return the names of all nodes, by id; raises Problem."""
    return {one.id: one.name for one in listed(api)}


def find(api: Api, node: str) -> Node | None:
    """Return a node by its id, or None; raises Problem."""
    found = api.find(f"/nodes/{node}") if node else None
    return Node.of(found) if found else None


def here(api: Api) -> Node:
    """Return the node that is asked; raises Problem when it is no manager of a Swarm."""
    swarm = api.get("/info").get("Swarm") or {}
    found = find(api, swarm.get("NodeID", "")) if swarm.get("ControlAvailable") else None
    if found:
        return found
    if swarm.get("LocalNodeState") == "active":
        raise Problem(
            "This engine is a worker of a Swarm, and only managers tell and decide. To deploy by one of them, name its "
            "Docker context: --context NAME"
        )
    raise Problem(
        "This engine is in no Swarm. To make it the first manager of one: docker swarm init. To deploy to another one, "
        "name its Docker context: --context NAME"
    )


def change(api: Api, node: Node, spec: Mapping[str, Any]) -> None:
    """Let a node be what a spec says, unless somebody has changed it since it was looked at; raises Problem."""
    api.post(f"/nodes/{node.id}/update", spec, version=str(node.version))
