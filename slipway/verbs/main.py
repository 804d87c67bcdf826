"""The program that the launcher `inv` runs, with `python -P`: nothing is imported from where it is called."""

import sys
from pathlib import Path

from slipway.core import output
from slipway.project import root as roots
from slipway.verbs.program import program


def run(root: str) -> None:
    """Run the verbs of the project in a folder, whose command line is in sys.argv; ends the process."""
    roots.say(Path(root))
    out = output.keep()
    try:
        program().run()
        status = 0
    except SystemExit as ended:  # what it says, Python would print
        if isinstance(ended.code, str):
            sys.stderr.write(f"{ended.code}\n")
        status = ended.code if isinstance(ended.code, int) else int(ended.code is not None)
    sys.exit(output.status(out, status))
