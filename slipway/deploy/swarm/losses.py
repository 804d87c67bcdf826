"""What would happen if a node went: told by `inv nodes`, and asked by `inv drain`. All of it is decided of facts."""

from collections.abc import Sequence

from slipway.core.words import human
from slipway.deploy.compose.labels import PROXY
from slipway.deploy.swarm import names
from slipway.deploy.swarm.cluster import Cluster, is_global, is_replaced_first, state
from slipway.deploy.swarm.records import replicas
from slipway.engine.swarm.nodes import ACTIVE, READY, UNKNOWN, Node
from slipway.engine.swarm.services import Service
from slipway.runtime import State
from slipway.runtime.jobs import DATABASE

NOTHING = "nothing"
AWAY = "it is away already"
RESTS = "it does not answer; once it does again, it gets no tasks"
CANNOT = "nothing can be deployed or started elsewhere, what runs goes on"


def of_node(cluster: Cluster, node: Node, drained: bool = False) -> list[str]:
    """Say what happens once a node is lost, or `drained`; "nothing" is said as well."""
    if node.state != READY:
        return [RESTS if drained else AWAY]
    managers = "" if drained else managing(cluster.nodes, node)
    moves = CANNOT not in managers
    said = [_part(cluster, part, node, moves, drained) for part in cluster.runs_on(node)]
    said += [*(crowded(cluster, node) if moves else []), managers]
    if drained and cluster.here == node.id:
        said.append("no deployment can be told to this manager until it is back: name another one's context")
    if others := cluster.others_on(node):
        said.append(f"of others than {cluster.deployment}, {others} task{'s' if others > 1 else ''} run there")
    return [one for one in said if one] or [NOTHING]


def lost(nodes: Sequence[Node]) -> dict[str, State]:
    """Return the state of the nodes that don't answer, for what is said of a production; nothing without one.

    A new leader knows nothing of any for some seconds.
    """
    found = [f"{one.name} ({state(one)})" for one in nodes if one.state not in (READY, UNKNOWN)]
    return {"nodes": State("lost", {"which": ", ".join(found), "more": "./inv nodes"})} if found else {}


def _part(cluster: Cluster, part: str, node: Node, moves: bool, drained: bool) -> str:
    there, every = len(cluster.running(part, node)), len(cluster.running(part))
    what = "the database" if part == DATABASE else part
    if is_global(cluster.parts[part]):
        return _everywhere(cluster, part, node)
    if not cluster.could_run(part, node):
        how = "away until it is back"
    elif not moves:
        how = "away, and not started elsewhere"
    elif drained and is_replaced_first(cluster.parts[part]):
        return f"{part}: {there} of {every} start{_s(there)} elsewhere, and then end{_s(there)} here"
    elif there == every:
        how = "away until it has started elsewhere"
    else:
        return f"{part}: {there} of {every} start{_s(there)} elsewhere, the others go on"
    if there == every:
        return f"{what} is {how}"
    return f"{part}: {there} of {every} {'are' if there > 1 else 'is'} {how}"


def _s(count: int) -> str:
    return "s" if count == 1 else ""


def _everywhere(cluster: Cluster, part: str, node: Node) -> str:
    also = _names(cluster, [one.node for one in cluster.running(part) if one.node != node.id])
    if part != PROXY:
        return f"{part} is away there until it is back"
    if not also:
        return "no proxy is left: clients find nobody"
    return f"clients that come to it find nobody: {also} {'have' if ' and ' in also else 'has'} the proxy as well"


def _names(cluster: Cluster, ids: Sequence[str]) -> str:
    found = [one.name for one in cluster.nodes if one.id in ids]
    return " and ".join(filter(None, [", ".join(found[:-1]), *found[-1:]]))


def managing(nodes: Sequence[Node], node: Node) -> str:
    """Say what the loss of a node means to the Swarm; "" for a worker."""
    managers = [one for one in nodes if one.manager]
    if not node.manager:
        return ""
    left = [one for one in managers if one.id != node.id and one.manager != "unreachable" and one.state == READY]
    if len(managers) == 1:
        return f"it is the only manager: {CANNOT}"
    if (spare := len(left) - (len(managers) // 2 + 1)) < 0:
        return f"the Swarm has no majority of managers: {CANNOT}"
    return f"{len(left)} of {len(managers)} managers decide on, {f'{spare} more' if spare else 'no other one'} may go"


def crowded(cluster: Cluster, node: Node) -> list[str]:
    """Say what has no room on the other nodes, by what is reserved, and whether limits are more than there is.

    Without reservations the Swarm starts all of it, however full a node is.
    """
    free = {one.id: one.memory - _sum(cluster, one, "Reservations") for one in cluster.nodes if one.is_at_work}
    free.pop(node.id, None)
    coming, said = 0, []
    for part in sorted(cluster.runs_on(node), key=lambda one: -_memory(cluster.parts[one], "Reservations")):
        fitting = [one.id for one in cluster.could_run(part, node)]
        if is_global(cluster.parts[part]) or not fitting:
            continue
        there, each = len(cluster.running(part, node)), _memory(cluster.parts[part], "Reservations")
        coming += there * _memory(cluster.parts[part], "Limits")
        waiting = 0
        for _ in range(there):
            best = max(fitting, key=lambda one: free[one])
            if each > free[best]:
                waiting += 1
            else:
                free[best] -= each
        if waiting:
            said.append(f"{part}: {waiting} of {len(cluster.running(part))} wait, no node has {human(each)} to reserve")
    at_work = [one for one in cluster.nodes if one.id in free]
    limits, memory = coming + sum(_sum(cluster, one, "Limits") for one in at_work), sum(one.memory for one in at_work)
    if coming and limits > memory:
        said.append(f"what then runs elsewhere may take {human(limits)} by its limits, of {human(memory)} of memory")
    return said


def _sum(cluster: Cluster, node: Node, kind: str) -> int:
    there = [cluster.every.get(one.service) for one in cluster.tasks if one.node == node.id and one.is_running]
    return sum(_memory(one, kind) for one in there if one)


def _memory(service: Service, kind: str) -> int:
    return int(((service.spec["TaskTemplate"].get("Resources") or {}).get(kind) or {}).get("MemoryBytes") or 0)


def refusal(cluster: Cluster, node: Node, database: bool) -> str:
    """Say why a node is not drained, and the way on; "" when nothing is against it.

    With `database`, it may be the node that has the database, although that is away meanwhile.
    """
    runs, others = cluster.runs_on(node), [one for one in cluster.nodes if one.is_at_work and one.id != node.id]
    if not others:
        return f"{node.name} is the only node at work: nothing would run. Add one: docker swarm join-token worker"
    if PROXY in runs and not [one for one in cluster.running(PROXY) if one.node != node.id]:
        resting = [
            one.name
            for one in cluster.nodes
            if one.has(names.PROXY_NODE) and one.availability != ACTIVE and one.id != node.id
        ]
        label = f"docker node update --label-add {names.PROXY_NODE}=true {others[0].name}"
        return (
            "No other node has a proxy that runs: clients would find nobody. Let them come to another one as well: "
            f"{f'./inv drain {resting[0]} --back' if resting else label}"
        )
    if DATABASE in runs and not database and not cluster.could_run(DATABASE, node):
        return (
            f"{node.name} has the database, which can run nowhere else: it would be away until the node is back. If "
            f"that is meant: ./inv drain {node.name} --database"
        )
    if full := [one for one in crowded(cluster, node) if " wait, " in one]:
        return f"{full[0]}. Add a node (docker swarm join-token worker), or have fewer: ./inv deploy --scale"
    return ""


def movable(cluster: Cluster, node: Node) -> dict[str, int]:
    """Return what runs on a node and starts elsewhere once it is drained, with how many of it run in all."""
    return {
        part: len(cluster.running(part))
        for part in cluster.runs_on(node)
        if not is_global(cluster.parts[part]) and cluster.could_run(part, node)
    }


def replaceable(cluster: Cluster, node: Node) -> dict[str, int]:
    """Return how many of each part run on a node and can be started elsewhere before they end here."""
    return {
        part: len(cluster.running(part, node))
        for part in movable(cluster, node)
        if is_replaced_first(cluster.parts[part])
    }


def wanted(cluster: Cluster) -> dict[str, int]:
    """Return how many of each part are to run on the nodes that are at work."""
    return {
        part: len(nodes) if is_global(service) else replicas(service.spec)
        for part, service in cluster.parts.items()
        if (nodes := cluster.could_run(part))
    }


def lacking(cluster: Cluster) -> list[str]:
    """Say of which parts fewer run than are to, wherever those could."""
    found = []
    for part, service in cluster.parts.items():
        many = len(cluster.could_run(part)) if is_global(service) else replicas(service.spec)
        if (running := len(cluster.running(part))) < many:
            found.append(f"{part}: {running} of {many} run{_s(running)}")
    return found


def uneven(cluster: Cluster) -> dict[str, int]:
    """Return how many of each part are beside others on a node, while other nodes have fewer than their share.

    A Swarm that starts each new task before it ends an old one goes by where both are: of two, both may be on one node.
    """
    found = {}
    for part, service in cluster.parts.items():
        at = cluster.could_run(part)
        if not at or is_global(service) or not is_replaced_first(service):
            continue
        counts = [len(cluster.running(part, one)) for one in at]
        least, more = divmod(sum(counts), len(at))
        found[part] = max(
            sum(max(0, count - least - bool(more)) for count in counts), sum(max(0, least - count) for count in counts)
        )
    return {part: count for part, count in found.items() if count}


def shares(cluster: Cluster) -> list[str]:
    """Say of each node what it lacks of its share, and the verb that gives it that."""
    found = []
    for node in cluster.nodes:
        if few := missing(cluster, node):
            listed = ", ".join(f"{count} of {part}" for part, count in few.items())
            found.append(f"{node.name} has {listed} less than its share: ./inv drain {node.name} --back")
    return found


def missing(cluster: Cluster, node: Node) -> dict[str, int]:
    """Return how many of each part a node that is back lacks, as others have more than their share."""
    found = {}
    for part, service in cluster.parts.items():
        at = [one.id for one in cluster.could_run(part)]
        if node.id in at and is_replaced_first(service) and not is_global(service):
            found[part] = len(cluster.running(part)) // len(at) - len(cluster.running(part, node))
    return {part: count for part, count in found.items() if count > 0}
