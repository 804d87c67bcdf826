"""Who called: user and machine. A container's user may have no name, and no home."""

import contextlib
import getpass
import os
import pwd
import socket
from pathlib import Path


def who() -> str:
    """Return user@machine, or the user's number where it has no name."""
    try:
        user = getpass.getuser()
    except (KeyError, OSError):
        user = str(os.getuid())
    return f"{user}@{socket.gethostname()}"


def named(uid: int) -> str:
    """Return the name of a user, or the number where it has none."""
    with contextlib.suppress(KeyError):
        return pwd.getpwuid(uid).pw_name
    return str(uid)


def expanded(path: str) -> Path:
    """Return a path with its ~ replaced, which stays as it is where there is no home."""
    with contextlib.suppress(RuntimeError):
        return Path(path).expanduser()
    return Path(path)
