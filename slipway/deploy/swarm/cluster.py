"""A Swarm as a deployment sees it: its nodes, what runs where, and where else that could."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass

from slipway.core.errors import Problem
from slipway.core.words import human
from slipway.deploy.compose.labels import DEPLOYMENT
from slipway.deploy.swarm import names
from slipway.engine.api import Api
from slipway.engine.swarm import nodes, services
from slipway.engine.swarm.nodes import ACTIVE, DOWN, DRAIN, READY, Node
from slipway.engine.swarm.services import OVER, Service, Task

LEAST = 25  # of an engine's versions: see `VERSION` in engine/api.py
CONSTRAINT = re.compile(r"\s*([\w.-]+)\s*(==|!=)\s*(.+?)\s*")


@dataclass(frozen=True)
class Disk:
    """The file system that a node's containers write to, in bytes; in all they are 0 where it is too full to tell."""

    free: int
    total: int = 0

    def __str__(self) -> str:
        """Return it for people."""
        return f"{human(self.free)} of {human(self.total)} free" if self.total else "full"


@dataclass(frozen=True)
class Cluster:
    """A Swarm when it was looked at: all of its nodes, services (by id) and tasks; one deployment is asked about.

    `here` is the manager that is asked.
    """

    deployment: str
    here: str
    nodes: Sequence[Node]
    every: Mapping[str, Service]
    tasks: Sequence[Task]

    @property
    def parts(self) -> dict[str, Service]:
        """The services of the deployment that stay, by their names in the Compose files."""
        mine = [one for one in self.every.values() if self.owns(one) and one.labels.get(names.KIND) == names.PART]
        return {one.name.removeprefix(f"{self.deployment}_"): one for one in sorted(mine, key=lambda one: one.name)}

    def owns(self, service: Service | None) -> bool:
        """Tell whether a service is the deployment's."""
        return bool(service and service.labels.get(DEPLOYMENT) == self.deployment)

    def running(self, part: str, on: Node | None = None) -> list[Task]:
        """Return the tasks of one that run, of those on a node if there is one."""
        of = self.parts[part].id
        return [one for one in self.tasks if one.service == of and one.is_running and (not on or one.node == on.id)]

    def runs_on(self, node: Node) -> dict[str, int]:
        """Return how many of each part run on a node."""
        found = {part: len(self.running(part, node)) for part in self.parts}
        return {part: count for part, count in found.items() if count}

    def others_on(self, node: Node) -> int:
        """Return how many tasks run on a node that are not of the deployment."""
        there = [one for one in self.tasks if one.node == node.id and one.is_running]
        return sum(not self.owns(self.every.get(one.service)) for one in there)

    def left_on(self, node: Node) -> int:
        """Return how many tasks of the deployment have not ended on a node; the lock's is nobody's matter."""
        mine = {one.id for one in self.every.values() if self.owns(one) and one.labels.get(names.KIND) != names.LOCK}
        return sum(one.node == node.id and one.service in mine and one.state not in OVER for one in self.tasks)

    def could_run(self, part: str, but: Node | None = None) -> list[Node]:
        """Return the nodes at work that admit tasks of one, `but` this one."""
        asked = ((self.parts[part].spec["TaskTemplate"].get("Placement") or {}).get("Constraints")) or ()
        at_work = [one for one in self.nodes if one.is_at_work and not (but and one.id == but.id)]
        return [one for one in at_work if all(admits(each, one) for each in asked)]

    def find(self, name: str) -> Node:
        """Return the node of a name or id; raises Problem when there is none, or more than one."""
        found = [one for one in self.nodes if name and (one.name == name or one.id.startswith(name))]
        if len(found) == 1:
            return found[0]
        if found:
            ids = ", ".join(one.id[:12] for one in found)
            raise Problem(f"{len(found)} nodes are called {name!r}. Name it by its id: {ids}")
        raise Problem(f"No node is called {name!r}; there are {', '.join(one.name for one in self.nodes)}.")


def look(api: Api, deployment: str) -> Cluster:
    """Look at a Swarm; raises Problem."""
    here, every = nodes.here(api), services.listed(api)
    there = {one.id: one for one in every.values()}
    return Cluster(deployment, here.id, nodes.listed(api), there, services.tasks(api))


def admits(constraint: str, node: Node) -> bool:
    """Tell whether a node has what a constraint wants; what cannot be told here counts as true."""
    found = CONSTRAINT.fullmatch(constraint)
    if not found:
        return True
    key, how, value = found.groups()
    known = {"node.id": node.id, "node.hostname": node.name, "node.role": "manager" if node.manager else "worker"}
    if key.startswith("node.labels."):
        has = node.labels.get(key.removeprefix("node.labels."), "")
    elif key in known:
        has = known[key]
    else:
        return True
    return (has.lower() == value.lower()) is (how == "==")


def is_global(service: Service) -> bool:
    """Tell whether a service has a task on each node that admits it."""
    return "Global" in (service.spec.get("Mode") or {})


def is_replaced_first(service: Service) -> bool:
    """Tell whether a new task of a service is started before the old one is stopped."""
    return (service.spec.get("UpdateConfig") or {}).get("Order") == "start-first"


def state(node: Node) -> str:
    """Return how a node is, in a word."""
    if node.state != READY:
        return "down" if node.state == DOWN else "no answer"
    return {ACTIVE: "ready", DRAIN: "drained"}.get(node.availability, "paused")


def role(node: Node) -> str:
    """Return what a node is to the Swarm, and to the deployment."""
    kinds = {"": "worker", "leader": "leader", "unreachable": "manager without answer"}
    marks = [label.rpartition(".")[2] for label in (names.PROXY_NODE, names.DATA_NODE) if node.has(label)]
    return ", ".join([kinds.get(node.manager, "manager"), *marks])


def shown(cluster: Cluster, node: Node) -> str:
    """Return what runs on a node, for people; of what has one task there, or one in all, how many is not said."""
    found = []
    for part, count in cluster.runs_on(node).items():
        single = is_global(cluster.parts[part]) or len(cluster.running(part)) == 1
        found.append(part if single else f"{count} of {part}")
    if others := cluster.others_on(node):
        found.append(f"{others} of others")
    return ", ".join(found) or "nothing"


def heads() -> tuple[str, ...]:
    """Return what the columns of `row` are called."""
    return "NODE", "IS", "ROLE", "ENGINE", "RUNS", "DISK"


def row(cluster: Cluster, node: Node, disk: Disk | None) -> tuple[str, ...]:
    """Return what is to be said of a node, for people."""
    return node.name, state(node), role(node), node.engine or "-", shown(cluster, node), str(disk or "-")


def described(cluster: Cluster, node: Node, disk: Disk | None) -> dict[str, object]:
    """Return what is to be said of a node, for programs."""
    return {
        "node": node.name, "id": node.id, "is": state(node), "role": node.manager or "worker",
        "proxy": node.has(names.PROXY_NODE), "data": node.has(names.DATA_NODE), "engine": node.engine,
        "runs": cluster.runs_on(node), "others": cluster.others_on(node), "disk": disk and asdict(disk),
        "memory": node.memory,
    }  # fmt: skip


def engines(of: Sequence[Node]) -> list[str]:
    """Say which engines are too old, and whether they differ."""
    versions: dict[str, list[str]] = {}
    for one in of:
        if one.engine:
            versions.setdefault(one.engine, []).append(one.name)
    old = [name for version, found in versions.items() if major(version) < LEAST for name in found]
    told = "; ".join(f"{version} on {', '.join(found)}" for version, found in sorted(versions.items()))
    return [
        *([f"{', '.join(old)}: older than {LEAST}, the least that a deployment on a Swarm needs"] if old else []),
        *([f"the nodes have different ones: {told}"] if len(versions) > 1 else []),
    ]


def major(version: str) -> int:
    """Return the first number of an engine's version; of one that has none, any is new enough."""
    found = re.match(r"\d+", version)
    return int(found[0]) if found else LEAST
