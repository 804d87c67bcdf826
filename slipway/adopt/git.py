"""What git says of the folder: where its repository begins, what is not committed, which files it has."""

import os
import shutil
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from slipway.core.git import ask

WHY = "and Slipway tells versions by commits"
FIRST = "git add . && git commit -m Begin"


@dataclass(frozen=True)
class Repository:
    """The repository that a folder is in; `wrong` says why it cannot be used, "" when it can.

    `dirty` are files with changes that are not committed, `tracked` the .env files that git has, as seen from the
    project.
    """

    top: Path | None
    wrong: str = ""
    dirty: frozenset[str] = frozenset()
    tracked: frozenset[str] = frozenset()


def look(project: Path) -> Repository:
    """Ask git about a folder; it changes nothing."""
    if not shutil.which("git"):
        return Repository(None, f"There is no git here, {WHY}: install it.")
    status, top = ask(project, "rev-parse", "--show-toplevel")
    if status:
        if "dubious ownership" in top:
            return Repository(
                None, f"{project} is another user's, so git says nothing about it: run this as that user."
            )
        return Repository(None, f"{project} is in no git repository, {WHY}: git init && {FIRST}")
    if ask(project, "rev-parse", "--verify", "--quiet", "HEAD")[0]:
        return Repository(Path(top.strip()), f"Nothing is committed here yet, {WHY}: {FIRST}")
    _, changed = ask(project, "status", "--porcelain", "-z", "--untracked-files=all", "--", ".")
    _, known = ask(project, "ls-files", "-z", "--full-name", "--", ":(top,glob)**/.env*")
    root = Path(os.path.realpath(top.strip()))
    tracked = (os.path.relpath(root / one, os.path.realpath(project)) for one in known.split("\0") if one)
    dirty = frozenset(one[3:] for one in changed.split("\0") if one[3:])
    return Repository(Path(top.strip()), "", dirty, frozenset(Path(one).as_posix() for one in tracked))


def ignored(project: Path, names: Iterable[str]) -> list[str]:
    """Return which of these files git would ignore, also such as are not there yet."""
    asked = [name for name in names if not name.startswith("..")]
    _, said = ask(project, "check-ignore", "--no-index", "-z", "--stdin", given="\0".join(asked))
    return [name for name in said.split("\0") if name in asked]
