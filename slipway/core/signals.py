"""Signals: one exception for all of them, moments when none gets through, and the second Ctrl-C, which always does."""

import contextlib
import os
import signal
import time
from collections.abc import Callable, Iterator
from types import FrameType
from typing import ClassVar

from slipway.core.errors import Interrupted

AGAIN = 0.3  # seconds after which a Ctrl-C is another one: a terminal and a parent may both pass the same one on


class _State:
    held = False
    signum = 0  # of the one that is held back
    since: float | None = None  # when the first came
    raise_now: Callable[[int], None] | None = None
    doomed: ClassVar[list[Callable[[], object]]] = []  # what ends all that is of no use without this process


def interrupted() -> float | None:
    """Return when a signal came that ends this process, also one that is held back; None for never."""
    return _State.since


@contextlib.contextmanager
def uninterrupted() -> Iterator[None]:
    """Hold signals back, so that what is started is also noted."""
    before, _State.held = _State.held, True
    try:
        yield
    finally:
        _State.held = before
        if not before:
            signum, _State.signum = _State.signum, 0
            if signum and _State.raise_now:
                _State.raise_now(signum)


@contextlib.contextmanager
def doomed(end: Callable[[], object]) -> Iterator[None]:
    """Let what is started meanwhile be of no use without this process: `end` ends it at the second Ctrl-C as well."""
    _State.doomed.append(end)
    try:
        yield
    finally:
        _State.doomed.remove(end)


def _end_doomed() -> None:
    for end in _State.doomed:
        with contextlib.suppress(Exception):  # nothing may keep this process
            end()


@contextlib.contextmanager
def interruptible(at_once: Callable[[], None] = lambda: None) -> Iterator[None]:
    """Turn SIGTERM, SIGHUP and Ctrl-C into one exception, Interrupted.

    What runs meanwhile can clean up. Another Ctrl-C cuts that short: `at_once` has the last word, and the process ends
    as it would of SIGKILL. What it has started goes on, unless it is doomed.
    """
    raised = False

    def interrupt(signum: int, _frame: FrameType | None) -> None:
        now, first = time.monotonic(), _State.since
        if first is not None and signum == signal.SIGINT and now - first > AGAIN:
            at_once()
            _end_doomed()
            os._exit(128 + signum)
        _State.since = now if first is None else first
        if _State.held:
            _State.signum = _State.signum or signum
        else:
            raise_now(signum)

    def raise_now(signum: int) -> None:
        nonlocal raised
        if raised:  # not SIG_IGN instead of this: the programs that clean up would inherit it
            return
        raised = True
        if signum == signal.SIGINT:
            raise KeyboardInterrupt
        raise Interrupted(signum)

    handled = [n for n in (signal.SIGTERM, signal.SIGHUP, signal.SIGINT) if signal.getsignal(n) != signal.SIG_IGN]
    _State.raise_now, _State.since = raise_now, None
    before = {number: signal.signal(number, interrupt) for number in handled}
    try:
        yield
    except KeyboardInterrupt:
        raise Interrupted(signal.SIGINT) from None
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
        _State.raise_now = _State.since = None
