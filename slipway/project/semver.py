"""Versions: X.Y.Z, and what comes after them."""

import re
from collections.abc import Iterable

from slipway.core.errors import Problem
from slipway.project.tags import LATEST

PARTS = ("major", "minor", "patch")


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


def moving(new: str, known: Iterable[str]) -> list[str]:
    """Return the image tags that move to a release: X.Y, X and latest, each when it is the highest of them.

    `known` are the versions released so far.
    """
    mine = parse(new)
    others = [parse(one) for one in known]
    names = {f"{mine[0]}.{mine[1]}": 2, f"{mine[0]}": 1, LATEST: 0}
    return [name for name, n in names.items() if all(mine >= one for one in others if one[:n] == mine[:n])]
