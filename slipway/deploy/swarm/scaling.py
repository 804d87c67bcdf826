"""More tasks of a service for a while: of more, a Swarm starts each where there are fewest.

Of fewer, it ends those that do not run, then those where there are most. So both, one after the other, spread them.
"""

import time
from collections.abc import Callable, Mapping

from slipway.core.errors import Problem
from slipway.core.steps import Steps
from slipway.deploy.swarm import cluster
from slipway.deploy.swarm.cluster import Cluster
from slipway.deploy.swarm.parts import Parts
from slipway.deploy.swarm.records import SECOND, replicas
from slipway.engine.swarm import services
from slipway.engine.swarm.services import FAILED, Service

USUAL = "dev.slipway.usual"  # the label of a service that has more tasks for a while: how many it has otherwise
POLL = 0.5
UNTIL_KILLED = 10  # seconds between the signal to end and the last one, of a service that says nothing else


class Scaling:
    """Changes how many tasks services have; `wait` is how many seconds one may take to be ready."""

    def __init__(self, parts: Parts, steps: Steps, wait: int) -> None:
        self.parts, self.steps, self.wait = parts, steps, wait

    def look(self) -> Cluster:
        """Look at the Swarm; raises Problem."""
        return cluster.look(self.parts.api, self.parts.deployment)

    def spread(self, part: str, more: int) -> None:
        """Have so many more of a part for a moment, so that each node gets its share; raises Problem."""
        with self.steps.step("spread") as step:
            usual = {part: count_of(self.find(part))}
            try:
                self.more({part: more}, usual)
            finally:
                self.scale(usual)
            self.until_running(part, lambda count: count <= usual[part])
            now = self.look()
            counts = {one.name: len(now.running(part, one)) for one in now.nodes}
            step.detail = f"{part}: {', '.join(f'{count} on {on}' for on, count in counts.items() if count)}"

    def more(self, more: Mapping[str, int], usual: Mapping[str, int]) -> None:
        """Have so many more of parts, than there usually are, and wait until they are ready; raises Problem."""
        now = self.look()
        self.scale({part: usual[part] + count for part, count in more.items()}, usual)
        for part, count in more.items():
            least = len(now.running(part)) + count
            self.until_running(part, lambda running, least=least: running >= least)  # type: ignore[misc]

    def scale(self, counts: Mapping[str, int], usual: Mapping[str, int] | None = None) -> None:
        """Have so many of parts; raises Problem.

        What is not the usual count says what that is: whoever comes after one that was killed goes by it.
        """
        self.parts.check()
        for part, count in counts.items():
            found = self.find(part)
            labels = {key: one for key, one in found.labels.items() if key != USUAL}
            labels |= {USUAL: str(usual[part])} if usual else {}
            spec = {**found.spec, "Labels": labels, "Mode": {"Replicated": {"Replicas": count}}}
            services.update(self.parts.api, found, spec, self.parts.auth(spec))

    def until_running(self, part: str, is_so: Callable[[int], bool]) -> None:
        """Wait for a count of the tasks of a part that run; raises Problem with what the Swarm says."""
        end = time.monotonic() + patience_with(self.find(part), self.wait)
        while not is_so(sum(one.is_running for one in self.parts.tasks_of(part))):
            if time.monotonic() > end:
                raise Problem(f"New tasks of {part} are not ready.{why(self.look())}")
            time.sleep(POLL)

    def find(self, part: str) -> Service:
        """Return the service of a part; raises Problem when it is gone."""
        found = self.parts.find(part)
        if not found:
            raise Problem(f"{part} of {self.parts.deployment} is gone: ./inv status")
        return found


def count_of(service: Service) -> int:
    """Return how many tasks a service usually has."""
    return int(service.labels.get(USUAL) or replicas(service.spec))


def why(now: Cluster) -> str:
    """Say what the Swarm tells of tasks that do not come to run, and how to see more."""
    mine = [one for one in now.tasks if now.owns(now.every.get(one.service)) and one.said]
    bad = [one for one in mine if one.state in FAILED or one.is_wanted]
    first = f" The Swarm says: {bad[-1].said}." if bad else ""
    return f"{first} More: docker stack ps --no-trunc {now.deployment}"


def patience_with(service: Service, wait: int) -> int:
    """Return how many seconds a service may take to end one task and have another."""
    grace = service.spec["TaskTemplate"]["ContainerSpec"].get("StopGracePeriod")
    return int(wait + (UNTIL_KILLED if grace is None else grace / SECOND))
