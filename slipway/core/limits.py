"""How long other programs may take, by the kind of the call: nothing is waited for without an end."""

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from slipway.core.errors import Problem
from slipway.core.signals import interrupted

SOON = 0.7  # seconds that a program which only asks another one has to end, once it is told to
LEFT = 0.6  # seconds for what would be short and is under way when this process is told to end
HURRY = 2.0  # seconds for what would be short and begins after that
KNOWN = 0.5  # seconds, when something was waited for in vain since then
LOOK = 10.0  # seconds between two looks whether what is waited for goes on
GRACE = 30.0  # seconds that a program has that tidies up itself


@dataclass(frozen=True)
class Limit:
    """What a call may take.

    It has `seconds`, from its start; or `still` seconds without a byte in or out; None for as long as it takes. Its
    time is over as well once something is not `going` any more. One that `asks` changes nothing: it may be asked again.
    `grace` is what it has to end once it is told to.
    """

    seconds: float | None = None
    asks: bool = False
    still: float | None = None
    going: Callable[[], bool] | None = field(default=None, compare=False)
    grace: float = SOON


ASK = Limit(10, asks=True)
ACT = Limit(15)
SHORT = 15  # seconds: what may take no longer takes half a second even where much else is going on
MOVE = Limit(still=300)  # data, whose amount nobody knows
WORK = Limit(grace=GRACE)


def git(argv: Sequence[str]) -> Limit:
    """Return what a call of git may take: it may have many files to look at, or hooks to run."""
    words = set(argv[1:4])
    if words & {"clone", "fetch", "push"}:
        return MOVE
    return WORK if words & {"commit", "merge", "checkout", "tag"} else Limit(60, asks=True)


# By program, and what to do when it doesn't answer; others are filled in by the packages that make their command lines.
KINDS: dict[str, Callable[[Sequence[str]], Limit]] = {"git": git}
REMEDIES: dict[str, str] = {}


class Late(Problem):
    """Say that a program did not come to its end in its time: what it was to do may be done or not."""


def of(argv: Sequence[str]) -> Limit:
    """Return what a command may take; any of a program that is not known here."""
    kind = KINDS.get(argv[0])
    return kind(argv) if kind else WORK


def late(argv: Sequence[str], waited: float, again: bool = False) -> Late:
    """Return the Problem for a command that was waited for in vain."""
    name = " ".join(word for word in argv[:2] if not word.startswith("-"))
    remedy = REMEDIES.get(argv[0], "")
    return Late(
        f"{name} did not answer in {waited:.0f} s{', twice' if again else ''}{f': {remedy}' if remedy else '.'}"
    )


@dataclass
class Wait:
    """One wait for a program: when its time is over.

    `moved` counts the bytes that have gone in and out, None where nobody counts.
    """

    limit: Limit
    moved: Callable[[], int | None]
    began: float = field(default_factory=time.monotonic)
    vain: bool = False  # whether anything else was waited for in vain since this process was told to end
    _bytes: int | None = None  # when they were counted last
    _moved: float = 0.0  # when they were others
    _looked: float = 0.0
    _over: float | None = None  # since when what is followed has ended

    def is_over(self, now: float) -> bool:
        """Tell whether it was waited for long enough."""
        if self.limit.seconds is not None and now >= ends(self.limit, self.began, interrupted(), self.vain):
            return True
        if self.limit.still is not None:
            return self._stands(now, self.limit.still)
        if self.limit.going is not None:
            return self._is_left(now, self.limit.going)
        return False

    def _stands(self, now: float, still: float) -> bool:
        if self._is_time(now):
            moved = self.moved()
            if moved is None or moved != self._bytes:
                self._bytes, self._moved = moved, now
        return now - (self._moved or self.began) >= still

    def _is_left(self, now: float, going: Callable[[], bool]) -> bool:
        # What it follows has ended, and it hasn't noticed. What cannot be asked about goes on.
        if self._is_time(now):
            try:
                self._over = None if going() else self._over or now
            except Problem:
                self._over = None
        return self._over is not None and now - self._over >= LOOK

    def _is_time(self, now: float) -> bool:
        if now - (self._looked or self.began) < LOOK:
            return False
        self._looked = now
        return True


def ends(limit: Limit, began: float, told: float | None, vain: bool) -> float:
    """Return when the `seconds` of a call are over: sooner for a short one, once this process was `told` to end."""
    seconds = limit.seconds or 0
    if told is None or seconds > SHORT:
        return began + seconds
    more = told + LEFT if told > began else began + HURRY
    return min(began + seconds, max(began, told) + KNOWN if vain else more)
