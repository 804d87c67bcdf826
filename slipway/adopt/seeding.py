"""What is run once the migrations were applied, before the service starts: the first data."""

import re
import shlex
from collections.abc import Sequence

from slipway.adopt.commands import SERVERS, Command, words
from slipway.adopt.findings import Found

UPGRADES = re.compile(r"\balembic\b.*\bupgrade\b")
PYTHON = re.compile(r"(.*/)?python[\d.]*")
RUNNERS = re.compile(r"^(exec|uv run|poetry run|pdm run|pipenv run)\s+")


def after_migrate(
    production: Sequence[Command], scripts: Sequence[Command]
) -> tuple[list[Found[str]], list[Found[str]]]:
    """Return the Python commands that follow `alembic upgrade`, and those that come before it and are left out.

    Those of what production runs, or else of the first script that upgrades.
    """
    for listed in (production, *_by_file(scripts)):
        upgrades = [number for number, one in enumerate(listed) if UPGRADES.search(one.line)]
        if upgrades:
            after = [found for one in listed[upgrades[0] + 1 :] if (found := _own(one))]
            before = [found for one in listed[: upgrades[0]] if (found := _own(one))]
            return after, before
    return [], []


def _by_file(scripts: Sequence[Command]) -> list[list[Command]]:
    found: dict[str, list[Command]] = {}
    for one in scripts:
        parts = [part.strip() for part in re.split(r"&&|;", one.line) if part.strip()]
        found.setdefault(one.where.rpartition(":")[0], []).extend(Command(part, one.where) for part in parts)
    return list(found.values())


def _own(command: Command) -> Found[str] | None:
    line = command.line
    while RUNNERS.match(line):
        line = RUNNERS.sub("", line)
    listed = words(line)
    if SERVERS.search(line) or UPGRADES.search(line) or not listed or not PYTHON.fullmatch(listed[0]):
        return None
    line = re.sub(r"^\S+", "python", line)
    # It is run without a shell, unless it names one.
    return Found(f"sh -c {shlex.quote(line)}" if re.search(r"[|<>&$`]", line) else line, command.where)
