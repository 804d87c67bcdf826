"""The oldest Slipway that may work on a project: `[tool.slipway] minimum-version`."""

import re
from pathlib import Path

from slipway import __version__
from slipway.core.errors import Problem

KEY = "minimum-version"
# As wheels spell versions, and as semver.org does: 1.4.0rc1, 1.4.0-rc.1, 1.4.0.dev3+local.
FORM = re.compile(
    r"v?(\d+)\.(\d+)(?:\.(\d+))?(?:[-_.]?(alpha|beta|a|b|c|rc|pre|preview)[-_.]?(\d*))?(?:[-_.]?dev[-_.]?(\d*))?"
    r"(?:\+[A-Za-z0-9._-]+)?",
    re.ASCII | re.IGNORECASE,
)
STAGES = {"alpha": 1, "a": 1, "beta": 2, "b": 2, "c": 3, "rc": 3, "pre": 3, "preview": 3}
DEVELOPED, RELEASED = 0, 4  # before and after those
NEVER = 1 << 31  # comes after each that has a number


def order(version: str) -> tuple[int, ...]:
    """Return what versions are compared by; raises ValueError for what is none. What follows a + says nothing."""
    found = FORM.fullmatch(version.strip())
    if not found:
        raise ValueError(f"{version!r} is no version, as 1.4.0 or 1.4.0rc1 is")
    major, minor, patch, stage, number, developed = found.groups()
    is_developed = developed is not None
    rank = STAGES[stage.lower()] if stage else DEVELOPED if is_developed else RELEASED
    return (
        int(major), int(minor), int(patch or 0), rank, int(number or 0), int(developed or 0) if is_developed else NEVER
    )  # fmt: skip


def check(wanted: object, own: str = __version__) -> None:
    """Raise Problem where this Slipway is older than the project wants; None is for any.

    It comes before all else that is read of [tool.slipway]: what an older one doesn't know may be what is wanted.
    """
    if wanted is None:
        return
    try:
        is_older = order(own) < order(wanted) if isinstance(wanted, str) else None
    except ValueError:
        is_older = None
    if is_older is None:
        raise Problem(f'pyproject.toml: [tool.slipway] {KEY} = {wanted!r} should be a version, as "1.4.0".')
    if is_older:
        raise Problem(
            f"This project needs Slipway {wanted} or newer ([tool.slipway] {KEY}), and this is {own}, in "
            f"{Path(__file__).parents[1]}. Nothing was changed. ./inv in the project's folder takes the one that "
            "slipway.lock names: run that. If this was ./inv: git pull, then run it again; and when slipway.lock still "
            f"has an older one then: ./inv upgrade --to {wanted}"
        )
