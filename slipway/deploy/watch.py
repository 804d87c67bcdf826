"""The first seconds of a release: is it ready, does it stay so, what do its clients get."""

import time
from collections.abc import Callable, Iterator

from slipway.core.waiting import pause
from slipway.runtime.release import Answers

FEWEST = 3  # failures that count: one may be anything
HALF = 0.5
FLOOR = 10  # requests from which a share can be told
LOOK = 0.5  # seconds


def standard(first: Answers, since: Answers) -> Answers:
    """Return what to compare a release with: what clients got of the old one just now, or ever when that is little."""
    return since if since.all >= FLOOR else first + since


def worse(before: Answers, since: Answers, percent: int) -> str:
    """Judge what clients got of a release since it is live; "" for good.

    Failures are 5xx, answers that broke off, workers that died; and the 503s beyond their share of `before` if they are
    more than half of all answers: a service that has too much to do may have that from its clients. Bad are at least 3
    failures of 10 requests or more, if they are more than `percent` of all, and twice the share of before, or half.
    """
    busy = since.busy - round(before.busy / max(before.all, 1) * since.all)
    failed = since.failed + (busy if busy > since.all * HALF else 0)
    total = max(since.all, failed)
    if failed < FEWEST or total < FLOOR or failed / total <= max(percent / 100, min(2 * before.share, HALF)):
        return ""
    return f"fails {failed} of {total} requests (5xx, broken off, or their worker died)"


def drained(look: Callable[[], int | None], limit: float) -> str:
    """Wait until no request or WebSocket is left, for at most `limit` seconds; say what is left.

    `look` counts them, and returns None when that cannot be told.
    """
    began = time.monotonic()
    while True:
        left, waited = look(), time.monotonic() - began
        if left == 0:
            return "all is answered"
        if waited >= limit:
            return "whether all is answered cannot be told" if left is None else still_open(left)
        time.sleep(min(pause(waited), limit - waited))


def still_open(count: int) -> str:
    """Say what a release is at when its time is over, and what becomes of that."""
    what = "request or WebSocket is" if count == 1 else "requests or WebSockets are"
    return f"{count} {what} still open; the stop waits for requests alone"


def moments(seconds: float) -> Iterator[float]:
    """Yield the seconds gone, twice a second, for so long; the last time at the end."""
    began, gone = time.monotonic(), 0.0
    while True:
        time.sleep(min(LOOK, seconds - gone))
        gone = time.monotonic() - began
        yield gone
        if gone >= seconds:
            return
