"""Overlay networks of a Swarm."""

from collections.abc import Callable, Mapping
from typing import Any

from slipway.core.errors import Problem
from slipway.engine.api import Api, Refused


def find(api: Api, name: str) -> Mapping[str, Any] | None:
    """Return a network as the API tells of it, None for none; raises Problem, also for one of another kind."""
    found: Mapping[str, Any] | None = api.find(f"/networks/{name}")
    if found and found.get("Scope") != "swarm":
        raise Problem(
            f"The network {name} is one of this engine alone, of a deployment that was on it: a Swarm needs one that "
            "all nodes have. docs/cluster.md says how such a deployment moves."
        )
    return found


def is_there(api: Api, name: str) -> bool:
    """Tell whether the Swarm has a network of this name; one of an engine alone is none. Raises Problem."""
    return (api.find(f"/networks/{name}") or {}).get("Scope") == "swarm"


def have(api: Api, name: str, make: Callable[[], Mapping[str, Any]]) -> None:
    """Have a network of this name; `make` tells what one that is not there becomes. Raises Problem."""
    if find(api, name):
        return
    try:
        api.post("/networks/create", make())
    except Refused as refused:
        if not refused.is_taken:
            raise


def subnets(api: Api, name: str) -> list[str]:
    """Return the subnets of a network, nothing when there is none; raises Problem."""
    found = api.find(f"/networks/{name}") or {}
    return [one["Subnet"] for one in (found.get("IPAM") or {}).get("Config") or () if one.get("Subnet")]


def labelled(api: Api, *labels: str) -> list[str]:
    """Return the names of those that have all of these labels; raises Problem."""
    return [str(one["Name"]) for one in api.get("/networks", {"label": list(labels)})]


def remove(api: Api, name: str) -> bool:
    """Remove a network; False when it was gone already. Raises Refused when it is in use."""
    return api.delete(f"/networks/{name}")
