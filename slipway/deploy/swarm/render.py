"""A service of a Compose file as a Swarm has it: the ServiceSpec of POST /services/create, Engine API 1.44.

https://docs.docker.com/reference/api/engine/version/v1.44/#tag/Service/operation/ServiceCreate
What it cannot be made of is said by `findings` before; here it raises ValueError.
"""

import posixpath
from collections.abc import Mapping
from typing import Any

from slipway.deploy.swarm import policies, reach
from slipway.deploy.swarm.around import NAMESPACE, Around, File
from slipway.deploy.swarm.files import FOLDERS, wanted
from slipway.deploy.swarm.health import health
from slipway.deploy.swarm.mounts import listed, mounts, named
from slipway.deploy.swarm.privileges import privileges, ulimits
from slipway.deploy.swarm.values import literal, nanoseconds, plain


def service(name: str, config: Mapping[str, Any], around: Around) -> dict[str, Any]:
    """Return the ServiceSpec of a service; `config` is what Compose prints of all."""
    said = plain(config["services"][name])
    _check_files(name, config, around)
    labels = {**around.labels, NAMESPACE: around.deployment}
    own = (said.get("deploy") or {}).get("labels") or {}
    task: dict[str, Any] = {
        "ContainerSpec": container(said, plain(named(config)), around, labels),
        "Resources": policies.resources(said),
        "RestartPolicy": policies.restart(said, around),
        "Placement": policies.placement(said, around),
        "Networks": reach.attachments(name, said, around),
    }
    if logging := said.get("logging"):
        task["LogDriver"] = {"Name": logging.get("driver") or "", "Options": _texts(logging.get("options"))}
    found: dict[str, Any] = {
        "Name": around.called or f"{around.deployment}_{name}",
        "Labels": {**_texts(own), **labels},
        "TaskTemplate": task,
        "Mode": policies.mode(said, around),
        "EndpointSpec": reach.endpoint(said),
    }
    if not around.is_job:  # which the API takes without
        found["UpdateConfig"] = policies.update(said, around)
        found["RollbackConfig"] = policies.rollback(said, around)
    return found


def _check_files(name: str, config: Mapping[str, Any], around: Around) -> None:
    # What nobody made would be lost unsaid.
    there = {posixpath.join(FOLDERS["secrets"], one.target) for one in around.secrets}
    there |= {posixpath.join(FOLDERS["configs"], one.target) for one in around.configs}
    for one in wanted(name, config):
        if one.target not in there:
            raise ValueError(f"{name}: {one.kind} {one.key} at {one.target} is not made")


def container(
    said: Mapping[str, Any], volumes: Mapping[str, Any], around: Around, labels: Mapping[str, str]
) -> dict[str, Any]:
    """Return the ContainerSpec of a service, in which is what was said, and no more."""
    found = {
        "Image": said["image"],
        "Labels": {**_texts(said.get("labels")), **labels},
        **invocation(said),
        "Hostname": literal(said.get("hostname") or ""),
        "Env": environment(said.get("environment") or {}),
        "Dir": said.get("working_dir"),
        "User": said.get("user"),
        "Groups": [str(one) for one in said.get("group_add") or ()],
        "Privileges": privileges(said.get("security_opt") or ()),
        "TTY": said.get("tty"),
        "OpenStdin": said.get("stdin_open"),
        "ReadOnly": said.get("read_only"),
        "Mounts": mounts(said, volumes, around),
        "StopSignal": said.get("stop_signal"),
        "HealthCheck": health(said.get("healthcheck") or {}),
        "Hosts": reach.hosts(said.get("extra_hosts")),
        "DNSConfig": _dns(said),
        "Secrets": [_file(one, "Secret") for one in around.secrets],
        "Configs": [_file(one, "Config") for one in around.configs],
        "Isolation": said.get("isolation"),
        "Sysctls": _texts(said.get("sysctls")),
        "CapabilityAdd": said.get("cap_add"),
        "CapabilityDrop": said.get("cap_drop"),
        "Ulimits": ulimits(said.get("ulimits") or {}),
    }
    filled = {key: value for key, value in found.items() if value}
    if said.get("init") is not None:  # without, the engine decides, and of the grace as well
        filled["Init"] = said["init"]
    if said.get("stop_grace_period") is not None:
        filled["StopGracePeriod"] = nanoseconds(said["stop_grace_period"])
    return filled


def invocation(said: Mapping[str, Any]) -> dict[str, list[str]]:
    """Return what a container starts: a Swarm's Command is the entrypoint, and its Args are the command.

    An entrypoint that the Compose file takes from the image is one that a Swarm cannot take away, but the command may
    stand in its place.
    """
    entrypoint, command = said.get("entrypoint"), list(said.get("command") or ())
    if entrypoint is not None and not entrypoint:
        if not command:
            raise ValueError("entrypoint is empty, which no service of a Swarm can have: say command as well")
        return {"Command": command}
    return {"Command": list(entrypoint or ()), "Args": command}


def environment(said: Mapping[str, Any]) -> list[str]:
    """Return variables as Compose hands them over: one without a value is not there, even if the image has it."""
    return [name if value is None else f"{name}={literal(str(value))}" for name, value in sorted(said.items())]


def _dns(said: Mapping[str, Any]) -> dict[str, Any]:
    keys = {"Nameservers": "dns", "Search": "dns_search", "Options": "dns_opt"}
    return {name: value for name, key in keys.items() if (value := listed(said.get(key)))}


def _file(one: File, kind: str) -> dict[str, Any]:
    target = {"Name": one.target, "UID": one.uid, "GID": one.gid, "Mode": one.mode}
    return {f"{kind}ID": one.id, f"{kind}Name": one.name, "File": target}


def _texts(said: Mapping[str, Any] | None) -> dict[str, str]:
    return {str(name): "" if value is None else str(value) for name, value in (said or {}).items()}
