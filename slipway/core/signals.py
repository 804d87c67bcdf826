"""Signals: one exception for all of them, and moments when none gets through."""

import contextlib
import signal
from collections.abc import Callable, Iterator
from types import FrameType

from slipway.core.errors import Interrupted


class _Held:
    active = False
    signum = 0
    raise_now: Callable[[int, FrameType | None], None] | None = None


@contextlib.contextmanager
def uninterrupted() -> Iterator[None]:
    """Hold signals back, so that what is started is also noted."""
    before, _Held.active = _Held.active, True
    try:
        yield
    finally:
        _Held.active = before
        if not before:
            signum, _Held.signum = _Held.signum, 0
            if signum and _Held.raise_now:
                _Held.raise_now(signum, None)


@contextlib.contextmanager
def interruptible() -> Iterator[None]:
    """Turn SIGTERM, SIGHUP and Ctrl-C into one exception, Interrupted.

    What runs meanwhile can clean up; a second signal doesn't cut that short.
    """

    def interrupt(signum: int, _frame: FrameType | None) -> None:
        if _Held.active:
            _Held.signum = signum
            return
        for number in handled:  # not SIG_IGN: the programs that clean up would inherit it
            signal.signal(number, lambda *_: None)
        if signum == signal.SIGINT:
            raise KeyboardInterrupt
        raise Interrupted(signum)

    handled = [n for n in (signal.SIGTERM, signal.SIGHUP, signal.SIGINT) if signal.getsignal(n) != signal.SIG_IGN]
    _Held.raise_now = interrupt
    before = {number: signal.signal(number, interrupt) for number in handled}
    try:
        yield
    except KeyboardInterrupt:
        raise Interrupted(signal.SIGINT) from None
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
