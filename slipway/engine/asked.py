"""Questions to the engine whose answer may be that there is nothing of a name; a call that failed is no answer."""

import re
from collections.abc import Sequence

from slipway.core.errors import Problem
from slipway.core.limits import Limit
from slipway.core.shell import Shell

# As the engine says it of containers, images, volumes and networks.
NOTHING = re.compile(r"(?i)no such (object|container|image|volume|network)|network \S+ not found")


def ask(shell: Shell, argv: Sequence[str], nothing: re.Pattern[str] = NOTHING) -> str | None:
    """Return what a command prints, None when it says that there is nothing of the name.

    One that fails otherwise is run once more. Raises Problem when that failed as well.
    """
    status, out, said = shell.probe(argv)
    if status and not nothing.search(said):
        status, out, said = shell.probe(argv)
    if not status:
        return out
    if nothing.search(said):
        return None
    why = shell.steps.redact(said.strip() or out) or f"{argv[0]} ended with status {status}."
    raise Problem(f"{why}\nThe engine could not be asked. Is it well? docker version", status)


def told(shell: Shell, argv: Sequence[str], limit: Limit) -> str:
    """Return what a command prints, "" when it cannot be told just now; one that fails is run once more before."""
    for _ in range(2):
        try:
            status, out, _ = shell.probe(argv, limit=limit)
        except Problem:
            return ""  # it was asked twice already
        if not status:
            return out
    return ""


def tidy(shell: Shell, argv: Sequence[str], limit: Limit | None = None, echo: bool = False) -> None:
    """Remove or stop what may be gone already; what stays is said, and raises nothing."""
    try:
        status, out, said = shell.probe(argv, echo=echo, limit=limit)
    except Problem as problem:
        status, out, said = 1, "", str(problem.message)
    if status and not NOTHING.search(said):
        shell.steps.say(f"  {said.strip() or out or f'{argv[0]} ended with status {status}.'}")
