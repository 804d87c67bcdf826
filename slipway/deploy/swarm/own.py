"""What Slipway itself runs on a Swarm, beside what the Compose files define: closed, small, and soon ended."""

from collections.abc import Mapping, Sequence
from typing import Any

from slipway.deploy.swarm.records import SECOND

LIMITS = {"Limits": {"MemoryBytes": 32 * 2**20, "Pids": 16}}


def container(image: str, command: Sequence[str], labels: Mapping[str, str], user: str, **more: Any) -> dict[str, Any]:
    """Return the ContainerSpec of a command in an image, as a user; `more` are other keys of it."""
    return {
        "Image": image, "Command": [*command], "Labels": dict(labels), "User": user, "ReadOnly": True,
        "CapabilityDrop": ["ALL"], "Privileges": {"NoNewPrivileges": True}, "StopGracePeriod": SECOND, **more,
    }  # fmt: skip
