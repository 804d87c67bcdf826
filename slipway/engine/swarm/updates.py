"""Updates that would never end: a Swarm waits for a task to run whose node was lost while it was being started.

It makes another task in its place, and waits for the first one all the same. Told anything else of the service, it
begins the update anew with what is still to be replaced: tasks that are there stay.
"""

from collections.abc import Callable, Mapping, Sequence

from slipway.engine.api import Api
from slipway.engine.swarm import nodes, services
from slipway.engine.swarm.services import COMING, Service, Spec, Task

RESUMED = "dev.slipway.resumed"  # the label of a service with the tasks that it has waited for in vain


def resume(api: Api, service: Service, tasks: Sequence[Task], auth: Callable[[Spec], Mapping[str, str]]) -> bool:
    """Let an update go on that waits for a task of a lost node; False where it doesn't. Raises Problem.

    `auth` tells what nodes need to pull the image of a spec.
    """
    known = service.labels.get(RESUMED, "").split()
    left = [one for one in tasks if one.state in COMING and one.desired not in ("ready", "running")]
    lost = [one.id for one in left if one.id not in known and _is_down(api, one.node)]
    if not (service.is_working and lost):
        return False
    labels = {**service.labels, RESUMED: " ".join([*known, *lost])}
    services.update(api, service, {**service.spec, "Labels": labels}, auth(service.spec))
    return True


def _is_down(api: Api, node: str) -> bool:
    found = nodes.find(api, node)
    return bool(node) and (not found or found.state == nodes.DOWN)
