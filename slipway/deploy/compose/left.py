"""What a process that held a lock, and was killed, has left at work here: it holds the lock as well."""

import contextlib
import os
import shlex
import time
from collections.abc import Sequence
from dataclasses import dataclass

import psutil

from slipway.core import processes
from slipway.core.limits import GRACE, Limit
from slipway.core.waiting import wait_until
from slipway.core.words import spelled

MARK = "SLIPWAY_LOCK"  # the variable of what holds a lock: its container's id, who has started it, and its seconds
NAMED = 60  # characters of a command


@dataclass(frozen=True)
class Left:
    """A program whose `inv` is gone: for how long it has been at work, and may be; None for as long as it takes."""

    pid: int
    argv: tuple[str, ...]
    age: float
    seconds: float | None

    @property
    def is_stuck(self) -> bool:
        """Whether its time is over: nobody is there who would end it."""
        return self.seconds is not None and self.age > self.seconds

    def __str__(self) -> str:
        """Name it, for a message."""
        command = shlex.join(self.argv)
        return f"{command[:NAMED]}{'...' if command[NAMED:] else ''} (process {self.pid})"


def mark(lock: str, limit: Limit) -> dict[str, str]:
    """Return the variable by which what holds a lock is found: `lock` is the id of its container."""
    return {MARK: f"{lock} {os.getpid()} {limit.seconds or ''}"}


def read(value: str) -> tuple[str, int, float | None]:
    """Return the lock, the process and the seconds that a mark names; raises ValueError."""
    lock, pid, seconds = value.split(" ")
    return lock, int(pid), float(seconds) if seconds else None


def of(lock: str) -> list[Left]:
    """Return what holds a lock here though who has started it is gone; `lock` is the id of its container."""
    found: dict[int, Left] = {}
    parents: dict[int, int] = {}
    for process, value in processes.carrying(MARK):
        with contextlib.suppress(psutil.Error, ValueError):
            its, by, seconds = read(value)
            if lock.startswith(its) and not processes.exists(by):
                age = time.time() - process.create_time()
                found[process.pid] = Left(process.pid, tuple(process.cmdline()), age, seconds)
                parents[process.pid] = process.ppid()
    return [one for one in found.values() if parents[one.pid] not in found]


def end(left: Left) -> None:
    """End a program that was left, and all that it has started."""
    members = processes.family(left.pid)
    for member in members:
        with contextlib.suppress(psutil.NoSuchProcess):
            member.kill()
    wait_until(lambda: not any(map(processes.is_alive, members)), lambda: True, GRACE)


def told(left: Sequence[Left], who: str) -> str:
    """Say what holds a lock that `who` took."""
    oldest = max(left, key=lambda one: one.age)
    return f"{who} was killed, and what it had begun goes on: {oldest}, for {spelled(int(oldest.age))}"
