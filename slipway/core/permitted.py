"""What a verb may not do, told in a sentence."""

import contextlib
from collections.abc import Iterator
from pathlib import Path

import psutil

from slipway.core import disk
from slipway.core.errors import Problem


@contextlib.contextmanager
def permitted(root: Path) -> Iterator[None]:
    """Raise Problem for a file that cannot be read or written, and for a process of another user's.

    A checkout in `root` was used as root once, say; or its disk is full or read-only.
    """
    try:
        yield
    except OSError as error:
        if said := disk.explained(error, root):
            raise Problem(said) from None
        raise
    except psutil.AccessDenied as error:
        raise Problem(f"Process {error.pid} is this project's and another user's: run this as that user.") from None
