"""Mounts of a Swarm's service: volumes, folders of the node, tmpfs. What cannot be one raises ValueError."""

from collections.abc import Mapping
from typing import Any

from slipway.deploy.swarm.around import Around
from slipway.deploy.swarm.values import literal, mode, octets
from slipway.engine.processes import FOLDER, LOCKS

# Volumes in whose place a Swarm has secrets and configs: a release's and the database's, and what the proxy reads.
REPLACED = frozenset({("secrets", "/run/secrets"), ("deployment", "/deployment")})
SECRETS = "/run/secrets"
SHARED_MEMORY = "/dev/shm"  # noqa: S108 (of the container)
# What Docker gives a tmpfs as long as nothing else is said, so that it changes nothing; and what only takes away.
ALWAYS = frozenset({"rw", "noexec", "nosuid", "nodev"})
OF_THE_NETWORK = frozenset({"nfs", "nfs4", "cifs", "smb3", "ceph", "glusterfs"})  # types of file systems


def mounts(service: Mapping[str, Any], volumes: Mapping[str, Any], around: Around) -> list[dict[str, Any]]:
    """Return the mounts of a service, of which there is none where its secrets or configs are."""
    found = [mount(one, volumes, around.deployment) for one in service.get("volumes") or () if not is_replaced(one)]
    found += [tmpfs(one) for one in listed(service.get("tmpfs"))]
    if service.get("shm_size") and SHARED_MEMORY not in (one["Target"] for one in found):
        found.append(shared_memory(service["shm_size"]))
    return [one for one in found if not (around.secrets and one["Type"] == "tmpfs" and one["Target"] == SECRETS)]


def memory(source: str, target: str) -> dict[str, Any]:
    """Return the mount of a folder in a node's memory that tasks there share, and whoever they run as writes to."""
    options = {"type": "tmpfs", "device": "tmpfs", "o": "size=1m,mode=1777"}
    driver = {"DriverConfig": {"Name": "local", "Options": options}}
    return {"Type": "volume", "Source": source, "Target": target, "VolumeOptions": driver}


def listed(value: Any) -> list[Any]:
    """Return what Compose takes as one or as a list."""
    return [value] if isinstance(value, str) else list(value or ())


def is_replaced(volume: Mapping[str, Any]) -> bool:
    """Tell whether a Swarm has secrets or configs in the place of a volume."""
    return volume.get("type") == "volume" and (volume.get("source"), volume.get("target")) in REPLACED


def shared_memory(size: Any) -> dict[str, Any]:
    """Return the mount that a Swarm's service has for `shm_size`."""
    return _tmpfs(SHARED_MEMORY, octets(size))


def tmpfs(text: str) -> dict[str, Any]:
    """Return the mount that a line of `tmpfs` is.

    The engine adds noexec, nosuid and nodev to every tmpfs, and a Swarm's service cannot take one of them away.
    """
    target, _, said = text.partition(":")
    size = wanted = 0
    read_only = False
    for option in filter(None, said.split(",")):
        name, _, value = option.partition("=")
        if name == "size" and value and not value.endswith("%"):
            size = octets(value)
        elif name == "mode":
            wanted = mode(value)
        elif name == "ro":
            read_only = True
        elif name not in ALWAYS:
            way = "say bytes" if name == "size" else "take it out, or mount a volume there"
            raise ValueError(f"tmpfs {target} {option}, which no service of a Swarm has: {way}")
    return _tmpfs(target, size, wanted, read_only)


def _tmpfs(target: str, size: int = 0, wanted: int = 0, read_only: bool = False) -> dict[str, Any]:
    options = {"SizeBytes": size, "Mode": wanted}
    found: dict[str, Any] = {"Type": "tmpfs", "Target": literal(target)}
    found |= {"TmpfsOptions": said} if (said := {name: one for name, one in options.items() if one}) else {}
    return found | ({"ReadOnly": True} if read_only else {})


def mount(one: Mapping[str, Any], volumes: Mapping[str, Any], deployment: str) -> dict[str, Any]:
    """Return the mount that an entry of `volumes` is."""
    kind, target = one.get("type"), one.get("target", "")
    if kind == "tmpfs":
        said = one.get("tmpfs") or {}
        return _tmpfs(target, octets(said.get("size") or 0), mode(said.get("mode") or 0), bool(one.get("read_only")))
    source = one.get("source") or ""
    if (kind, source, target) == ("volume", LOCKS, FOLDER):  # on one engine, Slipway makes it and lets the user write
        return memory(f"{deployment}_{LOCKS}", FOLDER)
    if kind not in ("volume", "bind"):
        raise ValueError(
            f"{target} is of the type {kind}, which Slipway makes no service of a Swarm with: use a volume"
        )
    if not source:
        raise ValueError(
            f"{target} is a volume without a name, new and empty in each task: give it one, or make it tmpfs"
        )
    found: dict[str, Any] = {"Type": kind, "Target": literal(target)}
    found |= {"ReadOnly": True} if one.get("read_only") else {}
    if kind == "bind":
        return found | {"Source": literal(source)} | _bind(one.get("bind") or {}, target)
    return found | _volume(one.get("volume") or {}, source, volumes.get(source) or {}, deployment)


def _bind(said: Mapping[str, Any], target: str) -> dict[str, Any]:
    recursive = said.get("recursive") or "enabled"
    if recursive not in ("enabled", "disabled"):
        raise ValueError(f"{target} is bound with recursive: {recursive}, which no service of a Swarm has: take it out")
    options: dict[str, Any] = {"Propagation": said["propagation"]} if said.get("propagation") else {}
    options |= {"NonRecursive": True} if recursive == "disabled" else {}
    return {"BindOptions": options} if options else {}


def _volume(said: Mapping[str, Any], key: str, defined: Mapping[str, Any], deployment: str) -> dict[str, Any]:
    # Labels and the driver are what the volume is made with on a node that has none of that name.
    options: dict[str, Any] = {"NoCopy": True} if said.get("nocopy") else {}
    labels = {**(defined.get("labels") or {}), **(said.get("labels") or {})}
    options |= {"Labels": {name: literal(str(one)) for name, one in labels.items()}} if labels else {}
    drivers = {str(name): literal(str(one)) for name, one in (defined.get("driver_opts") or {}).items()}
    if defined.get("driver") or drivers:
        options["DriverConfig"] = {"Name": defined.get("driver") or "local", "Options": drivers}
    return {"Source": literal(defined.get("name") or f"{deployment}_{key}")} | (
        {"VolumeOptions": options} if options else {}
    )


def named(config: Mapping[str, Any]) -> dict[str, dict[str, Any]]:
    """Return the volumes of a Compose file; one whose name Compose made of the project's has none.

    A release is a Compose project of its own, whose volumes all releases share.
    """
    found = {}
    for key, one in (config.get("volumes") or {}).items():
        found[key] = dict(one or {})
        if found[key].get("name") == f"{config.get('name')}_{key}":
            del found[key]["name"]
    return found


def lies_elsewhere(defined: Mapping[str, Any]) -> bool:
    """Tell whether a volume is the same on every node: of a driver of its own, or a network's file system."""
    options = {str(name): str(one) for name, one in (defined.get("driver_opts") or {}).items()}
    return (defined.get("driver") or "local") != "local" or options.get("type") in OF_THE_NETWORK


def refusal(one: Mapping[str, Any], volumes: Mapping[str, Any]) -> str:
    """Return what stands against a mount of a service that may run on any node, "" for nothing."""
    source, target = one.get("source") or "", one.get("target", "")
    if is_replaced(one) or not source:
        return ""
    pin = "pin the service (deploy.placement.constraints)"
    if one.get("type") == "bind":
        return f"{source} at {target} is of one machine, and it may run on any node: make it a config, or {pin}"
    if one.get("type") != "volume" or lies_elsewhere(volumes.get(source) or {}):
        return ""
    return (
        f"the volume {source} at {target} would be another one on each node: {pin}, give the volume the driver or "
        "driver_opts (nfs) of one that all nodes share, or keep its files elsewhere (S3)"
    )
