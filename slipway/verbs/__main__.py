"""The program that the launcher `inv` runs, with `python -P`: nothing is imported from where it is called."""

import os
import sys
from pathlib import Path

if __name__ == "__main__":
    sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

    from slipway.verbs.program import program

    try:
        program().run()
    except BrokenPipeError:  # nobody reads it any more: `./inv --list | head`
        os.dup2(os.open(os.devnull, os.O_WRONLY), 1)
