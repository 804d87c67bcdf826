"""A bound on what runs at the same time, fair to those who wait."""

import asyncio
import math

from prometheus_client import Gauge

WAITING = Gauge("turns_waiting", "Who waits for their turn.", ["at"], multiprocess_mode="livesum")


class Busy(Exception):
    """A turn did not come in time, or too many wait for one."""


class Turns:
    """Let `count` at a time do something in this worker, first come, first served.

    `async with` waits for a turn and takes it. `name` is what the metrics call it; `patience` is how many seconds
    somebody waits before Busy is raised. When `queue` wait already, it is raised at once; None lets all wait.
    """

    def __init__(self, name: str, count: int, patience: float, queue: int | None = None) -> None:
        self._semaphore = asyncio.Semaphore(count)
        self._patience = patience
        self._places = math.inf if queue is None else queue
        self._waiting = WAITING.labels(name)

    async def __aenter__(self) -> None:
        """Wait for a turn and take it; raises Busy."""
        if not self._semaphore.locked():
            await self._semaphore.acquire()
            return
        if self._places < 1:
            raise Busy
        self._places -= 1
        self._waiting.inc()
        try:
            async with asyncio.timeout(self._patience):
                await self._semaphore.acquire()
        except TimeoutError:
            raise Busy from None
        finally:
            self._places += 1
            self._waiting.dec()

    async def __aexit__(self, *_: object) -> None:
        """Leave it to the next."""
        self._semaphore.release()
