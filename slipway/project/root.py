"""Where the project is: the folder that was said, else that of the tasks file, else upwards from here."""

import re
import sys
from pathlib import Path

from slipway.core.errors import Problem

FILE = "pyproject.toml"
OURS = re.compile(r"(?m)^\s*\[tool\.slipway[].]")
TASKS = "tasks"  # what Invoke calls the module of the tasks file
SAID: list[Path] = []


def say(folder: Path) -> None:
    """Say where the project is, for this process."""
    SAID[:] = [folder.resolve()]


def here() -> Path:
    """Return the project's folder; raises Problem when there is none."""
    if SAID:
        return SAID[0]
    tasks = getattr(sys.modules.get(TASKS), "__file__", None)  # plain Invoke has loaded it, from anywhere
    return find(Path(tasks).resolve().parent if tasks else Path.cwd())


def find(start: Path) -> Path:
    """Return the nearest folder, from one upwards, whose pyproject.toml has `[tool.slipway]`, else any pyproject.toml.

    Raises Problem when there is none.
    """
    folders = [folder for folder in (start, *start.parents) if (folder / FILE).is_file()]
    if ours := [folder for folder in folders if _is_ours(folder / FILE)]:
        return ours[0]
    if folders:
        return folders[0]
    raise Problem(f"There is no {FILE} in {start}, nor above it: go to the project's folder, then run this again.")


def _is_ours(file: Path) -> bool:
    try:
        return bool(OURS.search(file.read_text(encoding="utf-8", errors="replace")))
    except OSError:
        return False
