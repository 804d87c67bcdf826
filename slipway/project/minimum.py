"""The oldest Slipway that may work on a project: `[tool.slipway] minimum-version`."""

import re
from pathlib import Path

from slipway import __version__
from slipway.project.locks import pep440

KEY = "minimum-version"
NUMBERS = re.compile(r"v?\d+\.\d+(?:\.\d+)?(?!\.?\d)", re.ASCII)  # that it begins with


def order(version: str) -> pep440.Key:
    """Return what versions are compared by; raises ValueError for what is none. What follows a + says nothing.

    They are spelled as wheels do, or as semver.org does: 1.4.0rc1, 1.4.0-rc.1, 1.4.0.dev3+local.
    """
    found = pep440.VERSION.fullmatch(version.strip())
    if not found or found["post"] or not NUMBERS.match(found[0]):
        raise ValueError(f"{version!r} is no version, as 1.4.0 or 1.4.0rc1 is")
    return pep440.key(version)


def unfit(wanted: object, own: str = __version__) -> str:
    """Say why this Slipway may not work on a project, as it is older than that wants; "" where it may.

    `wanted` is None for any. It comes before all else that is read of [tool.slipway]: what an older one doesn't know
    may be what is wanted.
    """
    if wanted is None:
        return ""
    try:
        is_older = order(own) < order(wanted) if isinstance(wanted, str) else None
    except ValueError:
        is_older = None
    if is_older is None:
        return f'pyproject.toml: [tool.slipway] {KEY} = {wanted!r} should be a version, as "1.4.0".'
    if is_older:
        return (
            f"This project needs Slipway {wanted} or newer ([tool.slipway] {KEY}), and this is {own}, in "
            f"{Path(__file__).parents[1]}. Nothing was changed. ./inv in the project's folder takes the one that "
            "slipway.lock names: run that. If this was ./inv: git pull, then run it again; and when slipway.lock still "
            f"has an older one then: ./inv upgrade --to {wanted}"
        )
    return ""
