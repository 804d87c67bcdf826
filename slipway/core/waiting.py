"""Waiting for something to come true."""

import time
from collections.abc import Callable

QUICK = 3  # seconds in which most services start


def pause(waited: float) -> float:
    """Return how long to wait until the next look, in seconds.

    0.1 s at first, so that what is quick is not noticed late; then a tenth of what was waited so far, at most 0.5 s, so
    that what is slow is not asked often.
    """
    return 0.1 if waited < QUICK else min(waited / 10, 0.5)


def wait_until(ready: Callable[[], bool], alive: Callable[[], bool], limit: float) -> bool:
    """Ask `ready` until it says yes; False when the limit (s) is over.

    Gives up at once when `alive` says no.
    """
    end = time.monotonic() + limit
    rest = 0.02
    while not ready():
        if not alive() or time.monotonic() > end:
            return False
        time.sleep(rest)
        rest = min(rest * 1.5, 0.25)
    return True
