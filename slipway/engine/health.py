"""Whether what was started becomes ready."""

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from slipway.core.waiting import pause


@dataclass(frozen=True)
class Verdict:
    """How a container that was just started does: it is ready, something is wrong, or it is too early to tell.

    `so_far` is what its health check was answered last. What is `unhealthy` may still become ready, unless it was.
    """

    ready: bool = False
    wrong: str = ""
    so_far: str = ""
    unhealthy: bool = False


READY, EARLY, GONE = Verdict(ready=True), Verdict(), Verdict(wrong="is gone")


def together(verdicts: Sequence[Verdict]) -> Verdict:
    """Judge several together: what is wrong with one is wrong with all, and what has ended before what may go on."""
    worst = sorted(verdicts, key=lambda one: (not one.wrong, one.unhealthy, one.ready))
    return worst[0] if worst else GONE


def until_ready(look: Callable[[], Verdict], limit: float, settle: float = 0) -> str:
    """Wait until `look` says ready, and has done so for `settle` seconds since the start; for at most `limit` seconds.

    Returns "" when it is ready, else what is wrong. A health check counts its failures for itself, and may give up
    before `limit`: what was never ready gets all of it. What is unhealthy from the first look on was ready once.
    """
    began = time.monotonic()
    verdict = look()
    starting = not verdict.unhealthy
    while True:
        waited = time.monotonic() - began
        starting = starting and not verdict.ready
        if verdict.ready and waited >= settle:
            return ""
        if verdict.wrong and not (verdict.unhealthy and starting and waited <= limit):
            return verdict.wrong
        if waited > max(limit, settle):
            return f"was not ready in {limit:.0f} s{f': {verdict.so_far}' if verdict.so_far else ''}"
        time.sleep(pause(waited))
        verdict = look()
