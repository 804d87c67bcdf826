"""Has a Python find what SLIPWAY_BEHIND names behind its own packages, and not before its library as PYTHONPATH does.

Python imports it as it starts, of this folder in PYTHONPATH: https://docs.python.org/3/library/site.html. An
environment may have one of its own, which comes next.
"""

import importlib.util
import os
import sys

here = os.path.dirname(os.path.abspath(__file__))  # noqa: PTH100, PTH120  (it runs in each Python that is started)
sys.path[:] = [one for one in sys.path if os.path.abspath(one or ".") != here]  # noqa: PTH100
sys.path += [one for one in os.environ.get("SLIPWAY_BEHIND", "").split(os.pathsep) if one not in sys.path]
if (spec := importlib.util.find_spec("sitecustomize")) and spec.loader and spec.origin != __file__:
    spec.loader.exec_module(importlib.util.module_from_spec(spec))
