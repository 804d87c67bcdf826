"""The first seconds of a release: is it ready, does it stay so, what do its clients get."""

import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

from slipway.deploy.compose.proxy import Answers
from slipway.runtime.compose import verdict

FEWEST = 3  # 5xx that count: one may be anything
POLL = 0.1  # seconds
LOOK = 0.5


def judged(containers: Sequence[Mapping[str, Any]]) -> str | None:
    """Judge all containers of a release; see `docker.verdict`."""
    if not containers:
        return "is gone"
    verdicts = [verdict(dict(one)) for one in containers]
    bad = next((one for one in verdicts if one), None)
    return bad or (None if None in verdicts else "")


def wait_ready(look: Callable[[], Sequence[Mapping[str, Any]]], limit: float, settle: float) -> str:
    """Wait until all containers are ready and have been up for `settle` seconds; for at most `limit` seconds.

    Returns "" when they are, else what is wrong.
    """
    began = time.monotonic()
    while True:
        how = judged(look())
        now = time.monotonic()
        if how or (how == "" and now - began >= settle):
            return how
        if now - began > max(limit, settle):
            return f"was not ready in {limit:.0f} s"
        time.sleep(POLL)


def worse(before: Answers, since: Answers, percent: int) -> str:
    """Judge the answers since a release is live; "" for good ones.

    Bad are at least 3 answers with 5xx, more than `percent` of all, and twice the share that there was before.
    """
    if since.failed < FEWEST or since.share <= max(percent / 100, 2 * before.share):
        return ""
    return f"answers {since.failed} of {since.all} requests with 5xx"


def watch(seconds: float) -> Iterator[float]:
    """Yield the seconds gone, twice a second, for so long; the last time at the end."""
    began = time.monotonic()
    while True:
        gone = time.monotonic() - began
        yield gone
        if gone >= seconds:
            return
        time.sleep(min(LOOK, max(0.0, seconds - gone)))
