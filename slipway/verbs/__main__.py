"""The program that the launcher `inv` runs, with `python -P`: nothing is imported from where it is called."""

import sys
from pathlib import Path

if __name__ == "__main__":
    sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

    from slipway.verbs.program import program

    program().run()
