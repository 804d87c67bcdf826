"""Packages of Slipway's own that only some verbs need: they get into its environment when one first does."""

import importlib
import sys
from collections.abc import Sequence
from pathlib import Path

from slipway.core import disk
from slipway.core.errors import Problem
from slipway.project import config
from slipway.project import root as roots
from slipway.virtualenv import install, make, venv
from slipway.virtualenv.venv import Refused


def need(*names: str) -> None:
    """Have the packages of extras of slipway.lock installed, if Slipway runs in its own environment.

    Elsewhere, whoever made that environment has chosen what is in it. Raises Problem with what to do next, also where
    the project's settings are not for this Slipway: nothing is installed then.
    """
    root = roots.here()
    ours = venv.own(root)
    if Path(sys.prefix).resolve() == ours.path.resolve() and set(names) - set(ours.groups):
        config.load(root)
        add(root, names)
        importlib.invalidate_caches()


def add(root: Path, names: Sequence[str]) -> None:
    """Install the packages of extras into Slipway's own environment of a project; raises Problem."""
    ours = venv.own(root, names)
    try:
        ours.copy.unlink(missing_ok=True)  # what it was made for, it is no longer
        make.make(ours, Path(install.base()))
    except Refused as refused:
        raise Problem(str(refused)) from None
    except OSError as error:
        raise Problem(f"{ours.folder} could not be changed: {disk.explained(error, root) or error}") from None
