"""Programs that are somebody's own: each in a group of its own, which ends with it, or once its time is over."""

import contextlib
import os
import select
import signal
import subprocess
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial

from slipway.core.errors import Problem
from slipway.core.limits import SOON, Limit
from slipway.core.programs import POLL, ended, started, status_of
from slipway.core.pythons import own_first
from slipway.core.relay import ERR, relayed
from slipway.core.shell import Shell
from slipway.core.signals import doomed
from slipway.core.waiting import wait_until

MOST = 65_536  # bytes that are kept of what a program says


@dataclass(frozen=True)
class Said:
    """What a program has said, and its status: None when it was ended as its time was over."""

    status: int | None
    out: bytes = field(repr=False)
    err: bytes = field(repr=False)


def run(shell: Shell, argv: Sequence[str], env: Mapping[str, str], seconds: float) -> int | None:
    """Run a program with these variables alone; return its status, None when it was ended as its time was over.

    It reads nothing. What it prints goes to standard error as it comes, without secrets. Nothing of its group outlives
    it. It doesn't hold what the shell's own programs hold: a daemon that it leaves would keep a lock. Raises Problem
    when it cannot be started.
    """
    given = {**env, **own_first(argv, env)}
    with relayed(shell.steps) as relay:
        shown = relay.end(ERR)
        start = partial(
            started, argv, apart=True, cwd=shell.root, env=given, stdin=subprocess.DEVNULL, stdout=shown, stderr=shown
        )  # fmt: skip

        def wait(process: "subprocess.Popen[str]") -> None:
            relay.started()
            process.wait(seconds)

        return _within(argv, start, seconds, wait)


def ask(shell: Shell, argv: Sequence[str], env: Mapping[str, str], seconds: float) -> Said:
    """Run a program as `run` does; return what it said, of which nothing is shown. Raises Problem."""
    given = {**env, **own_first(argv, env)}
    (out, to_out), (err, to_err) = os.pipe(), os.pipe()
    start = partial(
        started, argv, apart=True, cwd=shell.root, env=given, stdin=subprocess.DEVNULL, stdout=to_out, stderr=to_err
    )  # fmt: skip
    said = {out: bytearray(), err: bytearray()}
    ours = [to_out, to_err]

    def wait(process: "subprocess.Popen[str]") -> None:
        while ours:
            os.close(ours.pop())
        _listen(process, said, seconds)

    try:
        status = _within(argv, start, seconds, wait)
    finally:
        for end in (out, err, *ours):
            os.close(end)
    return Said(status, bytes(said[out]), bytes(said[err]))


def _within(
    argv: Sequence[str],
    start: "Callable[[], subprocess.Popen[str]]",
    seconds: float,
    wait: "Callable[[subprocess.Popen[str]], None]",
) -> int | None:
    # The status of a program; None when `wait` has found its time over. Nothing of its group outlives it.
    group = 0
    try:
        with ended(start, limit=Limit(seconds)) as process:
            group = process.pid
            with doomed(partial(_tell, group, signal.SIGKILL)):
                wait(process)
        return status_of(process)
    except subprocess.TimeoutExpired:
        return None
    except (OSError, ValueError) as error:  # what is no program, or cannot be given to one
        why = error.strerror if isinstance(error, OSError) else str(error)
        raise Problem(f"{argv[0]} cannot be started: {why}.") from None
    finally:
        if group:
            _end(group)


def _listen(process: "subprocess.Popen[str]", said: Mapping[int, bytearray], seconds: float) -> None:
    # Until the program ends: what it has left in the background may hold its ends for ever.
    over, still = time.monotonic() + seconds, set(said)
    while process.poll() is None:
        if time.monotonic() >= over:
            raise subprocess.TimeoutExpired(process.args, seconds)
        if not still:
            with contextlib.suppress(subprocess.TimeoutExpired):
                process.wait(POLL)
        _hear(said, still, POLL)
    while _hear(said, still, 0):
        pass


def _hear(said: Mapping[int, bytearray], still: set[int], seconds: float) -> bool:
    # Take what is there; tell whether there may be more that is kept.
    ready = select.select(still, (), (), seconds)[0] if still else []
    for end in ready:
        piece = os.read(end, MOST)
        said[end].extend(piece[: MOST + 1 - len(said[end])])
        if not piece:
            still.discard(end)
    return any(end in still and len(said[end]) <= MOST for end in ready)


def _end(group: int) -> None:
    for number in (signal.SIGTERM, signal.SIGKILL):
        if not _tell(group, number) or wait_until(lambda: not _tell(group, 0), lambda: True, SOON):
            return


def _tell(group: int, number: int) -> bool:
    # Whether there was anybody to tell.
    with contextlib.suppress(ProcessLookupError, PermissionError):
        os.killpg(group, number)
        return True
    return False
