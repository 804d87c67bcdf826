"""Processes in the background: started, recognised, ended by id."""

import contextlib
import json
import os
import signal
import socket
import subprocess
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from slipway.errors import Problem

if TYPE_CHECKING:
    import psutil


@dataclass(frozen=True)
class Record:
    """A process that this project started.

    A number alone would mean another process once it is used again: `created` (seconds since the epoch) tells.
    """

    pid: int
    created: float
    port: int
    fingerprint: str
    release: str

    def save(self, path: Path) -> None:
        """Write the record in one step."""
        temporary = path.with_suffix(".new")
        temporary.write_text(json.dumps(asdict(self)))
        temporary.replace(path)


def load(path: Path) -> Record | None:
    """Return the record of a process that is still alive, else None."""
    import psutil

    try:
        record = Record(**json.loads(path.read_text()))
    except (FileNotFoundError, ValueError, TypeError):
        return None
    with contextlib.suppress(psutil.NoSuchProcess):
        process = psutil.Process(record.pid)
        if abs(process.create_time() - record.created) < 2 and process.status() != psutil.STATUS_ZOMBIE:
            return record
    return None


def spawn(argv: Sequence[str], *, cwd: Path, env: Mapping[str, str], log: Path, **options: object) -> "psutil.Popen":
    """Start a program in a session of its own; its output goes to `log`.

    The log of the start before is kept beside it, as `.1`.
    """
    import psutil

    if log.exists():
        log.replace(log.with_name(log.name + ".1"))
    with log.open("wb") as output:
        os.chmod(log, 0o600)  # noqa: PTH101
        return psutil.Popen(
            argv, cwd=cwd, env=env, stdin=subprocess.DEVNULL, stdout=output, stderr=output, start_new_session=True, **options
        )


def stop(path: Path, grace: float) -> bool:
    """End a recorded process and all of its session.

    Takes the record's file and the seconds that it has after SIGTERM. Returns whether anything was running.
    """
    import psutil

    try:
        record = Record(**json.loads(path.read_text()))
    except (FileNotFoundError, ValueError, TypeError):
        return False
    members = list(_session(record))
    if load(path):
        with contextlib.suppress(psutil.NoSuchProcess):
            psutil.Process(record.pid).terminate()
    else:  # its first process was killed; these were left behind
        for member in members:
            with contextlib.suppress(psutil.NoSuchProcess):
                member.terminate()
    _, alive = psutil.wait_procs(members, grace)
    for member in [*alive, *_session(record)]:
        with contextlib.suppress(psutil.NoSuchProcess):
            member.kill()
    path.unlink()
    return bool(members)


def _session(record: Record) -> "Iterator[psutil.Process]":
    # A session keeps its number for as long as one of its processes lives, so that a number used
    # again for another session is younger than the record's first process by nothing but chance.
    import psutil

    for process in psutil.process_iter():
        with contextlib.suppress(psutil.Error, OSError):
            if os.getsid(process.pid) == record.pid and process.create_time() > record.created - 2:
                yield process


def wait_until(ready: Callable[[], bool], alive: Callable[[], bool], limit: float) -> bool:
    """Ask `ready` until it says yes; False when the limit (s) is over.

    Gives up at once when `alive` says no.
    """
    end = time.monotonic() + limit
    pause = 0.02
    while not ready():
        if not alive() or time.monotonic() > end:
            return False
        time.sleep(pause)
        pause = min(pause * 1.5, 0.25)
    return True


def free_port(preferred: int = 0, host: str = "127.0.0.1") -> int:
    """Return the preferred port if it is free, else another one."""
    for port in (preferred, 0):
        with contextlib.suppress(OSError), socket.socket() as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            probe.bind((host, port))
            return int(probe.getsockname()[1])
    raise Problem(f"No port is free on {host}.")


def is_free(port: int, host: str) -> bool:
    """Tell whether a server could listen on the port."""
    return free_port(port, host) == port


def owner(port: int) -> str:
    """Say which process listens on a port, as far as can be seen."""
    import psutil

    with contextlib.suppress(psutil.Error):
        for connection in psutil.net_connections("tcp"):
            if connection.status == psutil.CONN_LISTEN and connection.laddr.port == port and connection.pid:
                with contextlib.suppress(psutil.NoSuchProcess):
                    return f"{psutil.Process(connection.pid).name()} (process {connection.pid})"
    return "another user's process"


def tail(log: Path, lines: int = 25) -> str:
    """Return the last lines of a log."""
    with contextlib.suppress(FileNotFoundError):
        return "\n".join(log.read_text(errors="replace").splitlines()[-lines:])
    return ""


def send(pid: int, signum: signal.Signals) -> None:
    """Send a signal; a process that is gone is no error."""
    with contextlib.suppress(ProcessLookupError):
        os.kill(pid, signum)
