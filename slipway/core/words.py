"""Figures, times and lines, as people write and read them."""

MOST = 65535  # the highest port, and more seconds, lines or workers than anybody asks for


def row(name: str, text: str) -> str:
    """Return a line of a table that people read: what it is about, and what there is to say."""
    return f"{name:<10} {text}"


def is_whole(text: str) -> bool:
    """Tell whether a text is a whole number from 1 to 65535."""
    return text.isascii() and text.isdigit() and 1 <= int(text[:9]) <= MOST


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
