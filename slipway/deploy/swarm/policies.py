"""How a Swarm starts, restarts, places and updates the tasks of a service. What cannot be raises ValueError."""

from collections.abc import Mapping
from typing import Any

from slipway.deploy.swarm.around import Around
from slipway.deploy.swarm.values import nano_cpus, nanoseconds, octets

# Seconds until a task that ended is followed by another. The engine waits 0.1 s at first and doubles that, a Swarm
# always waits as long: what ends again and again is not to take a node's time.
AGAIN = 2
TOLD = 2  # seconds in which the Swarm knows that a task has failed
CONDITIONS = {"": "none", "no": "none", "always": "any", "unless-stopped": "any", "on-failure": "on-failure"}
FIRST = {"start-first", "stop-first"}


def restart(service: Mapping[str, Any], around: Around) -> dict[str, Any]:
    """Return the RestartPolicy; as for Compose, `deploy.restart_policy` goes before `restart`."""
    if around.is_job:
        return {"Condition": "none"}  # a job's failure is told, not repeated
    name, _, most = str(service.get("restart") or "").partition(":")
    if name not in CONDITIONS:
        raise ValueError(f"restart {name}, which is none: say unless-stopped")
    said = (service.get("deploy") or {}).get("restart_policy")
    if said is None:
        said = {"condition": CONDITIONS[name], "max_attempts": most}
    found = {"Condition": said.get("condition") or "any", "Delay": nanoseconds(said.get("delay") or f"{AGAIN}s")}
    if found["Condition"] not in CONDITIONS.values():
        raise ValueError(f"deploy.restart_policy.condition {found['Condition']}, which is none: say any")
    found |= {"MaxAttempts": int(said["max_attempts"])} if said.get("max_attempts") else {}
    return found | ({"Window": nanoseconds(said["window"])} if said.get("window") else {})


def resources(service: Mapping[str, Any]) -> dict[str, Any]:
    """Return the ResourceRequirements; Compose refuses two that differ."""
    said = (service.get("deploy") or {}).get("resources") or {}
    limits, kept = said.get("limits") or {}, said.get("reservations") or {}
    memory, cpus = limits.get("memory") or service.get("mem_limit"), limits.get("cpus") or service.get("cpus")
    pids = int(limits.get("pids") or service.get("pids_limit") or 0)
    most = {
        "MemoryBytes": octets(memory or 0),
        "NanoCPUs": nano_cpus(cpus or 0),
        "Pids": max(pids, 0),  # Compose says -1 for no limit, and the API 0
    }
    least: dict[str, Any] = {
        "MemoryBytes": octets(kept.get("memory") or service.get("mem_reservation") or 0),
        "NanoCPUs": nano_cpus(kept.get("cpus") or 0),
        "GenericResources": [_generic(one) for one in kept.get("generic_resources") or ()],
    }
    found = {"Limits": most, "Reservations": least}
    filled = {name: {key: value for key, value in one.items() if value} for name, one in found.items()}
    return {name: one for name, one in filled.items() if one}


def _generic(one: Mapping[str, Any]) -> dict[str, Any]:
    said = one.get("discrete_resource_spec") or {}
    return {"DiscreteResourceSpec": {"Kind": said["kind"], "Value": int(said["value"])}}


def placement(service: Mapping[str, Any], around: Around) -> dict[str, Any]:
    """Return the Placement; without preferences, a Swarm spreads the tasks of a service over its nodes."""
    said = (service.get("deploy") or {}).get("placement") or {}
    found: dict[str, Any] = {"Constraints": [*around.constraints, *(said.get("constraints") or ())]}
    spread = [{"Spread": {"SpreadDescriptor": one["spread"]}} for one in said.get("preferences") or ()]
    if is_global(service, around) or around.is_job:
        spread = []
    elif most := int(said.get("max_replicas_per_node") or 0):
        # With start-first the one that comes is beside the one that goes: at N it would wait for ever.
        found["MaxReplicas"] = most + (order(service, around) == "start-first")
    found |= {"Preferences": spread, "Platforms": platforms(service)}
    return {name: one for name, one in found.items() if one}


def platforms(service: Mapping[str, Any]) -> list[dict[str, str]]:
    """Return the Platforms that a task's node may be of."""
    said = service.get("platform") or ""
    if not said:
        return []
    system, _, machine = said.partition("/")
    if not machine or "/" in machine:
        raise ValueError(f"platform {said}, which a Swarm cannot choose nodes by: say OS/ARCHITECTURE, as linux/arm64")
    return [{"OS": system, "Architecture": machine}]


def is_global(service: Mapping[str, Any], around: Around) -> bool:
    """Tell whether a service has a task on each node."""
    return around.is_global or (service.get("deploy") or {}).get("mode") == "global"


def mode(service: Mapping[str, Any], around: Around) -> dict[str, Any]:
    """Return the Mode: how many tasks there are."""
    if around.is_job:
        return {"ReplicatedJob": {"MaxConcurrent": 1, "TotalCompletions": 1}}
    if is_global(service, around):
        return {"Global": {}}
    return {"Replicated": {"Replicas": replicas(service) if around.replicas is None else around.replicas}}


def replicas(service: Mapping[str, Any]) -> int:
    """Return how many tasks the Compose file says, or 1."""
    said = (service.get("deploy") or {}).get("replicas")
    return int(next((one for one in (said, service.get("scale")) if one is not None), 1))


def order(service: Mapping[str, Any], around: Around) -> str:
    """Return which of two tasks comes first in an update.

    A second task cannot start on a node while the first one has its port.
    """
    said = ((service.get("deploy") or {}).get("update_config") or {}).get("order")
    has_port = any(one.get("published") for one in service.get("ports") or ())
    return "stop-first" if around.stop_first or has_port or said == "stop-first" else "start-first"


def update(service: Mapping[str, Any], around: Around) -> dict[str, Any]:
    """Return the UpdateConfig.

    The Swarm goes on with the next node at once, and learns meanwhile that the task of the one before has failed. Where
    each node's stops first, none would be left by then.
    """
    said = (service.get("deploy") or {}).get("update_config") or {}
    least = TOLD if around.is_global and order(service, around) == "stop-first" else 0
    return {
        "Parallelism": int(said.get("parallelism", 1)),
        "Delay": max(nanoseconds(said.get("delay") or 0), least * 10**9),
        "FailureAction": "rollback",
        "Monitor": round(around.monitor * 10**9),
        "MaxFailureRatio": 0,
        "Order": order(service, around),
    }


def rollback(service: Mapping[str, Any], around: Around) -> dict[str, Any]:
    """Return the RollbackConfig: all tasks at once, as what is there is known to be bad."""
    return {"Parallelism": 0, "FailureAction": "pause", "Order": order(service, around)}


def decided(deploy: Mapping[str, Any]) -> list[str]:
    """Return what stands against what `deploy` says of a thing that Slipway decides."""
    found = []
    if (kind := deploy.get("mode") or "replicated") not in ("replicated", "global"):
        found.append(f"deploy.mode {kind}, which is no service that goes on: take it out, and run it with `./inv run`")
    if deploy.get("endpoint_mode") not in (None, "", "dnsrr"):
        found.append(f"deploy.endpoint_mode {deploy['endpoint_mode']}: Slipway's services are dnsrr: take it out")
    said = deploy.get("update_config") or {}
    if said.get("failure_action") not in (None, "", "rollback"):
        action = said["failure_action"]
        found.append(f"deploy.update_config.failure_action {action}: Slipway's updates are rolled back: take it out")
    if said.get("order") and said["order"] not in FIRST:
        found.append(f"deploy.update_config.order {said['order']}, which is none: say start-first")
    return found
