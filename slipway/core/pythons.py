"""Which packages a Python that is started finds first."""

import os
import site
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path

VARIABLE = "PYTHONPATH"


def own_first(argv: Sequence[str], env: Mapping[str, str]) -> dict[str, str]:
    """Return the variable by which a Python that is started finds its own packages before PYTHONPATH's.

    That is for the service and its tests, which may need what it names. Nothing for another program, whose own packages
    are none of these, nor without a PYTHONPATH.
    """
    theirs = env.get(VARIABLE, "").split(os.pathsep)
    own = [] if theirs == [""] else own_sites(argv[0])
    return {VARIABLE: os.pathsep.join([*own, *(one for one in theirs if one not in own)])} if own else {}


def own_sites(python: str) -> list[str]:
    """Return the folders of packages of this Python, or of one that is a virtual environment's; none of others."""
    if python == sys.executable:
        return site.getsitepackages()
    venv = Path(python).parents[1] if "/" in python.strip("/") else Path()
    if Path(python).name != "python" or not (venv / "pyvenv.cfg").exists():
        return []
    return sorted(map(str, venv.glob("lib/python*/site-packages")))
