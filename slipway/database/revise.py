"""A new migration in the working tree."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from slipway import interpreter
from slipway.core import given
from slipway.core.errors import Problem
from slipway.database import schema
from slipway.project.checkout import Checkout
from slipway.project.config import Project
from slipway.runtime import Runtime
from slipway.runtime.environment import Environment
from slipway.schema.phases import PHASES

NO_REVISION = "No migration was made (see above)."

_PHASE = re.compile(rf"""^phase\b.*["']({"|".join(PHASES)})["']""", re.MULTILINE)


@dataclass(frozen=True)
class Wanted:
    """What the revision is to be: its words, and how it is made."""

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
        raise Problem(
            "Migrations are made in development, and reach production in an image: leave out --prod, or --env."
        )
    schema.need_migrations(project)
    if phase not in ("", *PHASES):
        raise Problem(f"--phase is expand (only adds) or contract (takes something away), not {phase!r}.")
    if autogenerate + empty + merge > 1:
        raise Problem("--autogenerate, --empty and --merge exclude each other.")
    if merge:
        return Wanted(message, phase or "expand", "merge")
    return Wanted(message, phase, "empty" if empty else "autogenerate")


def make(checkout: Checkout, environment: Environment, runtime: Runtime, wanted: Wanted) -> None:
    """Make the revision's file, and format it; raises Problem, also when there is nothing to write."""
    project, steps = checkout.project, checkout.steps
    with steps.step("revision") as step:
        made = schema.revise(environment, runtime, wanted.how, wanted.message, wanted.phase, NO_REVISION)
        for note in made.notes:
            steps.note("mind", note)
        if not made.files:
            raise Problem(nothing(project, made.unimported, bool(made.notes)))
        new = [project.root / file for file in made.files]
        _format(checkout, new)
        for file in new:
            given.give(file, project.root, within=False)
        step.detail = ", ".join(made.files)
    if made.unimported:
        steps.note("not in it", unseen(project, made.unimported))
    if not _PHASE.search(new[0].read_text(encoding="utf-8")):
        steps.note("next", 'say in it whether it only adds: phase = "expand" or "contract"')
    steps.note("then", "./inv check, ./inv migrate")


def nothing(project: Project, unimported: Sequence[str], noted: bool = False) -> str:
    """Say that nothing differs, and what may be why; or only what was `noted`, which no revision does by itself."""
    if noted and not unimported:
        return (
            "Beyond that, models and database don't differ: no revision was written. One to be filled by hand: "
            './inv revision --empty --message "..."'
        )
    alike = "Models and database don't differ: no revision was written."
    if unimported:
        return f"{alike} {unseen(project, unimported)}, then run this again."
    return (
        f"{alike} Does {project.migrations}/env.py import your models, and is its target_metadata theirs? A revision "
        'with nothing in it: ./inv revision --empty --message "..."'
    )


def unseen(project: Project, modules: Sequence[str]) -> str:
    """Say which modules define tables that Alembic doesn't see."""
    define = "defines" if len(modules) == 1 else "define"
    return (
        f"{' and '.join(modules)} {define} tables, and {project.migrations}/env.py does not import "
        f"{'it' if len(modules) == 1 else 'them'}: import {'it' if len(modules) == 1 else 'them'} there"
    )


def ruff_commands(ruff: str, paths: list[Path]) -> list[list[str]]:
    """Return the command lines that format files as the project's others."""
    return [
        [ruff, *how, *map(str, paths)]
        for how in (["check", "--quiet", "--select=I", "--fix-only"], ["format", "--quiet"])
    ]


def _format(checkout: Checkout, paths: list[Path]) -> None:
    if ruff := interpreter.program(checkout, "ruff"):  # a project without it formats as it likes
        for command in ruff_commands(ruff, paths):
            checkout.shell.output(command)
