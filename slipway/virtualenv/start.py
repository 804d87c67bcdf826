"""Start the verbs: run by the Python of Slipway's own environment, with the project's folder and their arguments.

An environment that cannot serve, as Python was upgraded under it or another machine made it, goes back to the launcher
with the reason, in FAILED. All of this runs at each call, and takes less than a millisecond.
"""

import _imp
import contextlib
import os
import sys

FAILED = "SLIPWAY_VENV_FAILED"
# What the launcher runs (a test compares). What PYTHONPATH names may have an Invoke of its own, or a Slipway: the
# environment's packages come first.
START = """\
import os, sys
theirs = {os.path.abspath(one) for one in os.environ.get("PYTHONPATH", "").split(os.pathsep)} - {sys.argv[1]}
sys.path.sort(key=theirs.__contains__)
try:
    import invoke
    from slipway.virtualenv.start import ready
except Exception as error:
    if "SLIPWAY_VENV_FAILED" in os.environ: raise
    failed = {**os.environ, "SLIPWAY_VENV_FAILED": "does not serve any more (%s)" % error}
    os.execve(sys.argv[1] + "/inv", [sys.argv[1] + "/inv", *sys.argv[2:]], failed)
ready(sys.argv[1], sys.argv[2:])
from slipway.verbs.main import run
run(sys.argv[2])
"""


def reason(venv: str) -> str:
    """Return why an environment cannot serve, "" if it does as far as can be told."""
    try:
        with open(f"{venv}/slipway.txt", encoding="utf-8") as note:  # noqa: PTH123  (pathlib takes longer)
            made = note.read().splitlines()[2]
    except (OSError, ValueError, IndexError):
        return ""
    here = _imp.extension_suffixes()[0]
    return "" if made == here else f"was made where packages end in {made}; here they end in {here}"


def ready(root: str, arguments: list[str]) -> None:
    """Make the command line that of the verbs, or run the launcher once more."""
    venv, inv = f"{root}/.slipway/venv", f"{root}/inv"
    with contextlib.suppress(OSError):
        os.unlink(f"{venv}/starting")  # noqa: PTH108
    if (why := reason(venv)) and FAILED not in os.environ:
        os.execve(inv, [inv, *arguments], {**os.environ, FAILED: why})  # noqa: S606
    os.environ.pop(FAILED, None)
    sys.argv = [inv, "--search-root", root, *arguments]
