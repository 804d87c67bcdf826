"""Whether a server may be at work on a folder: the kernel drops its lock there with the last of its processes.

The lock belongs to an open file, which all that the server starts inherits. So it can be asked for by any user, and in
another container that has the same folder: a number in a file means another process there.
"""

import contextlib
import fcntl
from collections.abc import Iterator
from pathlib import Path

import psutil

from slipway.core.processes import is_alive
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


def is_server(pid: int, data: Path) -> bool:
    """Tell whether a process of this number is alive, and the server of a folder; raises psutil.AccessDenied."""
    try:
        process = psutil.Process(pid)
        return pid > 0 and is_alive(process) and is_of(process, data)
    except (psutil.NoSuchProcess, OverflowError):  # one that waits to be reaped is the former as well
        return False


def left_in(data: Path) -> list[int]:
    """Return the processes that can be seen at work in a folder."""
    found = []
    for process in psutil.process_iter():
        with contextlib.suppress(psutil.Error, OSError):
            if is_alive(process) and Path(process.cwd()) == data.resolve():
                found.append(process.pid)
    return found


def is_of(process: psutil.Process, data: Path) -> bool:
    """Tell whether a process is the server of a folder; raises psutil.Error when that cannot be told.

    Root in a container may not ask where nobody's process is; what it was started with can be read by anybody.
    """
    try:
        return Path(process.cwd()) == data.resolve() or _is_at(process.pid, data)
    except psutil.AccessDenied:
        argv = process.cmdline()
        return "-D" in argv[:-1] and Path(argv[argv.index("-D") + 1]).resolve() == data.resolve()


def _is_at(pid: int, folder: Path) -> bool:
    # In a mount namespace of its own, a process is told the path of before when a folder is moved.
    with contextlib.suppress(OSError):
        return Path(f"/proc/{pid}/cwd").samefile(folder)
    return False
