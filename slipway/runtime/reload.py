"""A service that is to become ready, and in development loads its code anew when that changes."""

import contextlib
from collections.abc import Callable, Iterator

from slipway.core.errors import Problem
from slipway.core.ports import LOOPBACK
from slipway.core.shell import Shell
from slipway.core.waiting import wait_until
from slipway.engine import client
from slipway.project.config import Project
from slipway.project.health import GOOD, Answer, ask

RELOADED = 5  # seconds in which changed code is served
GOES_ON = "It goes on, and loads its code anew when that changes."


def wait(look: Callable[[], Answer], ended: Callable[[], str], seconds: int, again: bool = False) -> str:
    """Wait until a service is ready, or won't be; return "", else how it failed.

    `look` asks its health path, `ended` says how its process has ended ("" while it runs). Where it runs `again`, what
    it answers at first may be of the code before.
    """
    answer = Answer()

    def answered() -> bool:
        nonlocal answer
        answer = look()  # (a worker that reloads outlives an error that is final for others)
        return answer.status == GOOD or (answer.is_final and not again)

    if wait_until(answered, lambda: not ended(), seconds) and answer.status == GOOD:
        return ""
    so_far = f": {answer}" if str(answer) else ""
    how = f"answers {answer.status}" if answer.is_final else f"was not ready in {seconds} s{so_far}"
    return ended() or how


def answers(shell: Shell, project: Project, port: int | None) -> bool:
    """Tell whether a container's service is ready now: its engine asks it every few seconds only.

    One on another machine cannot be asked from here: it is as its engine says.
    """
    if not port or client.is_remote(shell):
        return True
    return ask(LOOPBACK, port, project.health, project.health_host).status == GOOD


@contextlib.contextmanager
def told_to_go_on(does: Callable[[], bool]) -> Iterator[None]:
    """Say of a service that is not ready that it goes on, where it does."""
    try:
        yield
    except Problem as problem:
        problem.message = f"{problem.message} {GOES_ON}" if does() else problem.message
        raise
