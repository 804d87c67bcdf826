"""How clients of a Swarm are sent away: by files that the proxies look for with each request, on each of their nodes.

Each node with a proxy has a volume for them, and a task that writes them there and stays. The service of these tasks is
all that is noted. So the Swarm itself tells a node that joins or comes back, and goes on when who told it to is gone.
(It starts a global job on no node that comes later.)
"""

import base64
import contextlib
import hashlib
import time
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from slipway.core.errors import Problem
from slipway.core.steps import Steps
from slipway.deploy import maintenance
from slipway.deploy.compose.files import FOLDER, SCRIPT
from slipway.deploy.compose.labels import PROXY
from slipway.deploy.swarm import names, own
from slipway.deploy.swarm.parts import Parts
from slipway.deploy.swarm.records import SECOND
from slipway.engine.api import Refused
from slipway.engine.jobs import rows
from slipway.engine.swarm import nodes, objects, services
from slipway.engine.swarm.nodes import Node
from slipway.engine.swarm.objects import CONFIGS
from slipway.engine.swarm.services import Service, Task

STATE = "dev.slipway.away"  # the label of the service: whether clients are sent away
ON, OFF = "on", "off"
TARGET = f"{FOLDER}/maintenance"  # as the Caddyfile calls it
GIVEN, NOTHING = "/run/given", "/dev/null"
RUN = 'given=$1; shift; sh -ec "$0" sh "$@" <"$given"; touch /dev/shm/told; exec sleep infinity'
SECONDS = 60.0  # for all nodes at work, their image included
POLL = 0.3
TRIES = 3  # others may change it at the same time, or remove what nobody has yet


class Away:
    """What sends clients of a deployment away; `image` is one that has a shell, where there is no proxy's."""

    def __init__(self, parts: Parts, steps: Steps, image: Callable[[], str]) -> None:
        self.parts, self.steps, self.image = parts, steps, image
        self.api, self.deployment = parts.api, parts.deployment

    def noted(self) -> str:
        """Return what is noted while clients are sent away, else ""; raises Problem."""
        found = self.parts.find(names.AWAY)
        if not found or not is_on(found):
            return ""
        config = found.spec["TaskTemplate"]["ContainerSpec"]["Configs"][0]["ConfigID"]
        given = objects.named(self.api, CONFIGS, config)
        return written(given.data.decode() if given else "").get(maintenance.ON, "{")

    def send_away(self, files: Mapping[str, str], allowed: Sequence[str]) -> None:
        """Send clients away with these files, but for allowed addresses; raises Problem."""
        proxy = self.parts.find(PROXY)
        tasks = self.parts.tasks_of(PROXY)
        if proxy and not all(
            looks(one) for one in (proxy.spec["TaskTemplate"], *(one.spec for one in tasks if one.is_running))
        ):
            raise Problem(
                "The proxies were made by an earlier version, and look nowhere whether to send clients away: "
                "./inv deploy makes them anew. Nothing was changed."
            )
        text = rows(files)
        self._tell(lambda: spec(self.deployment, self._image(proxy), ("away", *allowed), self._config(text)))
        self._wait("is still let in")

    def let_in(self) -> None:
        """Let clients in again; raises Problem."""
        if not self.parts.find(names.AWAY):
            return
        proxy = self.parts.find(PROXY)
        self._tell(lambda: spec(self.deployment, self._image(proxy), ("let_in",)))
        self._wait("is still sent away")
        self.tidy()

    def untold(self) -> list[str]:
        """Name the nodes at work whose proxies do not know yet what is noted; raises Problem."""
        return [one.name for one in self._untold() if is_asked(one)]

    def tidy(self) -> None:
        """Remove what lets clients in, once each node knows it that was ever told otherwise; raises Problem."""
        found = self.parts.find(names.AWAY)
        if found and not is_on(found) and not self._untold():
            services.remove(self.api, found.id)

    def _untold(self) -> list[Node]:
        found = self.parts.find(names.AWAY)
        return untold(found, nodes.listed(self.api), self.parts.tasks_of(names.AWAY)) if found else []

    def _image(self, proxy: Service | None) -> str:
        return str(proxy.spec["TaskTemplate"]["ContainerSpec"]["Image"]) if proxy else self.image()

    def _config(self, text: str) -> dict[str, Any]:
        name = names.of_object(self.deployment, names.FILE, f"away.{hashlib.sha256(text.encode()).hexdigest()[:16]}")
        id = objects.have(self.api, CONFIGS, name, text.encode(), names.marks(self.deployment, names.FILE))
        target = {"Name": GIVEN, "UID": "0", "GID": "0", "Mode": 0o400}
        return {"ConfigID": id, "ConfigName": name, "File": target}

    def _tell(self, made: Callable[[], Mapping[str, Any]]) -> None:
        # Under nobody's lock.
        for left in reversed(range(TRIES)):
            wanted = made()
            try:
                services.put(self.api, wanted, self.parts.auth(wanted))
                return
            except Refused:
                if not left:
                    raise

    def _wait(self, otherwise: str) -> None:
        end = time.monotonic() + SECONDS
        while waiting := [one for one in self._untold() if is_asked(one)]:
            if time.monotonic() > end:
                raise Problem(f"{self._said(waiting)} Who comes there {otherwise}, until the Swarm has done it.")
            time.sleep(POLL)
        if found := self._untold():
            named = ", ".join(f"{one.name} ({'down' if one.state == nodes.DOWN else 'no proxy runs'})" for one in found)
            self.steps.note("later", f"{named}: told by the Swarm when it has a proxy again")

    def _said(self, waiting: Sequence[Node]) -> str:
        why = {one.node: one.said for one in self.parts.tasks_of(names.AWAY) if one.said}
        told = "; ".join(f"{one.name}{f' ({why[one.id]})' if one.id in why else ''}" for one in waiting)
        name = names.of_service(self.deployment, names.AWAY)
        return f"It is noted, but not done within {SECONDS:.0f} s on {told}: docker service ps --no-trunc {name}."


def mount(deployment: str, reads: bool) -> dict[str, Any]:
    """Return the mount of the volume with the files, for who reads them, or who writes them."""
    found = {"Type": "volume", "Source": f"{deployment}_{names.AWAY}", "Target": TARGET}
    return found | ({"ReadOnly": True} if reads else {})


def looks(task: Mapping[str, Any]) -> bool:
    """Tell whether a proxy of this TaskTemplate has the files."""
    return any(one["Target"] == TARGET for one in task["ContainerSpec"].get("Mounts") or ())


def is_on(service: Service | None) -> bool:
    """Tell whether clients are sent away, by the service that says so."""
    return bool(service and service.labels.get(STATE) == ON)


def is_asked(node: Node) -> bool:
    """Tell whether clients may come to a proxy on a node."""
    return node.is_at_work and node.has(names.PROXY_NODE)


def untold(service: Service, every: Sequence[Node], tasks: Sequence[Task]) -> list[Node]:
    """Return the nodes with a proxy, now or later, on which no task has done what the service says.

    One that had a proxy once may still send clients away, when it has one again.
    """
    told = {one.node for one in tasks if one.is_running and one.is_of(service)}
    before = set() if is_on(service) else {one.node for one in tasks}
    return [one for one in every if (one.has(names.PROXY_NODE) or one.id in before) and one.id not in told]


def spec(
    deployment: str, image: str, function: Sequence[str], given: Mapping[str, Any] | None = None
) -> dict[str, Any]:
    """Return the service that runs a function of deployment.sh on each node with a proxy, and stays."""
    marks = names.marks(deployment, names.AWAY)
    check = {
        "Test": ["CMD", "test", "-e", "/dev/shm/told"], "Interval": 30 * SECOND, "Timeout": 5 * SECOND,  # noqa: S108
        "StartPeriod": 30 * SECOND, "StartInterval": SECOND // 4, "Retries": 3,
    }  # fmt: skip
    command = ("sh", "-ec", RUN, SCRIPT, GIVEN if given else NOTHING, *function)
    container = own.container(
        image, command, marks, "0:0", Dir=FOLDER, Init=True, Mounts=[mount(deployment, reads=False)], HealthCheck=check
    )
    return {
        "Name": names.of_service(deployment, names.AWAY), "Labels": {**marks, STATE: ON if given else OFF},
        "TaskTemplate": {
            "ContainerSpec": container | ({"Configs": [given]} if given else {}),
            "Resources": own.LIMITS,
            "RestartPolicy": {"Condition": "any", "Delay": 2 * SECOND},
            "Placement": {"Constraints": [names.pinned(names.PROXY_NODE)]},
        },
        "Mode": {"Global": {}},
        "UpdateConfig": {"Parallelism": 0, "FailureAction": "continue", "Order": "start-first"},
    }  # fmt: skip


def written(text: str) -> dict[str, str]:
    """Read files as `rows` writes them; what cannot be read is not there."""
    found: dict[str, str] = {}
    for line in text.splitlines():
        name, _, value = line.partition(" ")
        with contextlib.suppress(ValueError):
            found[name] = base64.b64decode(value, validate=True).decode()
    return found
