"""The pod of a service: what hardens it on Docker hardens it here. What cannot be kept raises ValueError."""

import ipaddress
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from slipway.deploy.swarm.mounts import SECRETS, SHARED_MEMORY, is_replaced, listed
from slipway.deploy.swarm.policies import resources as counted
from slipway.deploy.swarm.privileges import privileges
from slipway.deploy.swarm.reach import hosts
from slipway.deploy.swarm.values import SIZE, octets
from slipway.engine.containers import WEB
from slipway.engine.processes import FOLDER as LOCKS
from slipway.export.facts import Facts
from slipway.export.probes import probes
from slipway.export.settings import Given
from slipway.export.values import cpus, grace, invocation, quantity, slug, user

PAUSE = 5  # seconds that a pod goes on, until nobody is led to it any more
CPU = "500m"  # of web, where nothing says it: what the HorizontalPodAutoscaler scales by
READABLE = 0o440  # by the group, which is the user's
PROFILES = {"unconfined": "Unconfined", "disabled": "Unconfined", "default": "RuntimeDefault"}


def template(name: str, said: Mapping[str, Any], facts: Facts, given: Given, ends: bool = False) -> dict[str, Any]:
    """Return the template of a service's pods; one that `ends` is a job's."""
    return {"metadata": {"labels": facts.labels(name)}, "spec": _spec(name, said, facts, given, ends)}


def _spec(name: str, said: Mapping[str, Any], facts: Facts, given: Given, ends: bool) -> dict[str, Any]:
    mounted = list(_mounts(said, facts))
    found: dict[str, Any] = {
        "restartPolicy": "Never" if ends else None,
        "automountServiceAccountToken": False,
        "enableServiceLinks": False,  # they would be variables like DB_PORT
        # As `init: true` of Docker: the process is not the first one, ends by SIGTERM, and leaves nobody to be reaped.
        "shareProcessNamespace": True if said.get("init") else None,
        "terminationGracePeriodSeconds": grace(said) + (PAUSE if name == WEB else 0),
        "securityContext": _of_pod(said, facts),
        "hostAliases": _aliases(said),
        "containers": [_container(name, said, facts, given, [mount for mount, _ in mounted], ends)],
        "volumes": [volume for _, volume in mounted],
    }
    return {key: value for key, value in found.items() if value not in (None, [], {})}


def _container(
    name: str, said: Mapping[str, Any], facts: Facts, given: Given, mounts: Sequence[Any], ends: bool
) -> dict[str, Any]:
    is_web = name == WEB
    command = without_lock(said, name) if name in facts.single else None
    found: dict[str, Any] = {
        "name": name,
        "image": facts.image if facts.is_own(said) else said["image"],
        **invocation(said, command),
        "workingDir": said.get("working_dir"),
        "stdin": said.get("stdin_open"),
        "tty": said.get("tty"),
        "ports": _ports(said, facts) if is_web else None,
        "envFrom": given.shared(said),
        "env": given.own(said),
        **({} if ends else probes(name, said, facts)),
        "lifecycle": {"preStop": {"sleep": {"seconds": PAUSE}}} if is_web else None,
        "resources": resources(said, is_web),
        "securityContext": _of_container(said),
        "volumeMounts": list(mounts),
    }
    return {key: value for key, value in found.items() if value not in (None, [], {}, False)}


def without_lock(said: Mapping[str, Any], name: str) -> list[str]:
    """Return the command of a single process without what waits for the lock that all releases of an engine share."""
    words, lock = list(said.get("command") or ()), f"{LOCKS}/{name}.lock"
    return words[words.index(lock) + 1 :] if lock in words else words


def _ports(said: Mapping[str, Any], facts: Facts) -> list[dict[str, Any]]:
    found = [{"name": "http", "containerPort": port(said, facts)}]
    if metrics := (said.get("environment") or {}).get("METRICS_PORT"):
        found.append({"name": "metrics", "containerPort": int(metrics)})
    return found


def port(said: Mapping[str, Any], facts: Facts) -> int:
    """Return the port that web listens on."""
    return int((said.get("environment") or {}).get("PORT") or facts.port)


def resources(said: Mapping[str, Any], scales: bool) -> dict[str, Any]:
    """Return limits and requests: memory that may be used is asked for, so that no node promises it twice."""
    found = counted(said)
    most, least = found.get("Limits", {}), found.get("Reservations", {})
    limits: dict[str, str] = {}
    requests: dict[str, str] = {"cpu": CPU} if scales and not most.get("NanoCPUs") else {}
    for one, into in ((most, limits), (most | least, requests)):
        into |= {"cpu": cpus(one["NanoCPUs"])} if one.get("NanoCPUs") else {}
        into |= {"memory": quantity(one["MemoryBytes"])} if one.get("MemoryBytes") else {}
    return {key: value for key, value in (("requests", requests), ("limits", limits)) if value}


def _of_pod(said: Mapping[str, Any], facts: Facts) -> dict[str, Any]:
    uid, gid = user(said, facts.user if facts.is_own(said) else "")
    options = _options(said)
    others = [_number(one) for one in said.get("group_add") or ()]
    found: dict[str, Any] = {
        "runAsNonRoot": uid != 0,
        "runAsUser": uid,
        "runAsGroup": gid,
        "fsGroup": uid if gid is None else gid,
        "supplementalGroups": others,
        "seccompProfile": {"type": PROFILES[options.get("Seccomp", {}).get("Mode", "default")]},
        "sysctls": [{"name": key, "value": str(one)} for key, one in sorted((said.get("sysctls") or {}).items())],
    }
    if mode := options.get("AppArmor", {}).get("Mode"):
        found["appArmorProfile"] = {"type": PROFILES[mode]}
    labels = {key.lower(): one for key, one in options.get("SELinuxContext", {}).items()}
    if labels:
        found["seLinuxOptions"] = labels
    return {key: value for key, value in found.items() if value not in (None, [])}


def _options(said: Mapping[str, Any]) -> dict[str, Any]:
    try:
        found = privileges(said.get("security_opt") or ())
    except ValueError:
        raise ValueError(
            "security_opt, of which Slipway knows no-new-privileges, and seccomp, apparmor and label without a file's "
            "profile: take the others out, and patch them in (kustomize)"
        ) from None
    if found.get("SELinuxContext", {}).get("Disable"):
        raise ValueError("security_opt label=disable, which no pod has: say label=type:spc_t, say")
    return found


def _number(group: Any) -> int:
    if not str(group).isdigit():
        raise ValueError(f"group_add {group}, and a pod has numbers alone: say that of the group")
    return int(group)


def _of_container(said: Mapping[str, Any]) -> dict[str, Any]:
    drop, add = said.get("cap_drop") or [], said.get("cap_add") or []
    capabilities = {key: [_capability(one) for one in value] for key, value in (("drop", drop), ("add", add)) if value}
    found: dict[str, Any] = {
        "allowPrivilegeEscalation": not _options(said).get("NoNewPrivileges", False),
        "readOnlyRootFilesystem": bool(said.get("read_only")),
    }
    return found | ({"capabilities": capabilities} if capabilities else {})


def _capability(name: str) -> str:
    # Docker takes both spellings, Kubernetes the short one.
    return str(name).upper().removeprefix("CAP_")


def _aliases(said: Mapping[str, Any]) -> list[dict[str, Any]]:
    found: dict[str, list[str]] = {}
    for line in hosts(said.get("extra_hosts")):
        address, _, name = line.partition(" ")
        try:
            ipaddress.ip_address(address)
        except ValueError:
            raise ValueError(f"extra_hosts {name}: {address} is no address, which a pod has to have: take it out, and "
                             "make a Service of that name") from None  # fmt: skip
        found.setdefault(address, []).append(name)
    return [{"ip": address, "hostnames": names} for address, names in found.items()]


def _mounts(said: Mapping[str, Any], facts: Facts) -> Iterator[tuple[dict[str, Any], dict[str, Any]]]:
    # Each mount with its volume.
    shared = said.get("shm_size")
    memory = {**memories(said), **({SHARED_MEMORY: octets(shared)} if shared else {})}
    has_secrets = facts.is_own(said) and facts.secrets
    if has_secrets:
        items = [{"key": key, "path": key} for key in facts.secrets]
        yield (
            {"name": "secrets", "mountPath": SECRETS, "readOnly": True},
            {"name": "secrets", "secret": {"secretName": facts.secret, "defaultMode": READABLE, "items": items}},
        )
    for target, size in memory.items():
        if target == SECRETS and has_secrets:  # where a job of Docker's is given them
            continue
        empty = {"medium": "Memory"} | ({"sizeLimit": quantity(size)} if size else {})
        yield {"name": slug(target), "mountPath": target}, {"name": slug(target), "emptyDir": empty}


def memories(said: Mapping[str, Any]) -> dict[str, int]:
    """Return the folders that are in memory, each with its bytes, 0 for as many as there are."""
    found = {}
    for line in listed(said.get("tmpfs")):
        target, _, options = str(line).partition(":")
        size = next((one.partition("=")[2] for one in options.split(",") if one.startswith("size=")), "0")
        if not SIZE.fullmatch(size):
            raise ValueError(f"tmpfs {target} size={size}, which no volume has: say bytes")
        if "ro" in options.split(","):
            raise ValueError(f"tmpfs {target} ro, which nobody could write to: take it out")
        found[target] = octets(size)
    for one in said.get("volumes") or ():
        if one.get("type") == "tmpfs":
            found[one["target"]] = octets((one.get("tmpfs") or {}).get("size") or 0)
    return found


def refused_mounts(said: Mapping[str, Any]) -> Iterator[str]:
    """Yield what there is to say of mounts that no pod of Slipway's has."""
    for one in said.get("volumes") or ():
        source, target = one.get("source") or "", one.get("target", "")
        if is_replaced(one) or target == LOCKS or one.get("type") == "tmpfs":
            continue
        if one.get("type") == "bind":
            yield f"{source} at {target} is of one machine: copy it into the image, or make it a ConfigMap"
        else:
            yield (
                f"the volume {source or 'without a name'} at {target}, for which Slipway writes no "
                "PersistentVolumeClaim: keep its files elsewhere (S3), or take it out, and patch one in (kustomize) "
                "that all pods may write to"
            )
