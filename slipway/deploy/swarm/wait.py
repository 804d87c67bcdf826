"""Waiting for what a Swarm was told to make."""

import time
from collections.abc import Sequence

from slipway.core.errors import Problem
from slipway.core.words import human
from slipway.deploy.swarm import names
from slipway.deploy.swarm.cluster import admits
from slipway.deploy.swarm.parts import Parts
from slipway.deploy.swarm.records import SECOND
from slipway.engine.swarm import nodes
from slipway.engine.swarm.services import COMING, FAILED, Service, Task
from slipway.engine.swarm.specs import Spec, alike

POLL = 0.3
SHORT = "insufficient resources"  # as the Swarm says that no node has room
TRIES = 3  # tasks that may fail before it is given up


def until_running(parts: Parts, service: str, seconds: float, told: Spec | None = None) -> None:
    """Wait until all tasks of a service that are to run do, and its update is over; raises Problem with the reason.

    Nothing may stand still for longer than these seconds: a node may have an image to pull, and be lost meanwhile.
    From what it was `told` to be, the Swarm goes back by itself when that does not stay up: then it is not done.
    """
    began, before = time.monotonic(), frozenset[tuple[str, str]]()
    old = {one.id for one in parts.tasks_of(service) if one.state in FAILED}
    while True:
        found, tasks = parts.find(service), parts.tasks_of(service)
        if not found:
            raise Problem(f"The service {names.of_service(parts.deployment, service)} is gone.")
        if told and not found.is_working and not alike(found.spec, told):
            raise Problem(f"{said(parts, service, tasks)}\nThe Swarm has gone back by itself to what ran before.")
        wanted = [one for one in tasks if one.is_wanted]
        running = [one for one in wanted if one.is_running and one.is_of(found) and is_in_place(parts, one, found)]
        if not found.is_working and wanted and len(running) == len(wanted):
            return
        if (now := moves(tasks)) != before:
            began, before = time.monotonic(), now
        failed = [one for one in tasks if one.state in FAILED and one.id not in old]
        if time.monotonic() - began > seconds or len(failed) >= TRIES:
            raise Problem(said(parts, service, tasks))
        time.sleep(POLL)


def is_in_place(parts: Parts, task: Task, service: Service) -> bool:
    """Tell whether a task is where its service may be now: whoever changes that alone makes no other one there."""
    asked = service.spec["TaskTemplate"].get("Placement") or {}
    if asked == (task.spec.get("Placement") or {}):
        return True
    node = nodes.find(parts.api, task.node)
    return bool(node and all(admits(one, node) for one in asked.get("Constraints") or ()))


def moves(tasks: Sequence[Task]) -> frozenset[tuple[str, str]]:
    """Return how far tasks are that are to run: as long as that changes, something goes on."""
    return frozenset((one.id, one.state) for one in tasks if one.is_wanted)


def said(parts: Parts, service: str, tasks: list[Task]) -> str:
    """Say that a service did not come to run, and why, as far as the Swarm tells."""
    one = next((each for each in reversed(tasks) if each.state in (*FAILED, *COMING)), None)
    node = nodes.find(parts.api, one.node) if one else None
    at = f" on {node.name}" if node else ""
    why = f": a task of it is {one.state}{at}{f' ({one.said})' if one.said else ''}" if one else ""
    name = names.of_service(parts.deployment, service)
    return (
        f"{name} did not come to run{why}.{_short_of(one)} Its tasks: docker service ps --no-trunc {name}; its log: "
        f"docker service logs {name}"
    )


def _short_of(task: Task | None) -> str:
    # What a task waits for that no node has room for: the Swarm doesn't say of what.
    if not task or SHORT not in task.said:
        return ""
    kept = (task.spec.get("Resources") or {}).get("Reservations") or {}
    cpus, octets = kept.get("NanoCPUs", 0), kept.get("MemoryBytes", 0)
    wanted = [f"{cpus / SECOND:g} CPUs"] * bool(cpus) + [human(octets)] * bool(octets)
    return (
        f" Each task reserves {' and '.join(wanted) or 'what no node has'}: have fewer of them (--scale), reserve less "
        "in the Compose files, or add nodes (./inv nodes)."
    )
