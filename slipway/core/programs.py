"""Other programs at work: waited for as long as they may take, and ended with all that they have started."""

import contextlib
import os
import shutil
import signal
import subprocess
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import IO, Any, TypeVar

import psutil

from slipway.core import limits
from slipway.core.errors import Problem
from slipway.core.limits import WORK, Limit, Wait
from slipway.core.processes import family, is_alive
from slipway.core.signals import interrupted, uninterrupted
from slipway.core.still import Still
from slipway.core.waiting import wait_until

POLL = 0.1  # seconds
TOLD = 2.0  # seconds for a program that a terminal has told to end as well

Done = TypeVar("Done")


class _Vain:
    since: float | None = None  # when this process was told to end, if something was waited for in vain since then


def started(argv: Sequence[str], apart: bool = False, **options: Any) -> "subprocess.Popen[str]":
    """Start a program; one that is `apart` hears nothing of a terminal's Ctrl-C. Raises Problem."""
    try:
        return subprocess.Popen(argv, text=True, errors="replace", start_new_session=apart, **options)
    except (FileNotFoundError, PermissionError) as error:
        raise Problem(unstartable(argv[0], error)) from None


def unstartable(program: str, error: OSError) -> str:
    """Say why a program did not start: PATH may name folders that this user may not enter, as another user's home."""
    found = shutil.which(program) or (program if os.sep in program and Path(program).exists() else "")
    if found and not isinstance(error, FileNotFoundError):
        return f"{found} cannot be started: {error.strerror}."
    return f"{program} is not installed."


def unstarted(program: str, error: OSError) -> Problem:
    """Return the Problem of a program that did not start, with the status that a shell gives then."""
    said = unstartable(program, error)
    return Problem(said, 127 if said.endswith("is not installed.") else 126)


def status_of(process: "subprocess.Popen[str]") -> int:
    """Return the status of a program that has ended, as a shell has it: 128 and the number for one of a signal."""
    return process.returncode if process.returncode >= 0 else 128 - process.returncode


def talk(process: "subprocess.Popen[str]", given: str | None) -> Callable[[float], tuple[str, str]]:
    """Return what takes what a program prints, as `attend` looks; it is given what it reads meanwhile."""
    if given is not None and process.stdin:
        # `communicate` would give it only what it has read before the first look is over.
        stdin, process.stdin = process.stdin, None
        threading.Thread(target=_give, args=(stdin, given), daemon=True).start()

    def look(seconds: float) -> tuple[str, str]:
        return process.communicate(timeout=seconds)

    return look


def _give(stdin: IO[str], given: str) -> None:
    with contextlib.suppress(OSError), stdin:  # what it doesn't read any more
        stdin.write(given)


def captured(
    argv: Sequence[str],
    start: "Callable[[], subprocess.Popen[str]]",
    given: str | None,
    limit: Limit,
    still: Still | None = None,
) -> tuple[int, str, str]:
    """Run a program; return its status, output and errors. `still` tells how far it is, and then what it printed.

    Raises Problem.
    """
    try:
        with ended(start, limit=limit) as process:
            look = talk(process, given)
            out, err = attend(argv, process.pid, limit, still.watched(look) if still else look)
    finally:
        if still:
            still.end()
    if still:
        still.steps.printed(err, out)
    return status_of(process), out.strip(), err


def attend(argv: Sequence[str], pid: int, limit: Limit, look: Callable[[float], Done]) -> Done:
    """Wait for a program, as long as its kind may take; return what `look` does. Raises Late.

    `look` takes seconds, and raises subprocess.TimeoutExpired when they are over.
    """
    told = interrupted()
    wait = Wait(limit, lambda: moved(pid), vain=told is not None and _Vain.since == told)
    while True:
        try:
            return look(POLL)
        except subprocess.TimeoutExpired:
            now = time.monotonic()
            if wait.is_over(now):
                _Vain.since = interrupted()
                raise limits.late(argv, now - wait.began) from None


def moved(pid: int) -> int | None:
    """Return the bytes that a program, and what it has started, have read and written; None where nobody counts."""
    total = 0
    try:
        for one in family(pid):
            with contextlib.suppress(psutil.NoSuchProcess):
                counted = one.io_counters()
                total += counted.read_chars + counted.write_chars
    except (AttributeError, psutil.Error):
        return None
    return total


def end_with_all(process: "subprocess.Popen[str] | subprocess.Popen[bytes]", ask: signal.Signals, grace: float) -> None:
    """End a program and all that it has started.

    `ask` is the signal by which it ends tidily, for which it has `grace` seconds. What it has started may outlive it:
    pytest's workers, say.
    """
    members = family(process.pid)
    if process.poll() is None:
        process.send_signal(ask)
    with contextlib.suppress(subprocess.TimeoutExpired):
        process.wait(grace)
    for end in (psutil.Process.terminate, psutil.Process.kill):
        for member in members:
            with contextlib.suppress(psutil.NoSuchProcess):
                end(member)
        wait_until(lambda: not any(map(is_alive, members)), lambda: True, grace)
    process.wait()


@contextlib.contextmanager
def ended(
    start: Callable[[], "subprocess.Popen[str]"], ask: signal.Signals = signal.SIGTERM, limit: Limit = WORK
) -> Iterator["subprocess.Popen[str]"]:
    """Start a program, and end it when what waits for it is interrupted.

    `ask` is the signal by which the program ends tidily; it has the `grace` of its limit for that.
    """
    process = None
    try:
        with uninterrupted():
            process = start()
        yield process
    except BaseException as reason:
        if process:
            if isinstance(reason, KeyboardInterrupt) and not limit.asks:  # a terminal told it as well: let it finish
                with contextlib.suppress(subprocess.TimeoutExpired):
                    process.wait(min(TOLD, limit.grace))
            end_with_all(process, ask, limit.grace)
        raise
    finally:
        if process:
            close(process)


def close(process: "subprocess.Popen[str] | subprocess.Popen[bytes]") -> None:
    """Close what a program is given, and what it has printed."""
    for stream in (process.stdin, process.stdout, process.stderr):
        if stream:
            with contextlib.suppress(OSError):  # what it did not read any more
                stream.close()
