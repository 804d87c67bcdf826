"""A command that is run once on each node of a Swarm, in an image: it tells of the node, or only that it could start.

Nothing of the node is mounted, and the task is in no network of the deployment.
"""

import secrets
from collections.abc import Mapping, Sequence
from typing import Any

from slipway.deploy.swarm import names, own
from slipway.deploy.swarm.records import SECOND

# Without a policy of restarts, or with none to be made, the Swarm starts a task that failed again at once, for ever.
ONCE = {"Condition": "on-failure", "Delay": 3600 * SECOND}


def spec(deployment: str, image: str, command: Sequence[str], where: Mapping[str, Any] | None = None) -> dict[str, Any]:
    """Return the job that runs a command once on each node that takes tasks, of those that are chosen (`chosen`)."""
    marks = names.marks(deployment, names.JOB)
    container = own.container(image, command, marks, "65534:65534", HealthCheck={"Test": ["NONE"]})
    task = {"ContainerSpec": container, "RestartPolicy": ONCE, "Resources": own.LIMITS}
    if where:
        task["Placement"] = dict(where)
    return {
        "Name": names.of_service(deployment, f"{names.JOB}-{secrets.token_hex(4)}"), "Labels": marks,
        "TaskTemplate": task, "Mode": {"GlobalJob": {}},
    }  # fmt: skip


def chosen(spec: Mapping[str, Any]) -> dict[str, Any]:
    """Return which nodes a service may be on, as its Placement has it; {} for all."""
    where = spec["TaskTemplate"].get("Placement") or {}
    return {key: where[key] for key in ("Constraints", "Platforms") if where.get(key)}
