"""Run a command once nobody else does: `python -I -c "$(cat single.py)" FILE COMMAND...`, in a container of its own.

The lock belongs to the open file, which the command inherits: the kernel drops it when its last process has ended,
however that was. Standard library alone, Python 3.10 or newer.
"""

import fcntl
import os
import sys


def main(file: str, *command: str) -> None:
    """Wait for the lock of a file, and become the command."""
    lock = os.open(file, os.O_RDONLY | os.O_CREAT, 0o644)
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        sys.stderr.write("slipway: waits until the one that is at work has ended\n")
        fcntl.flock(lock, fcntl.LOCK_EX)
        sys.stderr.write("slipway: begins\n")
    os.set_inheritable(lock, True)
    try:
        os.execvp(command[0], command)  # noqa: S606  # it keeps the process, its number and its signals
    except OSError as error:
        sys.stderr.write(f"slipway: {command[0]!r} cannot be run: {error.strerror}.\n")
        sys.exit(127 if isinstance(error, FileNotFoundError) else 126)


if __name__ == "__main__":
    main(*sys.argv[1:])
