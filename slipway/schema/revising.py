"""A new revision's file, in the project's folder."""

import contextlib
from argparse import Namespace
from collections.abc import Iterator, Sequence
from pathlib import Path

from alembic.script import Script
from alembic.util import CommandError
from sqlalchemy.exc import DBAPIError

from alembic import command
from slipway.schema import failures
from slipway.schema.answers import Revised
from slipway.schema.completing import complete
from slipway.schema.database import Refused, connect
from slipway.schema.guard import Guard
from slipway.schema.models import Comparison
from slipway.schema.revisions import Revisions
from slipway.schema.statements import Limits

HOW = ("autogenerate", "empty", "merge")
BEHIND = "Target database is not up to date."  # Alembic says so


def revise(how: str, message: str, phase: str, limits: Limits, root: Path) -> Revised:
    """Write a revision, unless it is to hold what differs and nothing does; raises Refused.

    `how` is one of HOW, `root` the project's folder.
    """
    of_phase = [f"phase={phase}"] if phase else None
    revisions = Revisions(Namespace(message=message, autogenerate=how == HOW[0], sql=False, x=of_phase, quiet=True))
    if how != "merge":
        revisions.target("head")  # there has to be one
    with failures.refused("The revision", lambda: "nothing was written"), _is_python(revisions):
        try:
            if how == HOW[0]:
                return _from_models(revisions, message, phase, limits, root)
            if how == "merge":
                return _written(root, phase, [command.merge(revisions.config, "heads", message=message)])
            made = command.revision(revisions.config, message=message)
            return _written(root, phase, made if isinstance(made, list) else [made])
        except DBAPIError as error:
            raise Refused(failures.said(error)) from None
        except CommandError as error:
            if str(error) != BEHIND:
                raise
            raise Refused("Models are compared with a database at the newest revision: ./inv migrate") from None


def _from_models(revisions: Revisions, message: str, phase: str, limits: Limits, root: Path) -> Revised:
    with connect("slipway: revision") as connection:
        compared = Comparison(revisions, message)
        compared.run(Guard(limits, connection))
        scripts = compared.write() if compared.differences else []
    if scripts and compared.phase not in ("", phase or compared.phase):
        compared.notes.append(f"new values only add: this is an {compared.phase} revision, what comes next {phase}")
    return _written(root, compared.phase or phase, scripts, compared)


def _written(root: Path, phase: str, scripts: Sequence[Script | None], compared: Comparison | None = None) -> Revised:
    files, notes = [], [*(compared.notes if compared else ())]
    for path in (Path(script.path).resolve() for script in scripts if script):
        names = complete(path, phase, compared.modules if compared else ())
        files.append(str(path.relative_to(root.resolve())))
        if names:
            notes.append(f"{files[-1]} names {', '.join(names)}, which nothing in it imports: do, before ./inv migrate")
    return Revised(tuple(files), compared.unimported if compared else (), tuple(notes))


@contextlib.contextmanager
def _is_python(revisions: Revisions) -> Iterator[None]:
    # Alembic reads each file that it has written; one that cannot be read would end every command from then on.
    folders = [Path(folder) for folder in revisions.script._version_locations]
    before = {path for folder in folders for path in folder.rglob("*.py")}
    try:
        yield
    except SyntaxError as error:
        new = {path for folder in folders for path in folder.rglob("*.py")} - before
        if Path(error.filename or "") not in new:
            raise
        for path in new:
            path.unlink()
        raise Refused(
            f"What was to be written is no Python: {(error.text or '').strip()}\n"
            "A type of your own is written as its __repr__ shows it, or as render_item of env.py does; what "
            "stands around it is script.py.mako's. No revision was written."
        ) from None
