"""The program that the launcher `inv` runs, with `python -P`: nothing is imported from where it is called."""

import sys
from pathlib import Path

if __name__ == "__main__":
    sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

    from slipway.core import output
    from slipway.verbs.program import program

    out = output.keep()
    try:
        program().run()
        status = 0
    except SystemExit as ended:  # what it says, Python would print
        if isinstance(ended.code, str):
            sys.stderr.write(f"{ended.code}\n")
        status = ended.code if isinstance(ended.code, int) else int(ended.code is not None)
    sys.exit(output.status(out, status))
