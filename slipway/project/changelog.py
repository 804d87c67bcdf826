"""The changelog: put together by towncrier, of a file for each change."""

import sys
import tomllib
from datetime import UTC, datetime

from slipway.core.shell import Shell
from slipway.project.config import Project

NOTHING = "No significant changes."  # as towncrier's own templates put it


def is_kept(project: Project) -> bool:
    """Tell whether there is a changelog.

    That is [tool.towncrier] in pyproject.toml, or towncrier.toml.
    """
    if (project.root / "towncrier.toml").exists():
        return True
    document = tomllib.loads((project.root / "pyproject.toml").read_text(encoding="utf-8"))
    return "towncrier" in document.get("tool", {})


def draft(project: Project, shell: Shell, version: str) -> str:
    """Return what a version would add to the changelog.

    "" for nothing. Raises Problem.
    """
    text = _towncrier(shell, "--draft", version)
    return "" if NOTHING in map(str.strip, text.splitlines()) else text


def write(project: Project, shell: Shell, version: str) -> str:
    """Put a version's changes into the changelog.

    Removes their files, and returns the text; git knows of both. Raises Problem.
    """
    text = _towncrier(shell, "--draft", version)
    _towncrier(shell, "--yes", version)
    return text


def _towncrier(shell: Shell, how: str, version: str) -> str:
    # The date is UTC's: the machine that releases says nothing of where its users are.
    named = ["--version", version, "--date", datetime.now(UTC).date().isoformat()]
    command = [sys.executable, "-P", "-m", "towncrier", "build", how, *named]
    return shell.output(command, failed="The changelog cannot be written (see above).")
