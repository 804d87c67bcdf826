"""A line on a terminal that is drawn anew.

The launcher imports this, with the standard library alone.
"""

import os
import shutil
import sys
from typing import TextIO


def draws(stream: TextIO) -> bool:
    """Tell whether a stream is shown by a terminal that can draw: colours, and a line that is drawn anew."""
    return stream.isatty() and os.environ.get("TERM") != "dumb"


def draw(text: str) -> None:
    """Draw the last line of standard error anew, as far as it has room; "" leaves nothing of it."""
    sys.stderr.write(f"\r\x1b[K{text[: shutil.get_terminal_size().columns - 1]}")
    sys.stderr.flush()
