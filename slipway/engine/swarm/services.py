"""Services of a Swarm, and their tasks."""

import sys
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from slipway.core.shell import tokens
from slipway.engine.api import ELECTION, POLL, Api, Away
from slipway.engine.containers import exec_command
from slipway.engine.swarm import nodes
from slipway.engine.swarm.specs import Spec as Spec
from slipway.engine.swarm.specs import alike, is_so, marked

WORKING = ("updating", "rollback_started")  # states of an update that goes on
BACK = ("rollback_started", "rollback_completed", "rollback_paused")
COMING = ("new", "pending", "assigned", "accepted", "preparing", "ready", "starting")  # states of a task, in order
RUNNING = "running"  # and healthy, of one that has a health check
FAILED = ("failed", "rejected")
OVER = (*FAILED, "complete", "shutdown", "remove", "orphaned")
SHORTEST = 10**9  # nanoseconds that a Swarm watches a task for, of those that it takes


@dataclass(frozen=True)
class Service:
    """A service: what it is to be, what it was before the last update (None without one), and how that goes.

    `update` is the Swarm's own word for the latter, "" where there was none; `said` is why, and `began` when.
    """

    id: str
    version: int
    spec: Spec
    previous: Spec | None = None
    update: str = ""
    said: str = ""
    created: str = ""
    began: str = ""

    @classmethod
    def of(cls, facts: Mapping[str, Any]) -> "Service":
        """Read what the API tells of one."""
        status = facts.get("UpdateStatus") or {}
        began = status.get("StartedAt") or (facts.get("UpdatedAt", "") if facts.get("PreviousSpec") else "")
        return cls(
            facts["ID"], facts["Version"]["Index"], facts["Spec"], facts.get("PreviousSpec"), status.get("State", ""),
            status.get("Message", ""), facts.get("CreatedAt", ""), began.rstrip("Z"),
        )  # fmt: skip

    @property
    def name(self) -> str:
        """Its name."""
        return str(self.spec["Name"])

    @property
    def labels(self) -> Mapping[str, str]:
        """Its labels."""
        return self.spec.get("Labels") or {}

    @property
    def is_working(self) -> bool:
        """Whether an update of it goes on."""
        return self.update in WORKING


@dataclass(frozen=True)
class Task:
    """A task of a service: where it is to be, how it is, and what it was made of.

    `slot` is 0 for one of a service that has one on each node. `state` and `desired` are the Swarm's words. `addresses`
    are those of IPv4, by the name of the network.
    """

    id: str
    service: str
    slot: int
    node: str
    state: str
    desired: str
    container: str = ""
    status: int = 0
    said: str = ""
    index: int = 0
    labels: Mapping[str, str] = field(default_factory=dict)
    image: str = ""
    addresses: Mapping[str, str] = field(default_factory=dict)
    created: str = ""
    spec: Spec = field(default_factory=dict, repr=False)

    @classmethod
    def of(cls, facts: Mapping[str, Any]) -> "Task":
        """Read what the API tells of one."""
        status, spec = facts.get("Status") or {}, (facts.get("Spec") or {}).get("ContainerSpec") or {}
        container = status.get("ContainerStatus") or {}
        found: dict[str, str] = {}
        for one in facts.get("NetworksAttachments") or ():
            network = ((one.get("Network") or {}).get("Spec") or {}).get("Name", "")
            found.update((network, at.partition("/")[0]) for at in one.get("Addresses") or () if ":" not in at)
        return cls(
            facts["ID"], facts.get("ServiceID", ""), facts.get("Slot", 0), facts.get("NodeID", ""),
            status.get("State", ""), facts.get("DesiredState", ""), container.get("ContainerID", ""),
            container.get("ExitCode", 0), status.get("Err", ""), facts["Version"]["Index"],
            spec.get("Labels") or {}, spec.get("Image", ""), found, facts.get("CreatedAt", "").rstrip("Z"),
            facts.get("Spec") or {},
        )  # fmt: skip

    @property
    def is_wanted(self) -> bool:
        """Whether it is to run, and has not ended."""
        return self.desired in ("running", "ready") and self.state not in OVER

    @property
    def is_running(self) -> bool:
        """Whether it runs, is healthy, and is to go on."""
        return self.state == RUNNING and self.desired == RUNNING

    @property
    def place(self) -> tuple[int, bool, str, int]:
        """By which tasks of a service are in order: in each slot, those that are to run come last.

        `index` counts what became of a task as well: of one that was replaced, the end may be told long afterwards.
        """
        return self.slot, self.is_wanted, self.created, self.index

    def is_of(self, service: Service) -> bool:
        """Tell whether it is what its service is now; where it may be, the Swarm has no other one made for."""
        return _templates(self.spec) == _templates(service.spec["TaskTemplate"])


def _templates(spec: Spec) -> dict[str, Any]:
    # Of a task, the Swarm doesn't say what runs it: containers. Of a node that the new constraints admit as well, it
    # leaves the task as it is (IsTaskDirty of moby/swarmkit).
    return {key: one for key, one in spec.items() if key not in ("Runtime", "Placement")}


def listed(api: Api, *labels: str) -> dict[str, Service]:
    """Return the services that have all of these labels, by name; raises Problem."""
    found = [Service.of(one) for one in api.get("/services", {"label": list(labels)}) or ()]
    return {one.name: one for one in sorted(found, key=lambda one: one.name)}


def find(api: Api, name: str) -> Service | None:
    """Return a service by its name or id, or None; raises Problem."""
    found = api.find(f"/services/{name}")
    return Service.of(found) if found else None


def tasks(api: Api, *labels: str) -> list[Task]:
    """Return the tasks of the services that have all of these labels, the oldest first; raises Problem."""
    found = [Task.of(one) for one in api.get("/tasks", {"label": list(labels)} if labels else None) or ()]
    return sorted(found, key=lambda one: (one.service, one.place))


def tasks_of(api: Api, service: str) -> list[Task]:
    """Return the tasks of a service, the oldest first; raises Problem."""
    found = [Task.of(one) for one in api.get("/tasks", {"service": [service]}) or ()]
    return sorted(found, key=lambda one: one.place)


def create(api: Api, spec: Spec, auth: Mapping[str, str] | None = None) -> str:
    """Make a service; return its id. Raises Refused, whose `is_taken` says that there is another of that name."""
    try:
        return str(api.post("/services/create", spec, auth)["ID"])
    except Away:
        found = find(api, str(spec["Name"]))
        return found.id if found else str(api.post("/services/create", spec, auth)["ID"])


def update(api: Api, service: Service, spec: Spec, auth: Mapping[str, str] | None = None, **query: str) -> None:
    """Have the Swarm make a service what a spec says, unless somebody has changed it since it was looked at.

    Raises Refused, whose `is_out_of_sequence` says the latter. When nobody can tell whether it was done, that is looked
    up, and it is done again unless it was.
    """
    began = time.monotonic()
    wanted = service.previous or spec if query.get("rollback") else spec
    while True:
        try:
            api.post(f"/services/{service.id}/update", spec, auth, version=str(service.version), **query)
            return
        except Away:
            if time.monotonic() - began > ELECTION:
                raise
            now = find(api, service.id)
            if now and now.version != service.version and alike(now.spec, wanted):
                return
            time.sleep(POLL)


def put(api: Api, spec: Spec, auth: Mapping[str, str] | None = None, stays: bool = False) -> bool:
    """Have a service that is what a spec says; False when it is so already. Raises Problem.

    From one that `stays`, the Swarm doesn't go back by itself, nor watches it for that.
    """
    spec = marked(spec)
    if stays and "UpdateConfig" in spec:
        spec["UpdateConfig"] = {**spec["UpdateConfig"], "FailureAction": "continue", "Monitor": SHORTEST}
    found = find(api, str(spec["Name"]))
    if not found:
        create(api, spec, auth)
        return True
    if is_so(found.spec, spec):
        return False
    update(api, found, spec, auth)
    return True


def go_back(api: Api, spec: Spec, auth: Mapping[str, str] | None = None) -> None:
    """Have a service be what a spec says: as its rollback goes, where it was that before. Raises Problem."""
    found = find(api, str(spec["Name"]))
    if found and found.previous and not is_so(found.spec, spec) and is_so(found.previous, spec):
        update(api, found, found.spec, auth, rollback="previous")
    else:
        put(api, spec, auth, stays=True)


def remove(api: Api, service: str) -> bool:
    """Remove a service by its name or id; False when it was gone already. Raises Problem."""
    return api.delete(f"/services/{service}")


def is_gone(api: Api, service: str, seconds: float) -> bool:
    """Wait for so many seconds until no task of a removed service, by its id, runs; tell so. Raises Problem.

    Of a task on a node that is down, nobody will tell the end.
    """
    end = time.monotonic() + seconds
    while left := [one for one in tasks(api) if one.service == service and one.state not in OVER]:
        if {one.node for one in left} <= {one.id for one in nodes.listed(api) if one.state == nodes.DOWN}:
            return True
        if time.monotonic() > end:
            return False
        time.sleep(POLL)
    return True


def logs_command(service: str, lines: int, follow: bool = False) -> list[str]:
    """Return the command that shows the last lines of a service's log, of all of its tasks."""
    return tokens(["docker", "service", "logs"], "--follow" if follow else None, ["--tail", str(lines), service])


def shell_command(container: str) -> list[str]:
    """Return the command that opens a shell in a task's container, on this engine."""
    return exec_command(container, "sh", options=tokens("--interactive", "--tty" if sys.stdin.isatty() else None))
