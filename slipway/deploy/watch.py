"""The first seconds of a release: is it ready, does it stay so, what do its clients get."""

import time
from collections.abc import Callable, Iterator

from slipway.core.waiting import pause
from slipway.engine.containers import Verdict
from slipway.runtime.release import Answers

FEWEST = 3  # 5xx that count: one may be anything
LOOK = 0.5  # seconds


def wait_ready(look: Callable[[], Verdict], limit: float, settle: float) -> str:
    """Wait until a release is ready and has been up for `settle` seconds; for at most `limit` seconds.

    `look` judges it. Returns "" when it is ready, else what is wrong.
    """
    began = time.monotonic()
    while True:
        verdict = look()
        waited = time.monotonic() - began
        if verdict.wrong or (verdict.ready and waited >= settle):
            return verdict.wrong
        if waited > max(limit, settle):
            return f"was not ready in {limit:.0f} s"
        time.sleep(pause(waited))


def worse(before: Answers, since: Answers, percent: int) -> str:
    """Judge the answers since a release is live; "" for good ones.

    Bad are at least 3 answers with 5xx, more than `percent` of all, and twice the share that there was before.
    """
    if since.failed < FEWEST or since.share <= max(percent / 100, 2 * before.share):
        return ""
    return f"answers {since.failed} of {since.all} requests with 5xx"


def moments(seconds: float) -> Iterator[float]:
    """Yield the seconds gone, twice a second, for so long; the last time at the end."""
    began, gone = time.monotonic(), 0.0
    while True:
        time.sleep(min(LOOK, seconds - gone))
        gone = time.monotonic() - began
        yield gone
        if gone >= seconds:
            return
