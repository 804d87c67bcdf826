"""Which packages a Python that is started finds first."""

import os
import sys
from collections.abc import Mapping, Sequence
from importlib import resources
from pathlib import Path

VARIABLE = "PYTHONPATH"
BEHIND = "SLIPWAY_BEHIND"  # what behind/sitecustomize.py reads


def own_first(argv: Sequence[str], env: Mapping[str, str]) -> dict[str, str]:
    """Return the variables by which a Python that is started finds its own packages before PYTHONPATH's.

    That is for the service and its tests, which may need what it names. Nothing for another program, whose own packages
    are none of these, nor without a PYTHONPATH.
    """
    named, folder = env.get(VARIABLE, ""), str(resources.files("slipway.core") / "behind")
    if named in ("", folder) or not _is_python(argv[0]):
        return {}
    theirs = [one for one in named.split(os.pathsep) if one != folder]
    return {VARIABLE: folder, BEHIND: os.pathsep.join([*theirs, *filter(None, [env.get(BEHIND, "")])])}


def _is_python(program: str) -> bool:
    # This one, or that of a virtual environment.
    path = Path(program)
    return program == sys.executable or (path.name == "python" and (path.parent.parent / "pyvenv.cfg").exists())
