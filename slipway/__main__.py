"""`python -m slipway`, and `python WHEEL/slipway` with nothing installed."""

import sys
from pathlib import Path

if __name__ == "__main__":
    if not __package__:  # called by its path
        sys.path[0] = str(Path(__file__).parent.parent)
    from slipway.command.main import main

    main()
