"""The lines of a Caddyfile, and it without one of them."""

from collections.abc import Iterator
from dataclasses import dataclass


@dataclass(frozen=True)
class Line:
    """A line that does something: its text, and the numbers of its first line and of the one after its last."""

    text: str
    first: int
    after: int

    def without(self, caddyfile: str, part: str = "") -> str:
        """Return the Caddyfile without it, or without a part of it; a block goes as a whole."""
        lines = caddyfile.splitlines(keepends=True)
        assert part in lines[self.first], part
        left = [lines[self.first].replace(part, "", 1)] if part else []
        return "".join(lines[: self.first] + left + lines[self.first + 1 if part else self.after :])


def functional(caddyfile: str) -> Iterator[Line]:
    """Yield all lines but comments, empty ones and braces alone."""
    lines = [line.strip() for line in caddyfile.splitlines()]
    for number, text in enumerate(lines):
        if text not in ("", "{", "}") and not text.startswith("#"):
            yield Line(text, number, _after(lines, number))


def _after(lines: list[str], number: int) -> int:
    depth = 0
    for last in range(number, len(lines)):
        depth += lines[last].endswith("{") - (lines[last] == "}")
        if not depth:
            return last + 1
    raise ValueError(f"the block of line {number + 1} has no end")
