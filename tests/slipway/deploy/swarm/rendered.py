"""What tests of a Swarm's services share: what Compose 2.26 prints of this project, and how a service is made of it."""

import copy
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from slipway.deploy.swarm.around import Around
from slipway.deploy.swarm.render import service

# compose.release.yaml for no release yet, and compose.yaml with compose.prod.yaml and compose.https.yaml around it:
# without most variables, and with shorter scripts.
PRINTED = json.loads(Path(__file__).with_name("printed.json").read_text())
NETWORKS = {"default": "shop-prod_default", "database": "shop-prod_database"}


def release() -> dict[str, Any]:
    """Return what Compose prints of a release."""
    found: dict[str, Any] = copy.deepcopy(PRINTED["release"])
    return found


def surroundings() -> dict[str, Any]:
    """Return what Compose prints of the services that stay."""
    found: dict[str, Any] = copy.deepcopy(PRINTED["around"])
    return found


def config(declared: Mapping[str, Any] | None = None, **said: Any) -> dict[str, Any]:
    """Return what Compose prints of one service `it`, which has what is said, and of volumes that are declared."""
    return {"name": "shop-prod", "services": {"it": {"image": "none", **said}}, "volumes": dict(declared or {})}


def around(**said: Any) -> Around:
    """Return what a deployment knows beside the Compose file."""
    return Around(**{"deployment": "shop-prod", "networks": NETWORKS, **said})


def rendered(declared: Mapping[str, Any] | None = None, **said: Any) -> dict[str, Any]:
    """Return the ServiceSpec of a service that has what is said."""
    return service("it", config(declared, **said), around())


def container(**said: Any) -> dict[str, Any]:
    """Return the ContainerSpec of a service that has what is said, without image and labels."""
    found: dict[str, Any] = rendered(**said)["TaskTemplate"]["ContainerSpec"]
    return {key: value for key, value in found.items() if key not in ("Image", "Labels")}
