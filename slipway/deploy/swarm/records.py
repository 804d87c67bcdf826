"""What is kept of a release on a Swarm: all that its services are, so that it can be gone back to as it was."""

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from slipway.deploy.compose.labels import RELEASE
from slipway.deploy.swarm import names
from slipway.deploy.swarm.around import File
from slipway.engine.containers import SERVICE, Container
from slipway.engine.swarm.objects import Blob
from slipway.engine.swarm.services import COMING, FAILED, RUNNING, Service, Spec, Task
from slipway.engine.swarm.specs import is_as_told
from slipway.runtime.release import WEB, Release
from slipway.runtime.releases import Images

KILLED = 137  # the status of what SIGKILL has ended
SECOND = 10**9  # in nanoseconds, which the Swarm counts in
READY = "ready"  # what a task is to be that is to run once another one has stopped
ENDED = (*FAILED, "complete")  # states of a task that has ended by itself
LAST = "none"  # the condition of starting a task again: there is none
LEAST = 1  # seconds that the Swarm watches a task: 0 would be its own choice


@dataclass(frozen=True)
class Record:
    """A release: its image, the image's labels, and the spec of each of its services, by its name in Compose."""

    id: str
    image: str
    image_id: str
    specs: Mapping[str, Spec]
    labels: Mapping[str, str] = field(default_factory=dict)
    created: str = ""

    @classmethod
    def of(cls, blob: Blob) -> "Record":
        """Read the one that a config has."""
        found: dict[str, Any] = json.loads(blob.data)
        created = found.get("created") or blob.created
        return cls(found["id"], found["image"], found["image_id"], found["specs"], found["labels"], created)

    @property
    def data(self) -> bytes:
        """It, as a config has it."""
        found = {
            "id": self.id, "image": self.image, "image_id": self.image_id, "labels": dict(self.labels),
            "specs": dict(self.specs), "created": self.created,
        }  # fmt: skip
        return json.dumps(found).encode()

    @property
    def bake(self) -> float:
        """For how many seconds the Swarm watches each task that comes in the place of another release's."""
        return max((one["UpdateConfig"]["Monitor"] / SECOND for one in self.specs.values()), default=0)

    @property
    def processes(self) -> dict[str, Spec]:
        """The specs of what it has beside web."""
        return {name: spec for name, spec in self.specs.items() if name != WEB}


def of_services(deployment: str, release: str, there: Mapping[str, Service], found: Images) -> Record | None:
    """Return what the services of a release are, of which nothing is kept any more; None without one."""
    mine = [
        one for one in there.values() if one.labels.get(RELEASE) == release and one.labels.get(names.KIND) == names.PART
    ]
    if not mine:
        return None
    image = str(mine[0].spec["TaskTemplate"]["ContainerSpec"]["Image"])
    here = found.find(image)
    specs = {one.name.removeprefix(f"{deployment}_"): one.spec for one in mine}
    began = f"{max((one.began or one.created).rstrip('Z') for one in mine)}Z"  # in UTC, as configs have it
    return Record(release, image, here.id if here else "", specs, here.labels if here else {}, began)


def renewed(record: Record, values: Mapping[str, str], have: Callable[[str, str], File]) -> Record:
    """Return a release whose services have other secrets of these names, "" for none, where they have such.

    `have` makes the one of a name, for the user of the one before.
    """
    specs = json.loads(json.dumps(dict(record.specs)))
    for spec in specs.values():
        container = spec["TaskTemplate"]["ContainerSpec"]
        kept = []
        for one in container.get("Secrets") or ():
            if (name := one["File"]["Name"]) not in values:
                kept.append(one)
            elif values[name]:
                made = have(name, one["File"]["UID"])
                kept.append({**one, "SecretID": made.id, "SecretName": made.name})
        if "Secrets" in container:
            container["Secrets"] = kept
    return replace(record, specs=specs)


def otherwise(record: Record, there: Mapping[str, Service]) -> list[str]:
    """Name the services of a live release that are not what is kept of it.

    Somebody has changed them by hand; or its secrets were renewed, and it was not started again.
    """
    found = {name: there.get(str(spec["Name"])) for name, spec in record.specs.items()}
    return [name for name, one in found.items() if not (one and is_as_told(one.spec, record.specs[name]))]


def by_hand(record: Record, there: Mapping[str, Service]) -> list[str]:
    """Name those of `otherwise` that somebody has changed by hand."""
    specs = {name: _with_secrets_of(there.get(str(spec["Name"])), spec) for name, spec in record.specs.items()}
    return otherwise(replace(record, specs=specs), there)


def _with_secrets_of(service: Service | None, spec: Spec) -> Spec:
    given = service.spec["TaskTemplate"]["ContainerSpec"].get("Secrets") if service else None
    task = spec["TaskTemplate"]
    return {**spec, "TaskTemplate": {**task, "ContainerSpec": {**task["ContainerSpec"], "Secrets": given}}}


def trial(deployment: str, record: Record) -> dict[str, Any]:
    """Return the service in which a release's web is tried: one task that nobody is led to."""
    spec = json.loads(json.dumps(record.specs[WEB]))
    spec["Name"] = names.of_service(deployment, names.TRIAL)
    spec["Labels"] = {**spec["Labels"], names.KIND: names.TRIAL}
    spec["Mode"] = {"Replicated": {"Replicas": 1}}
    task = spec["TaskTemplate"]
    task["RestartPolicy"] = {"Condition": LAST}
    for network in task.get("Networks") or ():
        network.pop("Aliases", None)
    for key in ("UpdateConfig", "RollbackConfig"):
        spec.pop(key, None)
    return dict(spec)


def watched(spec: Spec, seconds: float) -> dict[str, Any]:
    """Return a service whose tasks the Swarm watches for so long, when they come in the place of another release's."""
    return {**spec, "UpdateConfig": {**spec["UpdateConfig"], "Monitor": round(max(seconds, LEAST) * SECOND)}}


def replicas(spec: Spec) -> int:
    """Return how many tasks a service is to have."""
    return int(((spec.get("Mode") or {}).get("Replicated") or {}).get("Replicas", 1))


def release(
    record: Record, deployment: str, services: Mapping[str, Service], tasks: Sequence[Task], has_web: bool
) -> Release:
    """Return a release as its tasks are: what is not there, or not any more, is a container that has ended.

    A task that is to come is one that starts. Before its web has taken the other one's place, the trial is its web.
    """
    found = {}
    for name, spec in record.specs.items():
        service = services.get(names.of_service(deployment, name))
        if name == WEB and not _is_of(service, record):
            service = services.get(names.of_service(deployment, names.TRIAL))
            spec = {**spec, "Mode": {"Replicated": {"Replicas": 1}}} if _is_of(service, record) else spec
        mine = [one for one in tasks if service and _is_new(one, service)] if _is_of(service, record) else None
        found[name] = tuple(_containers(record, name, spec, mine))
    return Release(record.id, found, has_web)


def _is_new(task: Task, service: Service) -> bool:
    # Not one that had failed before the service became what it is: the Swarm keeps some, of the same release as well.
    return task.service == service.id and not (task.state in FAILED and task.created < service.began)


def _is_of(service: Service | None, record: Record) -> bool:
    return bool(service and service.labels.get(RELEASE) == record.id)


def _containers(record: Record, name: str, spec: Spec, tasks: Sequence[Task] | None) -> list[Container]:
    count = replicas(spec)
    if tasks is None:
        return [_ended(record, name, spec, slot) for slot in range(1, count + 1)]
    slots: dict[int, list[Task]] = {}
    for one in tasks:
        if one.labels.get(RELEASE) == record.id:
            slots.setdefault(one.slot, []).append(one)
    found = [_container(record, name, spec, each) for each in slots.values() if _counts(each)]
    here = {slot for slot, each in slots.items() if _counts(each)}
    coming = [_coming(record, name, spec, slot) for slot in range(1, count + 1) if slot not in here]
    return [*found, *coming[: max(0, count - len(found))]]


def _counts(tasks: Sequence[Task]) -> bool:
    # Not a slot that was taken away, as there are to be fewer by now.
    one = tasks[-1]
    return one.is_wanted or one.state in FAILED or one.desired == RUNNING or _is_last(one)


def _is_last(task: Task) -> bool:
    return (task.spec.get("RestartPolicy") or {}).get("Condition") == LAST


def _was_taken(task: Task) -> bool:
    # Whether the Swarm has ended one that was well, and starts no other one: its node is drained, or was lost.
    return _is_last(task) and task.desired not in (RUNNING, READY) and task.state not in ENDED


def _container(record: Record, name: str, spec: Spec, tasks: Sequence[Task]) -> Container:
    one = tasks[-1]
    base = _ended(record, name, spec, one.slot)
    networks = sorted(one.addresses, key=lambda network: not network.endswith(f"_{names.DEFAULT}"))  # where it is asked
    health = (spec["TaskTemplate"]["ContainerSpec"].get("HealthCheck") or {}).get("Test") not in (None, [], ["NONE"])
    running = one.state == RUNNING or one.state in COMING
    return replace(
        base,
        id=one.container or one.id,
        running=running and not _was_taken(one),
        status=one.status,
        restarts=sum(each.state in FAILED for each in tasks[:-1]),
        health="" if one.state == RUNNING and not health else "healthy" if one.state == RUNNING else "starting",
        phase=one.state,
        checks=(one.said,) if one.said else (),
        addresses=tuple(one.addresses[network] for network in networks),
        networks=tuple(networks),
        ended=_how(one),
    )


def _how(task: Task) -> str:
    # How one ended, where its status doesn't say it: no Swarm tells who has killed it.
    if _was_taken(task):
        return "was ended by the Swarm, as its node was drained or lost: ./inv nodes; then deploy it again"
    if task.state in FAILED and not task.status and task.said:
        return f"could not be started ({task.said})"
    if task.status == KILLED:
        return f"was killed (status {KILLED}), as is what takes more memory than its limit"
    return ""


def _ended(record: Record, name: str, spec: Spec, slot: int) -> Container:
    container = spec["TaskTemplate"]["ContainerSpec"]
    grace = container.get("StopGracePeriod")
    return Container(
        id=f"{name}.{slot}",
        name=f"{spec['Name']}.{slot}",
        image=record.image,
        image_id=record.image_id,
        labels={**record.labels, **(container.get("Labels") or {}), SERVICE: name, RELEASE: record.id},
        running=False,
        phase="exited",
        created=record.created,
        grace=None if grace is None else grace // SECOND,
        env=tuple(container.get("Env") or ()),
    )


def _coming(record: Record, name: str, spec: Spec, slot: int) -> Container:
    return replace(_ended(record, name, spec, slot), running=True, health="starting", phase="new")
