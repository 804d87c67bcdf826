"""Waiting for something to come true."""

import time
from collections.abc import Callable


def pause(waited: float) -> float:
    """Return how long to wait until the next look, in seconds.

    A tenth of what was waited so far, from 0.1 s to 0.5 s: nothing that is slow is asked often, nothing that is quick
    is noticed late.
    """
    return min(max(waited / 10, 0.1), 0.5)


def wait_until(ready: Callable[[], bool], alive: Callable[[], bool], limit: float) -> bool:
    """Ask `ready` until it says yes; False when the limit (s) is over.

    Gives up at once when `alive` says no.
    """
    end = time.monotonic() + limit
    pause = 0.02
    while not ready():
        if not alive() or time.monotonic() > end:
            return False
        time.sleep(pause)
        pause = min(pause * 1.5, 0.25)
    return True
