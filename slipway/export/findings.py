"""What no manifests can be made of, and what means something else on Kubernetes: each is a line that names the key."""

import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any

from slipway.deploy.swarm.around import Around
from slipway.deploy.swarm.keys import refusals
from slipway.deploy.swarm.policies import resources as counted
from slipway.deploy.swarm.policies import restart
from slipway.deploy.swarm.values import is_empty
from slipway.engine.containers import WEB
from slipway.export.facts import Facts
from slipway.export.keys import SCOPES, SERVICE, UNKNOWN
from slipway.export.network import unfit
from slipway.export.pods import memories, refused_mounts, template
from slipway.export.probes import probes
from slipway.export.settings import Given
from slipway.export.values import invocation, user
from slipway.export.workloads import MIGRATE

NAME = re.compile(r"[a-z]([a-z0-9-]*[a-z0-9])?")
LONGEST_NAME = 63  # of a Service, and of a label's value
LONGEST = LONGEST_NAME - len("-migrate-0123456789")  # of a deployment
PULLED = "no image, which each node has to pull: say image"


def findings(facts: Facts) -> list[str]:
    """Return what no manifests can be made of."""
    found = [*unfit(facts.hosts)]
    if not NAME.fullmatch(facts.deployment) or len(facts.deployment) > LONGEST:
        found.append(
            f"{facts.deployment}, which cannot name a Service: a letter, then letters, digits and -, {LONGEST} at most "
            "(COMPOSE_PROJECT_NAME)"
        )
    found += [
        f"{name}: the name, which no Deployment can have: lower-case letters, digits and -, "
        f"{LONGEST_NAME - len(facts.called(''))} at most"
        for name in sorted(facts.services)
        if not NAME.fullmatch(name) or len(facts.called(name)) > LONGEST_NAME
    ]
    each = sorted(facts.services.items()) + ([(MIGRATE, facts.migrate)] if facts.migrate else [])
    for name, said in each:
        lines = [*refusals(said, SERVICE, SCOPES, UNKNOWN), *refused_mounts(said), *_of_values(name, said, facts)]
        found += [f"{name}: {line}" for line in dict.fromkeys(lines)]
    return found


def _of_values(name: str, said: Mapping[str, Any], facts: Facts) -> Iterator[str]:
    # A pod is made of all at once, which stops at the first thing that cannot be: hence some parts by themselves.
    if not said.get("image"):
        yield PULLED
    if said.get("stop_signal") not in (None, "", "SIGTERM", "TERM", "15"):
        yield f"stop_signal {said['stop_signal']}, and a pod is told to stop by SIGTERM: take it out"
    parts: Iterable[Callable[[Mapping[str, Any]], object]] = (
        lambda one: probes(name, one, facts),
        counted,
        memories,
        invocation,
        lambda one: user(one, facts.user if facts.is_own(one) else ""),
        lambda one: template(name, one, facts, Given(facts), ends=True),
    )
    for make in parts:
        try:
            make(said)
        except ValueError as error:
            yield str(error)


def differences(facts: Facts) -> list[str]:
    """Return what is taken, but means something else on Kubernetes; of services without findings."""
    told: dict[str, list[str]] = {}
    for name, said in sorted(facts.services.items()):
        for line in _of_service(name, said, facts):
            told.setdefault(line, []).append(name)
    found = [f"{', '.join(names)}: {line}" for line, names in told.items()]
    if facts.own_database:
        found.append("db: not exported. Use a managed PostgreSQL, or an operator's; backups are theirs, too")
    stays = "not exported, as it stays while releases come and go: use a managed one, or an operator's"
    return found + [f"{name}: {stays}" for name in facts.companions]


def _of_service(name: str, said: Mapping[str, Any], facts: Facts) -> Iterator[str]:
    if said.get("pids_limit"):
        yield "pids_limit: each node's kubelet decides (podPidsLimit)"
    if said.get("tmpfs"):
        yield "tmpfs: a volume in memory of the same size, without mode, noexec and nosuid"
    if names := said.get("depends_on"):
        yield f"depends_on ({', '.join(names)}): pods are started in no order, and again until they stay"
    if not is_empty(said.get("logging")):
        yield "logging: each node's container runtime keeps the logs"
    if said.get("networks"):
        yield "networks: there is one for all pods; a NetworkPolicy says who reaches whom, if the cluster keeps to it"
    if restart(said, Around(""))["Condition"] != "any":
        yield "restart: pods are always started again"
    if name != WEB and probes(name, said, facts):
        yield "healthcheck: a pod that is not well is started again; on one machine, that is told alone"
