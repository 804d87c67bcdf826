"""Backups are made, listed and restored beside the database; the runtime says where they lie.

What is done there is a function of backups.sh.
"""

import contextlib
import os
import secrets
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import IO

from slipway.core.errors import Problem
from slipway.core.scripts import Script
from slipway.core.words import human
from slipway.database import superuser
from slipway.database.backups import Backup, parse, superfluous
from slipway.project.checkout import Checkout
from slipway.project.database import explained
from slipway.runtime import Job, Runtime, Where
from slipway.runtime.environment import Environment

SCRIPT = Script("slipway.database", "backups.sh")
TOO_OLD = 64  # the status of what needs newer programs of PostgreSQL's than those that are there
LONGEST_NAME = 36  # of a database, before what is added to it; PostgreSQL takes 63


@dataclass(frozen=True)
class Restoration:
    """A backup that takes the database's place: its name in the store, what people call it, and since when.

    That is by the database's clock.
    """

    backup: str
    shown: str
    database: str
    time: str

    @property
    def kept(self) -> str:
        """What the old database is called afterwards."""
        return f"{self.database[:LONGEST_NAME]}_before_{self.time.lower()}"

    @property
    def fresh(self) -> str:
        """What the new one is called until then."""
        return f"{self.database[:LONGEST_NAME]}_restored_{self.time.lower()}"


def script_command(function: str, *args: str) -> list[str]:
    """Return the command line that calls a function of backups.sh."""
    return ["sh", "-c", SCRIPT, "sh", function, *args]


def make(checkout: Checkout, runtime: Runtime, output: Path | None = None) -> str:
    """Back the database up; return the backup's name.

    With `output`, a copy is written to that file. What the rule of [tool.slipway.backups] doesn't keep is removed
    afterwards. Raises Problem.
    """
    with checkout.steps.step("backup") as step:
        failed = "No backup was made (see above), and nothing was changed."
        new = parse(_do(runtime, "make", failed=failed))[-1]
        step.detail = f"{new.name}, {human(new.size)}, read back"
        if output:
            copy_out(runtime, new.name, output)
        doomed = superfluous(stored(runtime), checkout.project.backups, new.name)
        if doomed:
            _do(runtime, "remove", *doomed, failed="Old backups could not be removed (see above).")
    return new.name


def check_target(output: Path) -> None:
    """Raise Problem when a copy could not be written there."""
    if output.is_dir() or not output.absolute().parent.is_dir():
        raise Problem(f"{output} is no file that could be written: --output takes a file in a folder that is there.")


def stored(runtime: Runtime) -> list[Backup]:
    """Return the backups in the order in which they were made, the oldest first; raises Problem."""
    return parse(_do(runtime, "list", failed="The backups cannot be listed (see above)."))


def none(runtime: Runtime) -> str:
    """Say that there is no backup."""
    return f"There is no backup in {runtime.backups}. ./inv backup makes one."


def find(runtime: Runtime, name: str) -> Backup:
    """Return a backup by its name, the latest for ""; raises Problem when there is none."""
    found = stored(runtime)
    if not found:
        raise Problem(none(runtime))
    if not name:
        return found[-1]
    matching = [one for one in found if name in (one.name, one.name.removesuffix(".dump"))]
    if not matching:
        raise Problem(f"There is no backup {name}. ./inv backup --list")
    return matching[0]


def revisions(runtime: Runtime, backup: str) -> list[str]:
    """Return the revisions that a backup's data is at; raises Problem."""
    failed = f"Which revisions {backup} is at could not be told (see above). Nothing was changed."
    return _do(runtime, "revisions", backup, failed=failed).split()


def check_source(name: str, file: str) -> None:
    """Raise Problem for what cannot be restored: both a backup and a file, or one that cannot be read."""
    if name and file:
        raise Problem("--backup and --file exclude each other.")
    if file:
        with _opened(Path(file)):
            pass


@contextlib.contextmanager
def to_restore(
    checkout: Checkout, environment: Environment, runtime: Runtime, name: str, file: str
) -> Iterator[Restoration]:
    """Give what is to be restored, read whole: a backup by its name, the latest for "", or a file.

    A file is taken into the store for as long as that takes. Raises Problem when it is broken.
    """
    check_source(name, file)
    with contextlib.ExitStack() as stack:
        backup = stack.enter_context(_taken_in(runtime, Path(file))) if file else find(runtime, name).name
        shown = Path(file).name if file else backup
        with checkout.steps.step("backup", f"{shown} can be read"):
            broken = f"{shown} is broken (see above), and was not restored: the data is as it was. ./inv backup --list"
            now = _do(runtime, "readable", backup, failed=broken)
        yield Restoration(backup, shown, environment.settings.database.name, now)


def restore(checkout: Checkout, environment: Environment, runtime: Runtime, wanted: Restoration) -> None:
    """Put a backup in the database's place.

    It is restored into a new database, which then takes the old one's place; the old one stays, under another name.
    Raises Problem; the data is as before then.
    """
    with checkout.steps.step("restore", f"{wanted.database} is {wanted.shown}"):
        failed = f"{wanted.shown} was not restored (see above): the data is as it was."
        if superuser.has_extensions(checkout, environment):
            _do(runtime, "create", wanted.fresh, failed=failed)
            superuser.make_extensions(checkout, runtime, wanted.fresh)
        _do(runtime, "restore", wanted.backup, wanted.fresh, wanted.kept, failed=failed)


def copy_out(runtime: Runtime, name: str, target: Path) -> None:
    """Write a copy of a backup, for this user's eyes alone; raises Problem."""
    if target.exists() and not target.is_file():
        raise Problem(f"{target} is no file, and was left alone. The backup itself is made: {name}")
    temporary = target.with_name(f"{target.name}.partial")
    try:
        descriptor = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    except OSError as error:
        raise Problem(f"{target} cannot be written: {error.strerror}. The backup itself is made: {name}") from None
    with os.fdopen(descriptor, "wb") as file:
        _do(runtime, "show", name, failed=f"{name} could not be copied.", stdout=file)
    temporary.replace(target)


def dump(runtime: Runtime, file: IO[bytes]) -> None:
    """Write the database's data, as pg_restore reads it, to a file; raises Problem."""
    _do(runtime, "dump", failed="There is no copy (see above).", stdout=file)


def _opened(path: Path) -> IO[bytes]:
    try:
        return path.open("rb")
    except OSError as error:
        raise Problem(f"{path} cannot be read: {error.strerror}.") from None


@contextlib.contextmanager
def _taken_in(runtime: Runtime, path: Path) -> Iterator[str]:
    name = f"{secrets.token_hex(8)}.import"  # no *.dump: it never is the latest backup
    try:
        with _opened(path) as file:
            _do(runtime, "take", name, failed=f"{path} could not be taken in.", stdin=file)
        yield name
    finally:
        _do(runtime, "remove", name, failed=f"{name} could not be removed.")


def _do(
    runtime: Runtime,
    function: str,
    *args: str,
    failed: str,
    stdin: IO[bytes] | None = None,
    stdout: IO[bytes] | None = None,
) -> str:
    job = Job(script_command(function, *args), Where.DATABASE, stdin=stdin, stdout=stdout)
    ran = runtime.run(job)
    if ran.status == TOO_OLD:
        _use_newer(runtime, failed.replace(" (see above)", ""))
        ran = runtime.run(job)
    if ran.status:
        raise Problem(explained(failed, ran.said))
    return ran.output


def _use_newer(runtime: Runtime, failed: str) -> None:
    told = runtime.run(Job(script_command("majors", "postgres"), Where.DATABASE))
    if told.status:
        raise Problem(explained("Which version the database is of could not be told (see above).", told.said))
    theirs, ours = map(int, told.output.split())
    if how := runtime.use_programs(theirs):
        raise Problem(f"{failed} The database is PostgreSQL {theirs}; programs of PostgreSQL {ours} refuse it. {how}")
