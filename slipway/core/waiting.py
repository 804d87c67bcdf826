"""Waiting for something to come true."""

import time
from collections.abc import Callable


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
