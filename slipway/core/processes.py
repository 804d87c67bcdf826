"""Processes in the background: started, recognised, ended by id."""

import contextlib
import json
import os
import signal
import subprocess
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, fields
from pathlib import Path
from typing import Any

import psutil

from slipway.core.ports import LOOPBACK
from slipway.core.pythons import own_first
from slipway.core.waiting import wait_until

MARK = "SLIPWAY_RECORD"


@dataclass(frozen=True)
class Record:
    """A process that this project started.

    A number alone would mean another process once it is used again: `created` (seconds since the epoch) tells. It
    answers on `port` of `address`.
    """

    pid: int
    created: float
    port: int
    fingerprint: str
    release: str
    schema: str = ""
    address: str = LOOPBACK

    def save(self, path: Path) -> None:
        """Write the record in one step."""
        temporary = path.with_suffix(".new")
        temporary.write_text(json.dumps(asdict(self)))
        temporary.replace(path)


def load(path: Path) -> Record | None:
    """Return the record of a process that is still alive, else None; what another version has added is left out."""
    known = {one.name for one in fields(Record)}
    try:
        record = Record(**{name: value for name, value in json.loads(path.read_text()).items() if name in known})
    except (FileNotFoundError, ValueError, TypeError, AttributeError):
        return None
    with contextlib.suppress(psutil.Error):
        process = psutil.Process(record.pid)
        if abs(process.create_time() - record.created) < 2 and is_alive(process) and _is_of(process, path):
            return record
    return None


def _is_of(process: psutil.Process, path: Path) -> bool:
    # A copy of the folder has a copy of the record. Who may not ask another user's process takes that user's record for
    # good: it is not stopped by mistake, as it cannot be.
    try:
        mark = process.environ().get(MARK, "")
        # A Redis writes its title over its environment. What works beside the record is of it all the same.
        return _carries(process, mark, path) if mark else path.parent in Path(process.cwd()).parents
    except psutil.AccessDenied:
        return process.uids().real == path.stat().st_uid


def _carries(process: psutil.Process, value: str, path: Path) -> bool:
    # A folder that is moved takes along what runs in it, whose mark is the record's path of before. Where it is at work
    # tells: at the same place above the record; or in a folder that has such a record of its own, and took that place.
    try:
        works = Path(process.cwd())
    except (psutil.Error, OSError):
        return value == str(path)
    below = [path.relative_to(folder) for folder in path.parents]
    if works in path.parents:
        return value.endswith(f"{os.sep}{path.relative_to(works)}")
    return value == str(path) and not any((works / one).exists() for one in below[1:])


def is_moved(path: Path) -> bool:
    """Tell whether a recorded process was started before its folder was moved: what it has still to read is gone."""
    if record := load(path):
        with contextlib.suppress(psutil.Error):
            return psutil.Process(record.pid).environ().get(MARK) != str(path)
    return False


def spawn(argv: Sequence[str], *, cwd: Path, env: Mapping[str, str], log: Path, **options: Any) -> psutil.Popen:
    """Start a program in a session of its own; its output goes to `log`.

    The log of the start before is kept beside it, as `.1`.
    """
    if log.exists():
        log.replace(log.with_name(log.name + ".1"))
    with log.open("wb") as output:
        log.chmod(0o600)
        return psutil.Popen(
            argv,
            cwd=cwd,
            env={**env, **own_first(argv, env)},
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=output,
            start_new_session=True,
            **options,
        )


def stop(path: Path, grace: float) -> bool:
    """End a recorded process, and all that carries the record's mark.

    Takes the record's file and the seconds that it has after SIGTERM. Returns whether anything was running: the
    process, or (it was killed, or there was no time to record it) what it left behind.
    """
    record = load(path)
    members = list({*marked(path), *(family(record.pid) if record else [])})
    first: list[psutil.Process] = []
    with contextlib.suppress(psutil.NoSuchProcess):
        first = [psutil.Process(record.pid)] if record else []
    for member in first or members:  # gunicorn ends its own workers, each with its requests
        with contextlib.suppress(psutil.NoSuchProcess):
            member.terminate()
    members = list({*members, *first})
    wait_until(lambda: not any(map(is_alive, members)), lambda: True, grace)
    for member in {*members, *marked(path)}:
        with contextlib.suppress(psutil.NoSuchProcess):
            member.kill()
    if members:  # another container may have what is not seen here
        path.unlink(missing_ok=True)
    return bool(members)


def mark(path: Path) -> dict[str, str]:
    """Return the variable by which a record's processes are known.

    A process inherits it, whoever of its ancestors is gone.
    """
    return {MARK: str(path)}


def marked(path: Path) -> list[psutil.Process]:
    """Return the living processes that carry a record's mark."""
    return [process for process, value in carrying(MARK) if _carries(process, value, path)]


def carrying(variable: str) -> list[tuple[psutil.Process, str]]:
    """Return the living processes of this user that were started with a variable, and its value."""
    found = []
    for process in psutil.process_iter():
        with contextlib.suppress(psutil.Error, OSError):
            value = process.environ().get(variable)
            if value is not None and is_alive(process):
                found.append((process, value))
    return found


def family(pid: int) -> list[psutil.Process]:
    """Return a process and all that it has started, [] when it is gone."""
    with contextlib.suppress(psutil.NoSuchProcess):
        parent = psutil.Process(pid)
        return [parent, *parent.children(recursive=True)]
    return []


def exists(pid: int) -> bool:
    """Tell whether a process of this number runs."""
    with contextlib.suppress(psutil.NoSuchProcess):
        return is_alive(psutil.Process(pid))
    return False


def is_alive(process: psutil.Process) -> bool:
    """Tell whether a process still runs; one that only waits to be reaped doesn't."""
    with contextlib.suppress(psutil.NoSuchProcess):
        return process.is_running() and process.status() != psutil.STATUS_ZOMBIE
    return False


def tail(log: Path, lines: int = 25) -> str:
    """Return the last lines of a log."""
    with contextlib.suppress(FileNotFoundError):
        return "\n".join(log.read_text(errors="replace").splitlines()[-lines:])
    return ""


def send(pid: int, signum: signal.Signals) -> None:
    """Send a signal; a process that is gone is no error. Raises psutil.AccessDenied for another user's."""
    with contextlib.suppress(ProcessLookupError):
        try:
            os.kill(pid, signum)
        except PermissionError:
            raise psutil.AccessDenied(pid) from None
