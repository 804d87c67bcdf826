"""What git has of a project's files."""

from collections.abc import Sequence

from slipway.core.errors import Problem
from slipway.core.shell import Shell


def uncommitted(shell: Shell, paths: Sequence[str]) -> list[str] | None:
    """Return which of these files git does not have as they are; None where git has none of the project."""
    try:
        status, out, _ = shell.probe(status_command(paths))
    except Problem:  # it is not installed, or does not answer
        return None
    entries = [entry.strip() for entry in out.split("\0")]  # two letters, a space, and a path from the repository's top
    return None if status else [entry.partition(" ")[2].strip() for entry in entries if entry]


def status_command(paths: Sequence[str]) -> list[str]:
    """Return the command that lists those of these files that are not committed as they are."""
    how = ("--porcelain", "-z", "--ignored", "--untracked-files=all", "--no-renames")
    return ["git", "--literal-pathspecs", "status", *how, "--", *paths]


def ignored(shell: Shell, paths: Sequence[str]) -> list[str]:
    """Return which of these files `git add --all` leaves out; none where git has none of the project."""
    try:
        return [path for path in paths if not shell.probe(ignored_command(path))[0]]
    except Problem:
        return []


def ignored_command(path: str) -> list[str]:
    """Return the command whose status is 0 for a file that git ignores, and doesn't have already."""
    return ["git", "check-ignore", "--quiet", "--", path]
