"""`slipway adopt`."""

import argparse
import sys
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from slipway.adopt.adoption import NEXT, Adoption, look
from slipway.adopt.changes import diff
from slipway.adopt.report import findings, remaining
from slipway.core.printable import plain
from slipway.template import own, render, wheel
from slipway.template.wheel import Refused

NO = 1


def add(verbs: Any) -> None:
    """Describe it."""
    about = "take a FastAPI project that exists: shows what it would write, asks, and writes it"
    described = verbs.add_parser("adopt", help=about, description=f"{about[:1].upper()}{about[1:]}.")
    described.add_argument("folder", nargs="?", default=".", help="of its pyproject.toml (default: here)")
    described.add_argument("--wheel", metavar="FILE", help="the Slipway that it gets, copied into its folder vendor")
    described.add_argument("--plan", action="store_true", help="show what would be written; write nothing")
    described.add_argument("--yes", action="store_true", help="write without asking")
    described.set_defaults(run=run)


def run(arguments: argparse.Namespace) -> int:
    """Adopt the project; returns the status."""
    try:
        adoption = look(Path(arguments.folder), _own(arguments))
        _show(adoption)
        if arguments.plan or not adoption.plan.changes:
            if adoption.plan.changes:
                _print([f"{len(adoption.plan.changes)} files would be written: the same again without --plan."])
            return 0
        if not arguments.yes and not _agreed(len(adoption.plan.changes)):
            return NO
        adoption.write()
    except Refused as error:
        sys.stderr.write(f"slipway: {error}\n")
        return NO
    _print(
        [
            f"{len(adoption.plan.changes)} files written. Look at them (git status, git diff), commit them, then: "
            f"{_enter(arguments)}{NEXT}"
        ]
    )
    return 0


def _own(arguments: argparse.Namespace) -> dict[str, bytes]:
    # Slipway's own files for the project.
    options = [f"--{name}" for name in ("plan", "yes") if getattr(arguments, name)]
    mine = wheel.chosen(arguments.wheel, ["adopt", arguments.folder, *options])
    made = render.of_adopted()
    if (Path(arguments.folder) / own.NAME).exists():
        return made
    if arguments.plan and not mine and wheel.in_repository():
        return made
    wheel.need_one(mine)
    return made | wheel.lock(["adopt"], mine)


def _show(adoption: Adoption) -> None:
    _print(["What was found:", *(f"  {line}" for line in findings(adoption.found)), ""])
    for change in adoption.plan.changes:
        _print([*diff(change), ""])
    if not adoption.plan.changes:
        _print(["Nothing is to be written: it is adopted already.", ""])
    _print([*adoption.plan.notes, *adoption.notes])
    if told := remaining(adoption.plan.untold):
        _print(["", "What could not be told, or is for you to do:", *told, ""])


def _agreed(count: int) -> bool:
    if not sys.stdin.isatty():
        sys.stderr.write("slipway: there is no terminal to ask on: say --yes, or --plan to look alone\n")
        return False
    sys.stderr.write(f"Write these {count} files? [y/N] ")
    sys.stderr.flush()
    if sys.stdin.readline().strip().lower() in ("y", "yes"):
        return True
    sys.stderr.write("Nothing was changed.\n")
    return False


def _enter(arguments: argparse.Namespace) -> str:
    return "" if Path(arguments.folder).resolve() == Path.cwd() else f"cd {arguments.folder} && "


def _print(lines: Iterable[str]) -> None:
    for line in lines:
        sys.stdout.write(plain(line) + "\n")
