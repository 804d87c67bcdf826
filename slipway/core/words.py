"""Figures, times and lines, as people write and read them."""

import re

PORTS = range(1, 65_536)
LINES = range(1, 1_000_001)
SECONDS = range(86_401)  # none, or a day at most
WORKERS = range(1, 1001)
CONTAINERS = range(1, 501)  # a network of Docker's takes a thousand: two releases, and what stays


def row(name: str, text: str) -> str:
    """Return a line of a table that people read: what it is about, and what there is to say."""
    return f"{name:<10} {text}"


def is_whole(text: str, within: range) -> bool:
    """Tell whether a text is a whole number of a range."""
    return text.isascii() and text.isdigit() and len(text) < 10 and int(text) in within


def whole(within: range) -> str:
    """Return what a number of a range is called."""
    return f"a whole number from {within[0]} to {within[-1]}"


def listed(text: str) -> list[str]:
    """Return what a text lists, with commas between."""
    return [one.strip() for one in text.split(",") if one.strip()]


def in_bytes(text: str) -> float:
    """Return a size as Docker reads it, like 512m or 1.5gb; -1 for what is none."""
    found = re.fullmatch(r"([0-9]+(?:\.[0-9]+)?) ?([kmgtp]?)i?b?", text.lower())
    return float(found[1]) * 1024 ** " kmgtp".index(found[2] or " ") if found else -1


def human(size: int) -> str:
    """Return a size in bytes for people."""
    amount = float(size)
    for unit in ("B", "kB", "MB", "GB"):
        if amount < 1000:
            return f"{amount:.0f} {unit}" if unit == "B" else f"{amount:.1f} {unit}"
        amount /= 1000
    return f"{amount:.1f} TB"


def spelled(seconds: int) -> str:
    """Return a time in seconds for people."""
    return f"{seconds} s" if seconds < 120 else f"{seconds // 60} min" if seconds < 7200 else f"{seconds // 3600} h"


def of_log(shown: str) -> str:
    """Return where the reader finds a log's last lines: above, when there are any."""
    return "the last lines of its log are above" if shown else "it logged nothing"
