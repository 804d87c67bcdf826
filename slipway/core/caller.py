"""Who called: user and machine."""

import getpass
import os
import socket


def who() -> str:
    """Return user@machine, or the user's number where it has no name."""
    try:
        user = getpass.getuser()
    except (KeyError, OSError):  # a container's user may have none
        user = str(os.getuid())
    return f"{user}@{socket.gethostname()}"
