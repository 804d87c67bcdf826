"""A new migration in the working tree."""

import importlib.util
import re
import sys
from dataclasses import dataclass
from pathlib import Path

from slipway.core.errors import Problem
from slipway.core.shell import Shell
from slipway.database import schema
from slipway.project import revisions
from slipway.project.checkout import Checkout
from slipway.project.config import Project
from slipway.runtime import SERVICE_PYTHON, Job, Runtime
from slipway.runtime.environment import Environment
from slipway.schema.phases import PHASES

NO_REVISION = "No migration was made (see above). The database must be at the newest revision: ./inv migrate"

_PHASE = re.compile(rf"""^phase\b.*["']({"|".join(PHASES)})["']""", re.MULTILINE)


@dataclass(frozen=True)
class Wanted:
    """What the revision is to be: its words, and how alembic makes it."""

    message: str
    phase: str
    how: str  # autogenerate, empty or merge


def check(
    project: Project,
    environment: Environment,
    message: str,
    *,
    autogenerate: bool = False,
    empty: bool = False,
    phase: str = "",
    merge: bool = False,
) -> Wanted:
    """Return what is wanted; raises Problem when it cannot be made here."""
    if not message:
        raise Problem('What does the migration do? ./inv revision --message "add a column"')
    if not environment.is_dev:
        raise Problem("Migrations are made in development, and reach production in an image: leave out --prod.")
    schema.need_migrations(project)
    if phase not in ("", *PHASES):
        raise Problem(f"--phase is expand (only adds) or contract (takes something away), not {phase!r}.")
    if autogenerate + empty + merge > 1:
        raise Problem("--autogenerate, --empty and --merge exclude each other.")
    if merge:
        return Wanted(message, phase or "expand", "merge")
    return Wanted(message, phase, "empty" if empty else "autogenerate")


def make(checkout: Checkout, runtime: Runtime, wanted: Wanted) -> None:
    """Make the revision's file, and format it; raises Problem."""
    project, steps = checkout.project, checkout.steps
    with steps.step("revision") as step:
        before = set(revisions.files(project))
        ran = runtime.run(Job(alembic_command(wanted), for_caller=True))
        if ran.status:
            if ran.output:  # alembic says there why
                steps.say(ran.output)
            raise Problem(NO_REVISION, ran.status)
        new = sorted(set(revisions.files(project)) - before)
        if not new:
            raise Problem("alembic wrote no file (see above).")
        _format(checkout.shell, new)
        step.detail = ", ".join(str(path.relative_to(project.root)) for path in new)
    if not _PHASE.search(new[0].read_text(encoding="utf-8")):
        steps.note("next", 'say in it whether it only adds: phase = "expand" or "contract"')
    steps.note("then", "./inv check, ./inv migrate")


def alembic_command(wanted: Wanted) -> list[str]:
    """Return alembic's command line, where the service runs."""
    phase = ["-x", f"phase={wanted.phase}"] if wanted.phase else []
    alembic = [SERVICE_PYTHON, "-m", "alembic", *phase]
    if wanted.how == "merge":
        return [*alembic, "merge", "--message", wanted.message, "heads"]
    autogenerate = ["--autogenerate"] if wanted.how != "empty" else []
    return [*alembic, "revision", "--message", wanted.message, *autogenerate]


def ruff_commands(paths: list[Path]) -> list[list[str]]:
    """Return the command lines that format files as the project's others."""
    ruff = [sys.executable, "-m", "ruff"]
    return [
        [*ruff, *how, *map(str, paths)]
        for how in (["check", "--quiet", "--select=I", "--fix-only"], ["format", "--quiet"])
    ]


def _format(shell: Shell, paths: list[Path]) -> None:
    if importlib.util.find_spec("ruff"):  # a project without it formats as it likes
        for command in ruff_commands(paths):
            shell.output(command)
