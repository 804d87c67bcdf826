"""Changes of a .env text: some values are others afterwards, and all else is as it was."""

import re
from collections.abc import Mapping

from slipway.project import dotenv


def changed(text: str, values: Mapping[str, str | None]) -> str:
    """Return a .env text with other values; a name whose value is None is set no more.

    A new name stands below the line that comments it out, if there is one, else at the end. What stands behind a value
    as a comment goes with it. Raises dotenv.Unreadable for a value that has no spelling.
    """
    for name, value in values.items():
        text = _set(text, name, value)
    return text


def _set(text: str, name: str, value: str | None) -> str:
    lines = text.split("\n")
    line = [] if value is None else [f"{name}={dotenv.spell(value)}"]
    there = [(first, last) for first, last, statement in dotenv.statements(text) if _named(statement) == name]
    for first, last in reversed(there):
        lines[first - 1 : last] = line if (first, last) == there[0] else []
    if not there and line:
        at = next((i for i, one in enumerate(lines, 1) if re.match(rf"# ?{name}=", one)), None)
        at = at if at is not None else len(lines) if lines[-1] else len(lines) - 1
        lines[at:at] = line if at < len(lines) else [*line, ""]
    return "\n".join(lines)


def _named(statement: str) -> str:
    return statement.removeprefix("export ").partition("=")[0].strip()
