"""Overlay networks of a Swarm."""

from collections.abc import Mapping

from slipway.core.errors import Problem
from slipway.engine.api import Api, Refused


def have(api: Api, name: str, labels: Mapping[str, str]) -> None:
    """Have an overlay network of this name; raises Problem, also for one of another kind."""
    if not (found := api.find(f"/networks/{name}")):
        try:
            api.post("/networks/create", {"Name": name, "Driver": "overlay", "Labels": dict(labels)})
        except Refused as refused:
            if not refused.is_taken:
                raise
    elif found.get("Scope") != "swarm":
        raise Problem(
            f"The network {name} is one of this engine alone, of a deployment that was on it: a Swarm needs one that "
            "all nodes have. docs/cluster.md says how such a deployment moves."
        )


def subnets(api: Api, name: str) -> list[str]:
    """Return the subnets of a network, nothing when there is none; raises Problem."""
    found = api.find(f"/networks/{name}") or {}
    return [one["Subnet"] for one in (found.get("IPAM") or {}).get("Config") or () if one.get("Subnet")]


def remove(api: Api, name: str) -> bool:
    """Remove a network; False when it was gone already. Raises Refused when it is in use."""
    return api.delete(f"/networks/{name}")
