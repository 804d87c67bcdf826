"""How far the Swarm is with making all of web a release."""

import time
from collections.abc import Callable, Sequence

from slipway.core.errors import Problem
from slipway.core.steps import Steps
from slipway.deploy.compose.labels import RELEASE
from slipway.deploy.swarm.parts import Parts
from slipway.deploy.swarm.records import replicas
from slipway.deploy.swarm.wait import moves, said
from slipway.engine.swarm import updates
from slipway.engine.swarm.services import BACK, FAILED, Task
from slipway.runtime.release import WEB

LOOK = 0.5


def wait(steps: Steps, parts: Parts, release: str, seconds: float, check: Callable[[], None]) -> None:
    """Wait until all tasks of web are a release's, and `check` meanwhile; raises Problem, or what that raises.

    It may stand still for so many seconds: the task of a node that is lost is made anew once the Swarm has noticed.
    """
    began, before = time.monotonic(), frozenset[tuple[str, str]]()
    with steps.step("spread") as step:
        while True:
            found, tasks = parts.find(WEB), parts.tasks_of(WEB)
            if not found or found.labels.get(RELEASE) != release or found.update in BACK:
                check()  # which knows it if somebody has gone back
                raise Problem(f"The Swarm has gone back by itself: {found.said if found else 'web is gone'}.")
            ready, old = counts(tasks, release)
            wanted = replicas(found.spec)
            if ready >= wanted and not old:
                step.detail = f"{wanted} of web, on {nodes(tasks)} node{'s' if nodes(tasks) > 1 else ''}"
                return
            if updates.resume(parts.api, found, tasks, parts.auth):
                steps.note("lost", "a node, on which a task was to start: the Swarm begins with the others anew")
            if (now := moves(tasks)) != before:
                began, before = time.monotonic(), now
            if time.monotonic() - began > seconds:
                failed = [one for one in tasks if one.state in FAILED or not one.is_running]
                raise Problem(f"{ready} of {wanted} are the new release. {said(parts, WEB, failed)}")
            check()
            time.sleep(LOOK)


def back(parts: Parts, release: str, seconds: float) -> None:
    """Wait until no task of another release is at work in web, for at most so many seconds; raises Problem.

    When it takes longer, the Swarm goes on with it all the same.
    """
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        ready, others = counts(parts.tasks_of(WEB), release)
        if ready and not others:
            return
        time.sleep(LOOK)


def counts(tasks: Sequence[Task], release: str) -> tuple[int, int]:
    """Return how many tasks of a release run, and how many of others are still to go on."""
    mine = sum(one.is_running and one.labels.get(RELEASE) == release for one in tasks)
    return mine, sum(one.is_wanted and one.labels.get(RELEASE) != release for one in tasks)


def nodes(tasks: Sequence[Task]) -> int:
    """Return on how many nodes tasks run."""
    return len({one.node for one in tasks if one.is_running})
