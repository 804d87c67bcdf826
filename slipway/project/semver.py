"""Versions: X.Y.Z, what comes after them, and their git tags."""

import re

from slipway.core.errors import Problem

PARTS = ("major", "minor", "patch")
PREFIX = "v"  # of a version's git tag


def raised(version: str, part: str) -> str:
    """Return the version after a release of `part`.

    Raises Problem for a part that is none, or a version that is not X.Y.Z.
    """
    if part not in PARTS:
        raise Problem(f"--part is one of {', '.join(PARTS)}, not {part!r}.")
    numbers, index = parse(version), PARTS.index(part)
    return ".".join(str(number + 1 if i == index else number if i < index else 0) for i, number in enumerate(numbers))


def parse(version: str) -> tuple[int, int, int]:
    """Read X.Y.Z; raises Problem for anything else."""
    numbers = re.fullmatch(r"(0|[1-9]\d*)\.(0|[1-9]\d*)\.(0|[1-9]\d*)", version, re.ASCII)
    if not numbers:
        raise Problem(f"{version!r} is not X.Y.Z, as in 1.4.0: three numbers, nothing else.")
    major, minor, patch = map(int, numbers.groups())
    return major, minor, patch


def is_version(text: str) -> bool:
    """Tell whether a text is X.Y.Z."""
    try:
        parse(text)
    except Problem:
        return False
    return True


def git_tag(version: str) -> str:
    """Return the git tag of a version."""
    return f"{PREFIX}{version}"


def version_of(tag: str) -> str:
    """Return the version that a git tag is of, "" for any other tag."""
    version = tag.removeprefix(PREFIX)
    return version if version != tag and is_version(version) else ""
