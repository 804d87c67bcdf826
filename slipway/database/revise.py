"""`inv revision`: a new migration in the working tree."""

import importlib.util
import re
import sys
from dataclasses import dataclass
from pathlib import Path

from slipway.core.errors import Problem
from slipway.database import migrate as migrating
from slipway.project import revisions as migrations
from slipway.schema.phases import PHASES
from slipway.verbs.session import Lifecycle


@dataclass(frozen=True)
class Wanted:
    """What the revision is to be: its words, and how alembic makes it."""

    message: str
    phase: str
    how: str  # autogenerate, empty or merge


def check(here: Lifecycle, message: str, autogenerate: bool, empty: bool, phase: str, merge: bool) -> Wanted:
    """Return what is wanted; raises Problem when it cannot be made here."""
    if not message:
        raise Problem('What does the migration do? ./inv revision --message "add a column"')
    if here.environment == "prod":
        raise Problem("Migrations are made in development, and reach production in an image: leave out --prod.")
    migrating.check(here)
    if phase not in ("", *PHASES):
        raise Problem(f"--phase is expand (only adds) or contract (takes something away), not {phase!r}.")
    if autogenerate + empty + merge > 1:
        raise Problem("--autogenerate, --empty and --merge exclude each other.")
    if merge:
        return Wanted(message, phase or "expand", "merge")
    return Wanted(message, phase, "empty" if empty else "autogenerate")


def make(here: Lifecycle, wanted: Wanted) -> None:
    """Make the revision's file, and format it; raises Problem."""
    with here.steps.step("revision") as step:
        before = set(migrations.files(here.project))
        here.runtime.alembic(*command(wanted))
        new = sorted(set(migrations.files(here.project)) - before)
        if not new:
            raise Problem("alembic wrote no file (see above).")
        _format(here, new)
        step.detail = ", ".join(str(path.relative_to(here.project.root)) for path in new)
    if not re.search(r"""^phase\b.*["'](expand|contract)["']""", new[0].read_text(encoding="utf-8"), re.MULTILINE):
        here.steps.say('  next       say in it whether it only adds: phase = "expand" or "contract"')
    here.steps.say("  then       ./inv check, ./inv migrate")


def command(wanted: Wanted) -> list[str]:
    """Return alembic's arguments."""
    phase = ["-x", f"phase={wanted.phase}"] if wanted.phase else []
    if wanted.how == "merge":
        return [*phase, "merge", "--message", wanted.message, "heads"]
    return [*phase, "revision", "--message", wanted.message, *(["--autogenerate"] if wanted.how != "empty" else [])]


def _format(here: Lifecycle, paths: list[Path]) -> None:
    # As the project's other files; one without ruff formats as it likes.
    if importlib.util.find_spec("ruff"):
        for how in (["check", "--quiet", "--select=I", "--fix-only"], ["format", "--quiet"]):
            here.shell.output([sys.executable, "-m", "ruff", *how, *map(str, paths)])
