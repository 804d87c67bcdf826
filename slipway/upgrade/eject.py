"""What comes out of Slipway's package at each call, written into a project for good."""

import difflib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from slipway.core.errors import Problem
from slipway.engine import packaged
from slipway.project.config import Project
from slipway.template.protocol import File
from slipway.upgrade import files
from slipway.upgrade.files import EJECTED, Backup

THEIRS = ("compose.yml", "docker-compose.yml", "docker-compose.yaml")  # which Compose reads where no compose.yaml is


@dataclass(frozen=True)
class Ejection:
    """The files that a project gets, by path; `kept` are there already, as they would be written."""

    root: Path
    files: Mapping[str, str]
    kept: tuple[str, ...] = ()

    @property
    def shadowed(self) -> str:
        """Return the project's own Compose file that Compose no longer reads unasked, "" for none."""
        there = (name for name in THEIRS if (self.root / name).is_file())
        return next(there, "") if packaged.COMPOSE[0] in self.files else ""

    def diff(self) -> Iterator[str]:
        """Yield the lines of what is written, as a diff."""
        for path, text in self.files.items():
            yield from difflib.unified_diff([], text.splitlines(), "/dev/null", path, lineterm="")

    def write(self) -> None:
        """Write all files, or none; raises Problem."""
        backup = Backup.new(self.root, EJECTED)
        backup.write({path: File(text.encode()) for path, text in self.files.items()})
        backup.drop()


def generated(project: Project) -> dict[str, str]:
    """Return what Slipway's package gives a project at each call, as it lies in its own folder; {} for nothing."""
    folder = packaged.where(project)
    if not folder:
        return {}
    found = packaged.rendered(project, packaged.seen(project))
    return {name: text.replace(f"{folder}/", "") for name, text in found.items()}


def plan(project: Project) -> Ejection | None:
    """Return what would be written, None where all is the project's own already.

    Raises Problem where the project has other files of these names: nothing is written over them.
    """
    made = generated(project)
    if not made:
        return None
    there = files.look(project.root, made)
    kept = tuple(path for path, text in made.items() if there.get(path) == File(text.encode()))
    if others := [path for path in made if path in there and path not in kept]:
        raise Problem(
            f"{', '.join(others)}: you have other files of these names, and nothing is written over them. Move them "
            "away (Slipway's come to lie there), then run this again. Nothing was changed."
        )
    return Ejection(project.root, {path: text for path, text in made.items() if path not in kept}, kept)
