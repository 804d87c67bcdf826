"""A release's image on all nodes that may run it, before anything is replaced.

A node that cannot pull it would be found out in the middle of the update. One that has it starts what another node has
lost, or goes back, also while the registry is away. Nodes tell nobody why they could not pull (their engines' logs do):
what may be the reason is looked up.
"""

import contextlib
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from slipway.core.errors import Problem
from slipway.deploy.compose.labels import PROXY
from slipway.deploy.preflight import ROOM
from slipway.deploy.swarm import disks, everywhere, names
from slipway.deploy.swarm.cluster import Disk
from slipway.deploy.swarm.parts import Parts
from slipway.engine import registry
from slipway.engine.swarm import nodes, services
from slipway.engine.swarm.services import FAILED, Spec, Task

POLL = 0.3
LONGEST = 900  # seconds for the slowest node
TOLD = 5  # seconds until it is said who is waited for, and that others have once one could not
LOOK = 20  # seconds between two looks whether the registry still answers
NOTHING = ("true",)  # a task that was made at all has the image, whether or not it finds this


class Pulls:
    """Has the nodes of a deployment pull images."""

    def __init__(self, parts: Parts) -> None:
        self.parts = parts
        self.done = set[str]()  # images that all nodes were seen to have

    @contextlib.contextmanager
    def meanwhile(self, image: str, specs: Mapping[str, Spec]) -> Iterator[None]:
        """Have each node that may run one of these services pull their image; raises Problem with who could not."""
        made: list[str] = []
        try:
            for where in placements(specs) if image not in self.done else ():
                spec = everywhere.spec(self.parts.deployment, image, NOTHING, where)
                made.append(services.create(self.parts.api, spec, self.parts.auth(spec)))
            yield
            if made:
                _wait(self.parts, image, made)
            self.done.add(image)
        finally:
            _end(self.parts, made)

    def have(self, image: str, label: str) -> None:
        """Have each node with a label pull an image; raises Problem with who could not."""
        with self.meanwhile(image, {"": {"TaskTemplate": {"Placement": {"Constraints": [names.pinned(label)]}}}}):
            pass


def _end(parts: Parts, jobs: Sequence[str]) -> None:
    with contextlib.suppress(Problem):  # the next deployment removes them
        for one in jobs:
            services.remove(parts.api, one)


def placements(specs: Mapping[str, Spec]) -> list[Mapping[str, Any]]:
    """Return which nodes the services of a release may be on, each choice once; one that has none is for all."""
    found: list[Mapping[str, Any]] = []
    for spec in specs.values():
        where = everywhere.chosen(spec)
        found += [where] if where not in found else []
    return [{}] if {} in found else found


@dataclass(frozen=True)
class Stand:
    """How nodes are at pulling an image: who still has to, and what the Swarm says of those that could not."""

    coming: Sequence[str]
    failed: Mapping[str, str]

    @classmethod
    def of(cls, tasks: Sequence[Task]) -> "Stand":
        """Judge the tasks of jobs, on nodes that are well: a task that was made at all has the image.

        A node that does not take the task is not meant: the Swarm says why, and goes on.
        """
        there = {one.node for one in tasks if one.container or one.state == "complete"}
        failed = {one.node: one.said for one in reversed(tasks) if one.state in FAILED and one.node not in there}
        done = {*there, *failed, *(one.node for one in tasks if one.state == "pending" and one.said)}
        return cls(sorted({one.node for one in tasks} - done), failed)


def _wait(parts: Parts, image: str, jobs: Sequence[str]) -> None:
    began = asked = time.monotonic()
    told, first, doubt = False, 0.0, ""
    while True:
        there = {one.id: one.name for one in nodes.listed(parts.api) if one.is_at_work}
        tasks = [one for job in jobs for one in services.tasks_of(parts.api, job) if one.node in there]
        stand, now = Stand.of(tasks), time.monotonic()
        first = first or (now if stand.failed else 0.0)
        if stand.failed and (not stand.coming or now - first > TOLD):
            _end(parts, jobs)  # which would pull again
            raise Problem(_refusal(parts, image, there, stand.failed))
        if not stand.coming and (tasks or now - began > TOLD):
            return
        if not told and now - began > TOLD:
            told = True
            parts.api.shell.steps.note("waiting", f"for {image} on {', '.join(there[one] for one in stand.coming)}")
        if now - asked > LOOK:
            why, asked = _away(parts, image), time.monotonic()
            if (why and doubt) or now - began > LONGEST:
                raise Problem(refusal(image, {there[one]: "it still pulls" for one in stand.coming}, {}, why))
            doubt = why
        time.sleep(POLL)


def _away(parts: Parts, image: str) -> str:
    # Why the registry cannot be asked from here, "" when it can.
    try:
        return "" if registry.digest(parts.api.shell, image) else f"The registry does not have {image} any more."
    except Problem as problem:
        return str(problem.message)


def _refusal(parts: Parts, image: str, there: Mapping[str, str], failed: Mapping[str, str]) -> str:
    why, found = _away(parts, image), dict[str, Disk]()
    for asked, on in _known(parts, [] if why else list(failed)).items():
        auth = parts.auth(everywhere.spec(parts.deployment, asked, disks.ASK))
        told = disks.of_nodes(parts.api, parts.deployment, asked, on, auth)
        found |= {there[node]: disk for node, disk in told.items() if node in on}
    few = len(failed) * 2 < len(there)
    return refusal(image, {there[node]: said for node, said in failed.items()}, found, why, few)


def _known(parts: Parts, on: Sequence[str]) -> dict[str, list[str]]:
    # Images that nodes have, with these nodes: of what runs there, or of the proxy, of which a node may know.
    running = {one.node: one.image for one in parts.tasks(parts.all()) if one.is_running}
    proxies = [one.image for one in parts.tasks_of(PROXY)]
    found: dict[str, list[str]] = {}
    for node in on:
        if image := running.get(node) or next(iter(proxies), ""):
            found.setdefault(image, []).append(node)
    return found


def refusal(image: str, failed: Mapping[str, str], found: Mapping[str, Disk], away: str, few: bool = False) -> str:
    """Say which nodes could not pull an image, why as far as that is known, and what to do.

    `failed` has what the Swarm says of each, `found` their disks, and `away` why the registry cannot be asked. They are
    `few` where most nodes have it.
    """
    told = [f"{node}: {said}" for node, said in sorted(failed.items())]
    could_not = f"{', '.join(sorted(failed))} could not pull {image}"
    without = f"./inv drain {min(failed)}"
    if away:
        what = "the registry cannot be asked (see above). Once it can: run this again."
        now = f" The other nodes have it; to go on without that one now: {without}" if few else ""
        return "\n".join([*told, away.strip(), f"{could_not}: {what}{now}"])
    full = {node: Disk(0) for node, said in failed.items() if disks.FULL in said} | dict(found)
    room = ", ".join(f"{node}: {disk}" for node, disk in sorted(full.items()) if disk.free < ROOM)
    why = "the log of the engine there says why (journalctl --unit docker)"
    if room:
        why = f"too little room on the disk ({room}). Make some there: docker image prune --all"
    return "\n".join([*told, f"{could_not}: {why}. To do without that node: {without}"])
