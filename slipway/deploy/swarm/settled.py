"""What a Swarm was still changing when whoever told it to was gone: it comes to its end by itself, and is told."""

import time

from slipway.core.errors import Problem
from slipway.core.steps import Steps
from slipway.deploy.compose.labels import RELEASE
from slipway.deploy.swarm.parts import Parts
from slipway.engine.api import Api
from slipway.engine.swarm import services, updates
from slipway.engine.swarm.services import BACK, OVER, Service

POLL = 0.5
LONGEST = 900  # seconds


def wait(steps: Steps, parts: Parts) -> None:
    """Wait until the Swarm changes nothing of a deployment any more, and say what it did; raises Problem."""
    began, told = time.monotonic(), set[str]()
    while working := [one for one in parts.all().values() if one.is_working]:
        for one in working:
            if one.name not in told:
                steps.note("waiting", f"the Swarm {'goes back with' if one.update in BACK else 'updates'} {one.name}")
                told.add(one.name)
            updates.resume(parts.api, one, services.tasks_of(parts.api, one.id), parts.auth)
        if time.monotonic() - began > LONGEST:
            raise Problem(
                f"The Swarm did not come to an end with {working[0].name} in {LONGEST} s: docker service ps "
                f"{working[0].name}"
            )
        time.sleep(POLL)
    for name in sorted(told):
        if found := services.find(parts.api, name):
            steps.note("recovered", ended(found))


def ended(service: Service) -> str:
    """Say how the last update of a service has ended."""
    release = service.labels.get(RELEASE, "")
    how = {"completed": "is", "rollback_completed": "is again, as the Swarm has gone back,"}.get(service.update)
    if how:
        return f"{service.name} {how} {release or 'as it was told'}"
    return f"{service.name}: the Swarm has stopped in the middle ({service.update}: {service.said})"


def is_over(api: Api, service: Service) -> bool:
    """Tell whether a job has ended, or was never begun."""
    found = services.tasks_of(api, service.id)
    return bool(found) and all(one.state in OVER for one in found)
