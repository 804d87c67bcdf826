"""Start the verbs: run by `.venv`'s Python as a script, with the project's folder and Invoke's arguments.

A .venv that cannot serve, as Python was upgraded under it or another machine made it, goes back to the launcher with
the reason, in FAILED. All of this runs at each call, and takes less than a millisecond.
"""

import _imp
import contextlib
import os
import runpy
import sys

FAILED = "SLIPWAY_VENV_FAILED"

# What PYTHONPATH names may have an Invoke of its own: .venv's packages come first.
if named := os.environ.get("PYTHONPATH"):
    theirs = {os.path.abspath(one) for one in named.split(os.pathsep)}  # noqa: PTH100  (pathlib takes longer)
    sys.path.sort(key=theirs.__contains__)

missing = ""
try:
    import invoke  # noqa: F401
except Exception as error:  # also of a file that was cut off
    missing = f"does not serve any more ({error})"


def reason(venv: str) -> str:
    """Return why .venv cannot serve, "" if it does as far as can be told."""
    try:
        with open(f"{venv}/slipway.txt", encoding="utf-8") as note:  # noqa: PTH123  (pathlib takes longer)
            made = note.read().splitlines()[2]
    except (OSError, ValueError, IndexError):
        return missing
    here = _imp.extension_suffixes()[0]
    return missing if made == here else f"was made where packages end in {made}; here they end in {here}"


def main(root: str, arguments: list[str]) -> None:
    """Run the verbs, or the launcher once more."""
    with contextlib.suppress(OSError):
        os.unlink(f"{root}/.venv/starting")  # noqa: PTH108
    if (why := reason(f"{root}/.venv")) and FAILED not in os.environ:
        inv = f"{root}/inv"
        os.execve(inv, [inv, *arguments], {**os.environ, FAILED: why})  # noqa: S606
    os.environ.pop(FAILED, None)
    program = f"{root}/slipway/verbs/__main__.py"
    sys.argv = [program, "--search-root", root, *arguments]
    runpy.run_path(program, run_name="__main__")


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2:])
