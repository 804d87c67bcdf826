"""What a verb has shown, line by line, as much of it as is to be kept: its beginning and its end."""

import time
from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass, field

from slipway.core.words import human

MOST = 200_000  # bytes, half of them the beginning's


@dataclass
class Kept:
    """Lines with the time of each, in nanoseconds since 1970; what is between the first and the last may be left out.

    It takes text that has no secrets.
    """

    most: int = MOST
    left_out: int = 0  # bytes
    _head: list[tuple[int, str]] = field(default_factory=list)
    _tail: deque[tuple[int, str]] = field(default_factory=deque)
    _sizes: list[int] = field(default_factory=lambda: [0, 0])  # of both, in bytes

    def add(self, text: str) -> None:
        """Add a text of one or more lines."""
        now = time.time_ns()
        for line in text.split("\n"):
            self._add(now, line)

    def _add(self, now: int, line: str) -> None:
        half = self.most // 2
        if size(line) > half:  # a line that is one half alone
            self.left_out += size(line) - half
            line = line.encode(errors="replace")[: half - 1].decode(errors="ignore")
        if not self._tail and self._sizes[0] + size(line) <= half:
            self._head.append((now, line))
            self._sizes[0] += size(line)
            return
        self._tail.append((now, line))
        self._sizes[1] += size(line)
        while self._sizes[1] > half:
            gone = size(self._tail.popleft()[1])
            self._sizes[1] -= gone
            self.left_out += gone

    def lines(self) -> Iterator[tuple[int, str]]:
        """Yield the lines, and in the place of those that are left out one that says so."""
        yield from self._head
        if self.left_out:
            at = self._tail[0][0] if self._tail else self._head[-1][0]
            yield at, f"... ({human(self.left_out)} left out) ..."
        yield from self._tail

    @property
    def text(self) -> str:
        """All of it."""
        return "".join(f"{line}\n" for _, line in self.lines())


def size(line: str) -> int:
    """Return the bytes of a line, with its end."""
    return len(line.encode(errors="replace")) + 1
