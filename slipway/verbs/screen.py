"""What verbs print and ask: results go to standard output, everything else to standard error."""

import json
import sys
from collections.abc import Iterable, Mapping, Sequence

from slipway.core import printable, secrecy
from slipway.core.errors import Problem
from slipway.core.steps import written
from slipway.core.words import row
from slipway.verbs.session import Session


def show(text: str) -> None:
    """Print a result, or a line of it."""
    written(sys.stdout, printable.plain(secrecy.SECRETS.redact(text)))


def show_source(text: str) -> None:
    """Print a result that a program may read: with all its characters, where it is not a terminal that shows it."""
    text = secrecy.SECRETS.redact(text)
    written(sys.stdout, printable.plain(text) if sys.stdout.isatty() else text)


def show_lines(lines: Iterable[str]) -> None:
    """Print lines of a result."""
    for line in lines:
        show(line)


def show_json(value: object) -> None:
    """Print a result for programs."""
    show(json.dumps(value, indent=2))


def show_rows(rows: Iterable[tuple[str, str]]) -> None:
    """Print names, and what there is to say of each."""
    show_lines(row(name, printable.line(what)) for name, what in rows)


def show_urls(session: Session, port: int) -> None:
    """Print where the service and its documentation are; without web, which processes it has."""
    session.steps.total()
    if not session.project.has_web:
        show(f"{session.project.name}  {', '.join(session.project.processes)}")
        return
    url = session.runtime.url(port)
    show(f"{session.project.name}  {url}")
    if session.project.docs:
        show(f"docs  {url}{session.project.docs}")


def table(rows: Sequence[Sequence[str]]) -> list[str]:
    """Return rows as lines, their columns below each other; what is in a cell makes no other line."""
    if not rows:
        return []
    rows = [[printable.line(cell) for cell in row] for row in rows]
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    return ["  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip() for row in rows]


def confirm(question: str, yes: bool) -> None:
    """Ask before something is destroyed; no is the default.

    Raises Problem when the answer is no, or when there is nobody to ask.
    """
    if yes:
        return
    if not sys.stdin.isatty():
        raise Problem(f"{question} There is no terminal to ask on: say --yes.")
    sys.stderr.write(f"{printable.line(secrecy.SECRETS.redact(question))} [y/N] ")
    sys.stderr.flush()
    if sys.stdin.readline().strip().lower() not in ("y", "yes"):
        raise Problem("Nothing was changed.")


def agreed(question: str, yes: bool) -> bool:
    """Ask for what may as well be left; no is the default, also where there is nobody to ask."""
    try:
        confirm(question, yes)
    except Problem:
        return False
    return True


def flat(value: Mapping[str, object] | object) -> str:
    """Return a part of a state in a line."""
    return printable.line(" ".join(map(str, value.values())) if isinstance(value, Mapping) else str(value or "-"))
