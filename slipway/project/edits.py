"""Changes of .env: some values are others afterwards, and all else is as it was."""

import re
from collections.abc import Callable, Mapping
from functools import partial
from pathlib import Path

from slipway.core.errors import Problem
from slipway.project import dotenv, written


def change(path: Path, values: Mapping[str, str | None]) -> Callable[[], None]:
    """Write other values into a file, in one step; return what takes that back.

    What somebody else changes meanwhile stays. Raises Problem; the file is as it was then.
    """
    before = _read(path)
    after = changed(before, values)
    _write(path, after)
    return partial(_take_back, path, before, after, list(values))


def _take_back(path: Path, before: str, after: str, names: list[str]) -> None:
    now, old = _read(path), dotenv.parse(before)[0]
    _write(path, before if now == after else changed(now, {name: old.get(name) for name in names}))


def _read(path: Path) -> str:
    try:
        return path.read_bytes().decode()
    except FileNotFoundError:
        raise Problem("There is no .env to write into: ./inv up makes one from .env.example.") from None
    except OSError as error:
        raise Problem(f".env cannot be read: {error.strerror}.") from None


def _write(path: Path, text: str) -> None:
    try:
        written.replace(path, text.encode())
    except OSError as error:
        raise Problem(f".env cannot be written: {error.strerror}. It is as it was.") from None


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
    end = "\r" if "\r\n" in text else ""
    line = [] if value is None else [f"{name}={dotenv.spell(value)}{end}"]
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
