"""How tasks of a Swarm's service are reached: networks, names and ports. What cannot be raises ValueError."""

import re
from collections.abc import Mapping
from typing import Any

from slipway.deploy.compose.labels import RELEASE
from slipway.deploy.swarm import names
from slipway.deploy.swarm.around import Around
from slipway.engine.compose import ANY

EVERYWHERE = frozenset({"", "0.0.0.0", "::", "[::]"})  # noqa: S104 (what is judged)
PROTOCOLS = ("tcp", "udp", "sctp")


def attachments(name: str, service: Mapping[str, Any], around: Around) -> list[dict[str, Any]]:
    """Return the networks of a service, with the names that it answers to there."""
    found = []
    for key, one in sorted((service.get("networks") or {"default": None}).items()):
        if key not in around.networks:
            raise ValueError(f"the network {key}, which the deployment has not made")
        attached: dict[str, Any] = {"Target": around.networks[key]}
        if not around.called and (aliases := _aliases(name, service, one or {})):
            attached["Aliases"] = aliases
        if options := (one or {}).get("driver_opts"):
            attached["DriverOpts"] = {key: str(value) for key, value in options.items()}
        found.append(attached)
    return found


def _aliases(name: str, service: Mapping[str, Any], said: Mapping[str, Any]) -> list[str]:
    # A Swarm's own name of a service has the deployment's in front of it. That of one release is of no use where the
    # Swarm replaces one by the other.
    release = (service.get("labels") or {}).get(RELEASE) or ANY
    of_release = re.compile(rf"(?<![a-z0-9]){re.escape(release)}(?![a-z0-9])")
    own = [] if said.get("use_service_name_alias") is False else [name]
    others = [one for one in said.get("aliases") or () if not of_release.search(one)]
    return list(dict.fromkeys([*own, *others]))


def port(one: Mapping[str, Any]) -> dict[str, Any]:
    """Return a port of a node that leads to the task there, and to no other."""
    published, target = str(one.get("published") or ""), one.get("target")
    if (address := one.get("host_ip") or "") not in EVERYWHERE:
        raise ValueError(
            f"ports: {address}:{published}:{target}, which would be open on every address of a node: take the address "
            "out, or the port, and use a network"
        )
    if published and not published.isdigit():
        raise ValueError(f"ports: {published}:{target}, which a Swarm cannot choose of: say one port")
    if (protocol := one.get("protocol") or "tcp") not in PROTOCOLS:
        raise ValueError(f"ports: {target}/{protocol}, which a Swarm does not publish: say tcp, udp or sctp")
    found = {"Protocol": protocol, "TargetPort": int(target or 0), "PublishMode": "host"}
    return found | ({"PublishedPort": int(published)} if published else {})


def endpoint(service: Mapping[str, Any]) -> dict[str, Any]:
    """Return the EndpointSpec: names lead to the tasks themselves, ports to the task of their node."""
    ports = [port(one) for one in service.get("ports") or ()]
    return {"Mode": "dnsrr"} | ({"Ports": ports} if ports else {})


def hosts(said: Any) -> list[str]:
    """Return lines of /etc/hosts for `extra_hosts`, which Compose prints as NAME=ADDRESS, before 2.24 NAME:ADDRESS."""
    if isinstance(said, Mapping):
        pairs = [(name, one) for name, both in said.items() for one in (both if isinstance(both, list) else [both])]
    else:
        pairs = []
        for line in said or ():
            name, address = re.split("[=:]", line, maxsplit=1)
            pairs.append((name, address.strip("[]")))
    return [f"{address} {name}" for name, address in pairs]


def networks(config: Mapping[str, Any]) -> dict[str, Any]:
    """Return the networks that services have of what Compose prints, by key."""
    used = {key for one in config["services"].values() for key in one.get("networks") or ("default",)}
    return {key: said or {} for key, said in (config.get("networks") or {}).items() if key in used}


def network(name: str, said: Mapping[str, Any], labels: Mapping[str, str]) -> dict[str, Any]:
    """Return what makes a network of the Compose file an overlay of the Swarm, as POST /networks/create takes it."""
    found: dict[str, Any] = {"Name": name, "Driver": "overlay", "Scope": "swarm"}
    found["Attachable"] = bool(said.get("attachable"))
    found["Internal"] = bool(said.get("internal"))
    found["Options"] = {str(option): str(value) for option, value in (said.get("driver_opts") or {}).items()}
    found["Labels"] = {str(label): str(value) for label, value in (said.get("labels") or {}).items()} | dict(labels)
    return found


def changed_keys(said: Mapping[str, Any], there: Mapping[str, Any]) -> list[str]:
    """Return the keys of a network in the Compose file that the one on the Swarm was not made with.

    Options that the Swarm has added are none of them.
    """
    wanted, options = network("", said, {}), there.get("Options") or {}
    found = [key.lower() for key in ("Internal", "Attachable") if bool(there.get(key)) is not wanted[key]]
    is_other = any(options.get(option) != value for option, value in wanted["Options"].items())
    return [*found, *(["driver_opts"] if is_other else [])]


def network_refusals(key: str, said: Mapping[str, Any]) -> list[str]:
    """Return what stands against a network of the Compose file."""
    if key == names.CONTROL:  # who is in it may ask the proxies what is for `inv` alone
        return [f"the network {key}, as Slipway calls one of its own on a Swarm: give it another name"]
    if said.get("external"):
        return []
    found = []
    if (driver := said.get("driver") or "bridge") not in ("bridge", "default", "overlay"):
        found.append(f"the network {key}: driver {driver}, which reaches one node alone: take it out")
    if (said.get("ipam") or {}).get("config"):
        found.append(f"the network {key}: ipam, which the Swarm chooses: take it out, or make it beforehand (external)")
    if said.get("enable_ipv6") or said.get("enable_ipv4") is False:
        found.append(f"the network {key}: enable_ipv6, which no overlay of Slipway's has: take it out")
    return found
