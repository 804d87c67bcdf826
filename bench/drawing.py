"""A deployment under load as a drawing (SVG), for `bench/deploy.py`."""

from collections.abc import Sequence
from typing import Protocol

TENTH = 0.1  # seconds, which one point of a line stands for
LEFT, TOP, WIDE, HIGH = 56, 44, 860, 90  # of a panel
APART = HIGH + 30
MARKS = {
    "start": "new release started",
    "ready": "ready",
    "switch": "switched",
    "bake": "watched",
    "stop": "old release stopped",
}


class Load(Protocol):
    """What is known of each request that was sent."""

    due: list[float]
    latencies: list[float]
    good: list[bool]


def draw(load: Load, ends: dict[str, float], rate: float) -> str:
    """Draw what was answered, the slowest, and what failed."""
    first, last = ends["start"] - 4, ends["stop"] + 3
    answered, slowest, failed = in_tenths(load, first, last)
    panels = [
        ("answered a second", answered, rate * 2, "#1f77b4"),
        ("slowest, ms", slowest, max(100.0, *slowest), "#9467bd"),
        (f"failed a second: {sum(failed) * TENTH:.0f} in all", failed, rate, "#d62728"),
    ]
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {LEFT + WIDE + 20} 452" font-family="sans-serif">',
        '<rect width="100%" height="100%" fill="white"/>',
        text(LEFT, 18, 'font-weight="bold"', f"A deployment under {rate:.0f} requests a second"),
    ]
    for index, (name, values, ceiling, colour) in enumerate(panels):
        parts += panel(TOP + HIGH + index * APART, name, values, ceiling, colour, last - first)
    bottom = TOP + len(panels) * APART - 20
    for index, (step, name) in enumerate(MARKS.items()):
        at = x(ends[step] - first, last - first)
        parts += [
            f'<line x1="{at:.1f}" y1="{TOP}" x2="{at:.1f}" y2="{bottom}" stroke="#2ca02c" stroke-dasharray="3 3"/>',
            text(at, bottom + 14 + 13 * (index % 2), 'text-anchor="middle" fill="#2ca02c"', name),
        ]
    for second in range(0, int(last - first) + 1, 2):
        at = x(second, last - first)
        parts.append(text(at, bottom + 46, 'text-anchor="middle" fill="#555"', f"{second} s"))
    return "\n".join([*parts, "</svg>", ""])


def in_tenths(load: Load, first: float, last: float) -> tuple[list[float], list[float], list[float]]:
    """Return answers a second, slowest (ms), failures a second."""
    count = int((last - first) / TENTH)
    answered, slowest, failed = [0.0] * count, [0.0] * count, [0.0] * count
    for due, latency, good in zip(load.due, load.latencies, load.good, strict=True):
        at = int((due + latency - first) // TENTH)
        if 0 <= at < count:
            answered[at] += good / TENTH
            failed[at] += (not good) / TENTH
            slowest[at] = max(slowest[at], latency * 1000)
    return answered, slowest, failed


def panel(base: int, name: str, values: Sequence[float], ceiling: float, colour: str, seconds: float) -> list[str]:
    """Return a panel's axis, its texts and its line."""
    points = " ".join(
        f"{x(i * TENTH, seconds):.1f},{base - min(value, ceiling) / ceiling * HIGH:.1f}"
        for i, value in enumerate(values)
    )
    return [
        f'<line x1="{LEFT}" y1="{base}" x2="{LEFT + WIDE}" y2="{base}" stroke="#bbb"/>',
        text(LEFT, base - HIGH - 6, 'fill="#555"', name),
        text(LEFT - 6, base, 'text-anchor="end" fill="#555"', "0"),
        text(LEFT - 6, base - HIGH + 8, 'text-anchor="end" fill="#555"', f"{ceiling:.0f}"),
        f'<polyline points="{points}" fill="none" stroke="{colour}" stroke-width="1.5"/>',
    ]


def text(x: float, y: float, attributes: str, words: str) -> str:
    """Return a text."""
    return f'<text x="{x:.1f}" y="{y:.1f}" font-size="11" {attributes}>{words}</text>'


def x(after: float, seconds: float) -> float:
    """Return where a moment is drawn, `after` the first of so many seconds."""
    return LEFT + after / seconds * WIDE
