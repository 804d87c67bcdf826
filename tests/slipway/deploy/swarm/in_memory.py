"""A Swarm in memory: what its managers would tell and do, as far as deployments ask for it."""

import base64
import json
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, cast

from slipway.core.shell import Shell
from slipway.core.steps import Steps
from slipway.deploy.swarm.cluster import admits
from slipway.deploy.swarm.names import PART, marks
from slipway.deploy.swarm.records import Record
from slipway.engine.api import Api, Refused
from slipway.engine.swarm.nodes import Node
from tests.slipway.deploy.mortal import KilledError

KINDS = ("configs", "secrets", "services", "networks", "nodes")
Facts = dict[str, Any]


@dataclass
class MemoryApi:
    """The API of a manager. Tasks run as soon as they are there, but for those of which `state` says otherwise.

    `before` is called before each change, with what is about to be done.
    """

    shell: Shell = field(default_factory=lambda: Shell(Path("/"), Steps()))
    state: Callable[[str, Facts], str] = lambda service, spec: "running"
    before: Callable[[str], None] = lambda said: None
    there: dict[str, dict[str, Facts]] = field(default_factory=lambda: {kind: {} for kind in KINDS})
    tasks: list[Facts] = field(default_factory=list)
    index: int = 0
    done: list[str] = field(default_factory=list)

    def get(self, path: str, filters: Mapping[str, list[str]] | None = None, **query: str) -> Any:
        """Return what there is of a path."""
        _, kind, *name = path.split("/")
        if kind == "info":
            return {"Swarm": {"NodeID": "n1", "ControlAvailable": True, "LocalNodeState": "active"}}
        if kind == "tasks":
            return [one for one in self.tasks if _wanted(filters, one["ServiceID"], one["Spec"]["ContainerSpec"])]
        if not name:
            return [one for one in self.there[kind].values() if _wanted(filters, "", one["Spec"])]
        found = [one for one in self.there[kind].values() if name[0] in (one["ID"], one.get("Name"), _name(one))]
        if not found:
            raise Refused(f"{path} not found", 404)
        return found[0]

    def find(self, path: str) -> Any | None:
        """Return what there is of a path, None for nothing."""
        try:
            return self.get(path)
        except Refused:
            return None

    def post(self, path: str, body: Any = None, headers: Mapping[str, str] | None = None, **query: str) -> Any:
        """Make or change something."""
        self._do(f"POST {path.rpartition('/')[0] if path.endswith('create') else path}")
        _, kind, name, *_more = path.split("/")
        if name == "create":
            return self._create(kind, body)
        one = self.get(f"/{kind}/{name}")
        if query["version"] != str(one["Version"]["Index"]):
            raise Refused("update out of sequence", 500)
        spec = one["PreviousSpec"] if query.get("rollback") else body
        one |= {"PreviousSpec": one["Spec"], "Spec": json.loads(json.dumps(spec)), "Version": self._version()}
        one.pop("UpdateStatus", None)
        if kind == "services":
            self.run(one)
        return None

    def delete(self, path: str) -> bool:
        """Remove something; False when it was gone already."""
        self._do(f"DELETE {path}")
        _, kind, _ = path.split("/")
        if not (found := self.find(path)):
            return False
        if kind in ("configs", "secrets") and json.dumps(found["ID"]) in json.dumps(
            list(self.there["services"].values())
        ):
            raise Refused(f"{found['Spec']['Name']} is in use", 400)
        del self.there[kind][found["ID"]]
        self.tasks = [one for one in self.tasks if one["ServiceID"] != found["ID"]]
        return True

    def run(self, service: Facts) -> None:
        """Let the tasks of a service be those that it is to have: the others are told to stop."""
        spec = service["Spec"]
        for one in self.tasks:
            if one["ServiceID"] == service["ID"]:
                one |= {"DesiredState": "shutdown", "Status": {**one["Status"], "State": "shutdown"}}
        mode = spec.get("Mode") or {}
        count = (mode.get("Replicated") or {}).get("Replicas", 1)
        if "Global" not in mode:
            self.tasks += [self._task(service, slot) for slot in range(1, count + 1)]
            return
        asked = spec["TaskTemplate"]["Placement"]["Constraints"]
        for node in (Node.of(one) for one in self.there["nodes"].values()):
            if node.is_at_work and all(admits(one, node) for one in asked):
                self.tasks.append(self._task(service, 0, node.id))

    def roll_back(self, name: str) -> None:
        """Let the Swarm go back with a service by itself."""
        one = self.get(f"/services/{name}")
        one |= {"Spec": one["PreviousSpec"], "PreviousSpec": one["Spec"], "Version": self._version()}
        one["UpdateStatus"] = {"State": "rollback_completed", "Message": "rollback completed"}
        self.run(one)

    def node(self, name: str, **labels: str) -> None:
        """Let there be a node."""
        spec = {"Availability": "active", "Labels": labels, "Name": name}
        self.there["nodes"][name] = {
            "ID": name, "Version": self._version(), "Spec": spec, "Description": {"Hostname": name},
            "Status": {"State": "ready", "Addr": f"192.0.2.{len(self.there['nodes']) + 1}"},
        }  # fmt: skip

    def named(self, kind: str) -> list[str]:
        """Return the names of what there is of a kind."""
        return [_name(one) for one in self.there[kind].values()]

    def _create(self, kind: str, body: Facts) -> Facts:
        name = body["Name"]
        if name in self.named(kind):
            raise Refused(f"{name} already exists", 409)
        version = self._version()
        spec = json.loads(json.dumps(body))
        one = {
            "ID": f"{kind[0]}{self.index}",
            "Name": name,
            "Version": version,
            "Spec": spec,
            "CreatedAt": _time(self.index),
        }
        if kind == "networks":
            one |= {"Scope": "swarm", "Options": {}, "Internal": False, "Attachable": False} | spec
        if kind == "secrets":  # nobody is told
            assert base64.b64decode(spec.pop("Data"))
        self.there[kind][one["ID"]] = one
        if kind == "services":
            self.run(one)
        return {"ID": one["ID"]}

    def _task(self, service: Facts, slot: int, node: str = "n1") -> Facts:
        spec = service["Spec"]
        version = self._version()
        return {
            "ID": f"t{self.index}", "Version": version, "ServiceID": service["ID"], "Slot": slot, "NodeID": node,
            "DesiredState": "running", "Spec": spec["TaskTemplate"],
            "Status": {"State": self.state(spec["Name"], spec), "ContainerStatus": {"ContainerID": f"c{self.index}"}},
            "NetworksAttachments": [
                {"Network": {"Spec": {"Name": "shop-prod_overlay_default"}}, "Addresses": [f"10.0.0.{self.index}/24"]}
            ],
        }  # fmt: skip

    def _version(self) -> dict[str, int]:
        self.index += 1
        return {"Index": self.index}

    def _do(self, said: str) -> None:
        self.before(said)
        self.done.append(said)
        self.index += 1


def _time(index: int) -> str:
    return f"2026-11-28T{index // 3600:02d}:{index // 60 % 60:02d}:{index % 60:02d}Z"


def _name(one: Facts) -> str:
    return str(one["Spec"].get("Name", ""))


def _wanted(filters: Mapping[str, list[str]] | None, service: str, spec: Facts) -> bool:
    labels = spec.get("Labels") or {}
    for key, values in (filters or {}).items():
        if key == "service" and service not in values:
            return False
        if key == "label" and any(labels.get(re.sub("=.*", "", one)) != one.partition("=")[2] for one in values):
            return False
    return True


def api(memory: MemoryApi) -> Api:
    """Return it as what it stands for."""
    return cast("Api", memory)


def spec(name: str, release: str = "", image: str = "shop:1", replicas: int = 1, **more: Any) -> dict[str, Any]:
    """Return a service as a release has it."""
    labels = marks("shop-prod", PART, release)
    return {
        "Name": f"shop-prod_{name}", "Labels": labels, "Mode": {"Replicated": {"Replicas": replicas}},
        "TaskTemplate": {"ContainerSpec": {"Image": image, "Labels": labels, **more}},
    }  # fmt: skip


def record(release: str, replicas: int = 1, **more: Any) -> Record:
    """Return what is kept of a release with web and a worker."""
    image = f"shop:{release}"
    specs = {"web": spec("web", release, image, replicas, **more), "worker": spec("worker", release, image)}
    return Record(release, image, f"sha256:{release}", specs, {"org.opencontainers.image.version": "1.0.0"})


def kill(memory: MemoryApi, at: int, late: bool) -> None:
    """Kill whoever changes something, before or after so many changes; nothing of it runs any more."""
    life = [at]
    do = memory._do

    def mortal(said: str) -> None:
        if life[0] < (0 if late else 1):
            raise KilledError
        life[0] -= 1
        do(said)

    memory._do = mortal  # type: ignore[method-assign]
    if late:
        for name in ("post", "delete"):
            setattr(memory, name, _killed_after(getattr(memory, name), life))


def _killed_after(change: Callable[..., Any], life: list[int]) -> Callable[..., Any]:
    def changed(*args: Any, **named: Any) -> Any:
        found = change(*args, **named)
        if life[0] < 0:
            raise KilledError
        return found

    return changed


def revive(memory: MemoryApi) -> None:
    """Let the next one change what it likes."""
    for name in ("_do", "post", "delete"):
        memory.__dict__.pop(name, None)
