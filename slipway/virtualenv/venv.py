"""The two virtual environments of a project: Slipway's own, and that of the service."""

import os
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from slipway.project.lockfile import LOCK, Lockfile
from slipway.virtualenv import python as pythons

OWN_LOCK = "slipway.lock"
OWN, SERVICE = ".slipway/venv", ".venv"
GROUPS = ("main", "dev")  # of the service's lock file
EXTRAS = "extras.txt"
ASKED = "SLIPWAY_EXTRAS"  # a machine of CI, say, has all packages before it has any secret
RESTORE = "git checkout HEAD slipway.lock"


class Refused(Exception):
    """An environment that cannot be made or used: a sentence that says what to do."""


@dataclass(frozen=True)
class Venv:
    """A virtual environment: its `folder` in the project `root`, and the groups of a lock file that it has.

    `requires` says which Pythons it takes, and `why` where that is written. `relock` is what makes the lock file.
    """

    root: Path
    folder: str
    lock: str
    groups: tuple[str, ...]
    requires: str
    why: str
    relock: str = LOCK

    @property
    def path(self) -> Path:
        """Its folder."""
        return self.root / self.folder

    @property
    def python(self) -> Path:
        """Its Python."""
        return self.path / "bin" / "python"

    @property
    def copy(self) -> Path:
        """The copy of the lock file that it was made from."""
        return self.path / Path(self.lock).name

    @property
    def extras(self) -> tuple[str, ...]:
        """The groups beside the first, as they were noted when they were installed."""
        note = self.path / EXTRAS
        return tuple(note.read_text(encoding="utf-8").split()) if note.exists() else ()

    def note_extras(self) -> None:
        """Note the groups beside the first, so that they stay when it is brought up to date."""
        (self.path / EXTRAS).write_text("".join(f"{name}\n" for name in self.groups[1:]), encoding="utf-8")

    def read(self) -> Lockfile:
        """Read the lock file; raises FileNotFoundError, Unusable."""
        return Lockfile.at(self.root / self.lock, self.root)

    def excludes(self, version: str) -> str:
        """Say why it takes no Python of a version; "" when it does."""
        return pythons.excluded(version, self.requires, self.why)


def own(root: Path, extras: Sequence[str] = ()) -> Venv:
    """Return Slipway's own, with the extras that it has, those that SLIPWAY_EXTRAS names, and these."""
    bare = Venv(root, OWN, OWN_LOCK, ("main",), pythons.OLDEST, pythons.OWN, RESTORE)
    asked = os.environ.get(ASKED, "").replace(",", " ").split()
    return replace(bare, groups=tuple(dict.fromkeys(["main", *bare.extras, *asked, *extras])))


def service(root: Path, lock: str, extras: Sequence[str] = ()) -> Venv:
    """Return that of the service, from its lock file, with these further groups of it."""
    return Venv(root, SERVICE, lock, (*GROUPS, *extras), pythons.wanted(root), pythons.PROJECT)
