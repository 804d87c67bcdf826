"""Which packages a Python that is started finds first."""

import os
import site
import sys
from collections.abc import Mapping, Sequence

VARIABLE = "PYTHONPATH"


def own_first(argv: Sequence[str], env: Mapping[str, str]) -> dict[str, str]:
    """Return the variable by which this Python, started once more, finds its own packages before PYTHONPATH's.

    That is for the service and its tests, which may need what it names. Nothing for another program, whose own packages
    are none of these, nor without a PYTHONPATH.
    """
    theirs = env.get(VARIABLE, "").split(os.pathsep)
    if argv[0] != sys.executable or theirs == [""]:
        return {}
    own = site.getsitepackages()
    return {VARIABLE: os.pathsep.join([*own, *(one for one in theirs if one not in own)])}
