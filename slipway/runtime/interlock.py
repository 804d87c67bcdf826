"""Whether a server may be at work on a folder: the kernel drops its lock there with the last of its processes.

The lock belongs to an open file, which all that the server starts inherits. So it can be asked for by any user, and in
another container that has the same folder: a number in a file means another process there.
"""

import contextlib
import fcntl
from collections.abc import Iterator
from pathlib import Path

from slipway.core.waiting import wait_until


@contextlib.contextmanager
def locked(path: Path, limit: float) -> Iterator[list[int]]:
    """Give the file to be inherited, locked; [] when somebody else has it for `limit` seconds.

    Where the file system knows no locks, it is given without.
    """
    with path.open("a") as file:
        got = wait_until(lambda: _get(file.fileno(), fcntl.LOCK_EX), lambda: True, limit)
        yield [file.fileno()] if got else []


def is_locked(path: Path) -> bool:
    """Tell whether somebody has the lock."""
    with contextlib.suppress(FileNotFoundError), path.open() as file:
        return not _get(file.fileno(), fcntl.LOCK_SH)
    return False


def is_given_up(path: Path, limit: float) -> bool:
    """Wait until nobody has the lock; False when the limit (s) is over."""
    return wait_until(lambda: not is_locked(path), lambda: True, limit)


def _get(file: int, kind: int) -> bool:
    try:
        fcntl.flock(file, kind | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    except OSError:  # there are none here
        return True
    return True
