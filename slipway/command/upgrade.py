"""`slipway upgrade`: that of `./inv upgrade`, for a project whose own Slipway does not have it, or does not start."""

import argparse
import sys
from pathlib import Path
from typing import Any

from slipway.template import own

MISSING = (
    "slipway: {error}: this Slipway runs without what it needs. In the project: ./inv upgrade, with the same options"
)


def add(verbs: Any) -> None:
    """Describe it."""
    about = "have another Slipway in a project, and what it writes merged with what is yours"
    described = verbs.add_parser("upgrade", help=about, description=f"{about[:1].upper()}{about[1:]}.")
    described.add_argument("--to", metavar="VERSION", default="", help="from pip's index (default: this one)")
    described.add_argument("--wheel", metavar="FILE", default="", help="the one in this file, copied into the project")
    described.add_argument("--plan", action="store_true", help="show what would be done, and change nothing")
    described.add_argument("--yes", action="store_true", help="don't ask")
    described.set_defaults(run=run)


def run(arguments: argparse.Namespace) -> int:
    """Upgrade the project that the working directory is in; returns the status."""
    root = found(Path.cwd())
    if not root:
        sys.stderr.write(f"slipway: there is no {own.NAME} here or above: call this in the folder of a project\n")
        return 1
    try:
        from invoke.exceptions import Exit

        from slipway.verbs.upgrade import upgrade_in
    except ImportError as error:  # it runs out of a wheel
        sys.stderr.write(f"{MISSING.format(error=error)}\n")
        return 1
    try:
        upgrade_in(root, arguments.to, arguments.wheel, arguments.plan, arguments.yes)
    except Exit as error:
        sys.stderr.write(f"{error.message}\n" if error.message else "")
        return int(error.code)
    return 0


def found(start: Path) -> Path | None:
    """Return the nearest folder with a slipway.lock, from one upwards."""
    return next((one for one in (start, *start.parents) if (one / own.NAME).is_file()), None)
