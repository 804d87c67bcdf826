"""Ports of this machine: which are free, and who has the others."""

import contextlib
import socket

import psutil

from slipway.core.errors import Problem
from slipway.core.sources import source
from slipway.core.words import PORTS

LOOPBACK = "127.0.0.1"


def free_port(preferred: int = 0) -> int:
    """Return the preferred port if it is free on LOOPBACK, else another one."""
    for port in (preferred, 0):
        with contextlib.suppress(OSError):
            return _bind(port, LOOPBACK)
    raise Problem(f"No port is free on {LOOPBACK}.")


def is_free(port: int, host: str) -> bool:
    """Tell whether nothing listens on the port yet.

    Raises PermissionError for a port (below 1024) that this user may not listen on.
    """
    try:
        return _bind(port, host) == port
    except PermissionError:
        raise
    except OSError:
        return False


def is_here(host: str) -> bool:
    """Tell whether an address is one of this machine's."""
    with contextlib.suppress(OSError):
        return bool(_bind(0, host))
    return False


def _bind(port: int, host: str) -> int:
    # As a server would, to see whether it could; 0 is any port.
    with socket.socket(socket.AF_INET6 if ":" in host else socket.AF_INET) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        probe.bind((host, port))
        return int(probe.getsockname()[1])


def owner(port: int) -> str:
    """Say which process listens on a port, as far as can be seen."""
    with contextlib.suppress(psutil.Error):
        for connection in psutil.net_connections("tcp"):
            if connection.status == psutil.CONN_LISTEN and connection.laddr[1:2] == (port,) and connection.pid:
                with contextlib.suppress(psutil.NoSuchProcess):
                    return f"{psutil.Process(connection.pid).name()} (process {connection.pid})"
    return "another user's process"


class Unusable(Problem):
    """Say that a port cannot be listened on; `once` is the verb by which another one can be named for once, or ""."""

    def __init__(self, message: str, *, once: str = "") -> None:
        super().__init__(message)
        self.once = once


def taken(port: int, by: str, variable: str = "PORT", once: bool = True) -> Unusable:
    """Return the Problem of a port that is taken.

    `variable` is what the settings call it; `once` tells whether an option of `inv up` can name another one as well.
    """
    other = port + 1 if port + 1 in PORTS else port - 1
    said = f"Port {port} is taken by {by}. Stop it, or use another port: {variable}={other} in {source(variable)}."
    return Unusable(said, once=f"./inv up --port {other}" if once else "")


def roots(port: int) -> Unusable:
    """Return the Problem of a port that this user may not listen on."""
    said = f"Port {port} is for root alone on this machine. Use another port: PORT=8000 in {source('PORT')}."
    return Unusable(said, once="./inv up --port 8000")
