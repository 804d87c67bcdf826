"""What git says of the folder: where its repository begins, what is not committed, which files it has."""

import os
import shutil
import subprocess
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

# A hook that calls this has them set for its own repository.
ELSEWHERE = ("GIT_DIR", "GIT_WORK_TREE", "GIT_INDEX_FILE", "GIT_PREFIX", "GIT_OBJECT_DIRECTORY", "GIT_COMMON_DIR")
LIMIT = 60  # seconds
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
    status, top = _git(project, "rev-parse", "--show-toplevel")
    if status:
        if "dubious ownership" in top:
            return Repository(
                None, f"{project} is another user's, so git says nothing about it: run this as that user."
            )
        return Repository(None, f"{project} is in no git repository, {WHY}: git init && {FIRST}")
    if _git(project, "rev-parse", "--verify", "--quiet", "HEAD")[0]:
        return Repository(Path(top.strip()), f"Nothing is committed here yet, {WHY}: {FIRST}")
    _, changed = _git(project, "status", "--porcelain", "-z", "--untracked-files=all", "--", ".")
    _, known = _git(project, "ls-files", "-z", "--full-name", "--", ":(top,glob)**/.env*")
    root = Path(os.path.realpath(top.strip()))
    tracked = (os.path.relpath(root / one, os.path.realpath(project)) for one in known.split("\0") if one)
    dirty = frozenset(one[3:] for one in changed.split("\0") if one[3:])
    return Repository(Path(top.strip()), "", dirty, frozenset(Path(one).as_posix() for one in tracked))


def ignored(project: Path, names: Iterable[str]) -> list[str]:
    """Return which of these files git would ignore, also such as are not there yet."""
    given = [name for name in names if not name.startswith("..")]
    _, said = _git(project, "check-ignore", "--no-index", "-z", "--stdin", text="\0".join(given))
    return [name for name in said.split("\0") if name in given]


def _git(folder: Path, *args: str, text: str = "") -> tuple[int, str]:
    env = {name: value for name, value in os.environ.items() if name not in ELSEWHERE} | {"LC_ALL": "C"}
    try:
        done = subprocess.run(
            ["git", *args],
            cwd=folder,
            env=env,
            input=os.fsencode(text),
            capture_output=True,
            check=False,
            timeout=LIMIT,
        )
    except (OSError, subprocess.TimeoutExpired) as error:
        return 1, str(error)
    said = done.stderr if done.returncode else done.stdout
    return done.returncode, said.decode(errors="surrogateescape")
