"""How far a program is whose output is kept: told while it takes long, in one line."""

import re
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from typing import TypeVar

from slipway.core import printable
from slipway.core.steps import Steps
from slipway.core.terminal import draw, draws

EVERY = 10.0  # seconds between lines where no terminal is
SOON = 1.0  # seconds after which a terminal shows one, which is rewritten
WIDTH = 110  # of a line where no terminal is
HEADER = re.compile(r"(?m)^#(\d+) (\[.+)$")  # of a builder's step
LATEST = re.compile(r"(?m)^#(\d+) (?!DONE|CACHED)\S")

Done = TypeVar("Done")


def at(printed: str) -> str:
    """Return where a program is by what it has printed: the builder's step, or the last whole line."""
    whole = printed[: printed.rfind("\n") + 1]
    headers: dict[str, str] = dict(HEADER.findall(whole))
    for number in reversed(LATEST.findall(whole)):
        if number in headers:
            return headers[number]
    return next((line for line in reversed(whole.splitlines()) if line.strip()), "")


class Still:
    """Tells of one program."""

    def __init__(self, steps: Steps, argv: Sequence[str]) -> None:
        self.steps = steps
        self.name = " ".join(argv[:2])
        self.draws = draws(sys.stderr)
        self._began = self._last = time.monotonic()
        self._drawn = False

    def watched(self, look: Callable[[float], Done]) -> Callable[[float], Done]:
        """Return what looks as `look` does, and tells of what is not done yet."""

        def watch(seconds: float) -> Done:
            try:
                return look(seconds)
            except subprocess.TimeoutExpired as late:
                self.tell(late.stderr or b"")
                raise

        return watch

    def tell(self, printed: bytes | str) -> None:
        """Say how far it is, if it is time to."""
        now = time.monotonic()
        if now - self._last < (SOON if self.draws else EVERY):
            return
        self._last = now
        place = at(printed if isinstance(printed, str) else printed.decode(errors="replace")) or self.name
        text = printable.line(self.steps.redact(f"  ... {now - self._began:.0f} s: {place}"))
        if self.draws:
            draw(text)
            self._drawn = True
        else:
            self.steps.say(text[:WIDTH])

    def end(self) -> None:
        """Leave nothing behind of what was rewritten."""
        if self._drawn:
            draw("")
            self._drawn = False
