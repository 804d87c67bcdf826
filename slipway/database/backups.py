"""Backups of the database: made, checked, kept by a rule, restored."""

import json
import os
import sys
import time
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from slipway.core.errors import Problem
from slipway.project.config import Keep
from slipway.schema.words import in_environment
from slipway.verbs.session import Lifecycle

TIME = "%Y%m%dT%H%M%SZ"


@dataclass(frozen=True)
class Backup:
    """One backup: `20261124T180102Z-0002.dump`, and its size in bytes."""

    name: str
    size: int

    @property
    def made(self) -> datetime:
        """When it was made (UTC)."""
        return datetime.strptime(self.name.partition("-")[0], TIME)

    @property
    def revision(self) -> str:
        """The revision that the database was at."""
        return self.name.partition("-")[2].removesuffix(".dump")


def make(here: Lifecycle, output: str = "") -> str:
    """Back the database up; return the backup's name.

    With `output`, a copy is written to that file. What the rule of [tool.slipway.backups] doesn't keep is removed
    afterwards. Raises Problem.
    """
    with here.steps.step("backup") as step:
        made = time.strftime(TIME, time.gmtime())
        failed = "No backup was made (see above), and nothing was changed."
        said = here.runtime.beside_database("make", made, failed=failed)
        new = parse(said)[-1]
        step.detail = f"{new.name}, {human(new.size)}, read back"
        if output:
            _copy_out(here, new.name, Path(output))
        doomed = superfluous(stored(here), here.project.backups)
        if doomed:
            here.runtime.beside_database("remove", *doomed, failed="Old backups could not be removed (see above).")
    return new.name


def back_up(here: Lifecycle, output: str, as_json: bool) -> None:
    """Back the database up, and print the backup's name."""
    if output and (Path(output).is_dir() or not Path(output).absolute().parent.is_dir()):
        raise Problem(f"{output} is no file that could be written: --output takes a file in a folder that is there.")
    name = make(here, output)
    sys.stdout.write(json.dumps({"place": here.runtime.backups, "backup": name}) + "\n" if as_json else f"{name}\n")


def stored(here: Lifecycle) -> list[Backup]:
    """Return the backups, the oldest first."""
    said = here.runtime.beside_database("list", failed="The backups cannot be listed (see above).")
    return sorted(parse(said), key=lambda backup: backup.name)


def parse(said: str) -> list[Backup]:
    """Read lines of a name and a size; others' files are left out."""
    found = []
    for line in said.splitlines():
        name, _, size = line.rpartition(" ")
        try:
            backup = Backup(name, int(size))
            _ = backup.made
        except ValueError:
            continue
        found.append(backup)
    return found


def superfluous(backups: Sequence[Backup], keep: Keep) -> list[str]:
    """Return the names of the backups that the rule doesn't keep."""
    newest_first = sorted(backups, key=lambda backup: backup.name, reverse=True)
    kept = {backup.name for backup in newest_first[: keep.keep_last]}
    for form, count in (("%Y-%m-%d", keep.keep_daily), ("%G-%V", keep.keep_weekly)):
        latest: dict[str, str] = {}
        for backup in newest_first:
            latest.setdefault(backup.made.strftime(form), backup.name)
        kept |= set(list(latest.values())[:count])
    return sorted(backup.name for backup in backups if backup.name not in kept)


def show(here: Lifecycle, as_json: bool) -> None:
    """Print the backups."""
    found = stored(here)
    if as_json:
        rows = [{"name": one.name, "made": one.made.isoformat() + "Z", "bytes": one.size} for one in found]
        sys.stdout.write(json.dumps({"place": here.runtime.backups, "backups": rows}, indent=2) + "\n")
        return
    here.steps.say(f"  in {here.runtime.backups}")
    for one in found:
        sys.stdout.write(f"{one.name:<40} {human(one.size):>10}\n")


def restore(here: Lifecycle, name: str, file: str, yes: bool) -> None:
    """Replace the database by a backup: the latest, a named one, or a file.

    It is restored into a new database, which then takes the old one's place; the old one stays, under another name.
    Raises Problem when the backup is broken, or on no; the data is as before then.
    """
    if name and file:
        raise Problem("--backup and --file exclude each other.")
    now = time.strftime(TIME, time.gmtime())
    if not file:
        _restore(here, _find(here, name).name, now, yes)
        return
    taken = f"{now}.import"  # no *.dump: it never is the latest backup
    try:
        _take_in(here, Path(file), taken)
        _restore(here, taken, now, yes, Path(file).name)
    finally:
        here.runtime.beside_database("remove", taken, failed=f"{taken} could not be removed.")


def human(size: int) -> str:
    """Return a size in bytes for people."""
    amount = float(size)
    for unit in ("B", "kB", "MB", "GB"):
        if amount < 1000:
            return f"{amount:.0f} {unit}" if unit == "B" else f"{amount:.1f} {unit}"
        amount /= 1000
    return f"{amount:.1f} TB"


def _find(here: Lifecycle, name: str) -> Backup:
    found = stored(here)
    if not found:
        raise Problem(f"There is no backup in {here.runtime.backups}. ./inv backup makes one.")
    if not name:
        return found[-1]
    matching = [one for one in found if name in (one.name, one.name.removesuffix(".dump"))]
    if not matching:
        raise Problem(f"There is no backup {name}. ./inv backup --list")
    return matching[0]


def _take_in(here: Lifecycle, path: Path, name: str) -> None:
    try:
        with path.open("rb") as file:
            here.runtime.beside_database("take", name, failed=f"{path} could not be taken in.", stdin=file)
    except OSError as error:
        raise Problem(f"{path} cannot be read: {error.strerror}.") from None


def _restore(here: Lifecycle, name: str, now: str, yes: bool, shown: str = "") -> None:
    shown = shown or name
    database = here.settings.values["DATABASE_NAME"]
    kept = f"{database[:36]}_before_{now.lower()}"
    with here.steps.step("backup", f"{shown} can be read"):
        broken = f"{shown} is broken (see above), and was not restored: the data is as it was. ./inv backup --list"
        here.runtime.beside_database("readable", name, failed=broken)
    here.confirm(f"Replace the {here.environment} database {database} by {shown}? It stays as {kept}.", yes)
    with here.steps.step("restore", f"{database} is {shown}"):
        failed = f"{shown} was not restored (see above): the data is as it was."
        here.runtime.beside_database("restore", name, f"{database[:36]}_restored_{now.lower()}", kept, failed=failed)
    here.steps.say(f"  kept       what was there is the database {kept}. Once nobody misses it:")
    drop = f"             ./inv psql -- -c 'DROP DATABASE \"{kept}\"'"
    after = "  next       ./inv migrate, when the backup is older than this release"
    here.steps.say(in_environment(f"{drop}\n{after}", here.environment))


def _copy_out(here: Lifecycle, name: str, target: Path) -> None:
    if target.exists() and not target.is_file():
        raise Problem(f"{target} is no file, and was left alone. The backup itself is made: {name}")
    temporary = target.with_name(f"{target.name}.partial")
    try:
        descriptor = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    except OSError as error:
        raise Problem(f"{target} cannot be written: {error.strerror}. The backup itself is made: {name}") from None
    with os.fdopen(descriptor, "wb") as file:
        here.runtime.beside_database("show", name, failed=f"{name} could not be copied.", stdout=file)
    temporary.replace(target)
