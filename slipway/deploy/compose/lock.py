"""The lock of a deployment: a container on its engine, held by a pipe."""

import contextlib
import select
import signal
import subprocess
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import IO

from slipway.core.errors import Problem
from slipway.core.limits import ACT, SOON, Late, Limit
from slipway.core.programs import attend, close, end_with_all, unstartable
from slipway.core.shell import Shell
from slipway.core.signals import uninterrupted
from slipway.core.steps import Steps
from slipway.core.words import spelled
from slipway.deploy.compose import left
from slipway.deploy.compose.labels import OWNER
from slipway.engine import asked, containers
from slipway.engine.client import Clock
from slipway.engine.jobs import held_command

STARTING = 15  # seconds that the engine may take to start it, or to end it
POLL = 0.2
TAKEN = Limit(still=60)  # its image may have to be pulled


@dataclass(frozen=True)
class EngineLock:
    """A lock on a Docker Engine, for all who deploy to it: a container that lives as long as its standard input.

    That is a pipe from this process, which ends with it, even by SIGKILL; what it has started holds the pipe as well,
    so that what is still at work counts. `image` is one that has a shell; `mounts` are VOLUME:FOLDER.
    """

    name: str
    image: str
    who: str
    mounts: tuple[str, ...] = ()

    @property
    def lock_command(self) -> list[str]:
        """The command that holds the lock, and says so."""
        return held_command(self.name, self.image, f"{OWNER}={self.who}", self.mounts)


@contextlib.contextmanager
def on_engine(lock: EngineLock, shell: Shell, wait: bool, again: str, joins: str = "") -> Iterator[tuple[str, str]]:
    """Hold the lock of an engine; give the id of its container, which no later one has, and whom was waited for last.

    Raises Problem when it is another's, with its name and age, unless told to wait, or unless that is at the verb
    `joins`. `again` is the verb that waits.
    """
    clock = Clock(shell)
    turn = Turn(shell.steps, wait, again, joins, f"docker rm --force {lock.name}", STARTING)
    while not (taken := _take(lock, shell.root))[0]:
        turn.wait(owner(lock.name, shell, clock))
    process, container = taken
    assert process and process.stdin  # noqa: S101
    shell.held.append(process.stdin.fileno())
    shell.mark = partial(left.mark, container)
    try:
        yield container, turn.waited
    finally:
        shell.held.remove(process.stdin.fileno())
        shell.mark = lambda _: {}
        _let_go(lock, process, shell)


def _let_go(lock: EngineLock, process: "subprocess.Popen[bytes]", shell: Shell) -> None:
    assert process.stdin  # noqa: S101
    process.stdin.close()
    try:
        attend(lock.lock_command, process.pid, ACT, process.wait)
    except Late as late:  # its container ends without it
        shell.steps.say(f"  {late.message}")
    finally:
        if process.poll() is None:
            end_with_all(process, signal.SIGTERM, SOON)
        close(process)


def _take(lock: EngineLock, root: Path) -> "tuple[subprocess.Popen[bytes] | None, str]":
    # Of a session of its own: Ctrl-C is for this process, which then tidies up under the lock.
    pipe = subprocess.PIPE
    try:
        with uninterrupted():
            process = subprocess.Popen(
                lock.lock_command, cwd=root, stdin=pipe, stdout=pipe, stderr=pipe, start_new_session=True
            )
    except (FileNotFoundError, PermissionError) as error:
        raise Problem(unstartable(lock.lock_command[0], error)) from None
    assert process.stdin and process.stdout and process.stderr  # noqa: S101
    try:
        first = attend(lock.lock_command, process.pid, TAKEN, partial(first_line, process.stdout))
        held, _, container = first.decode().strip().partition(" ")
        if held:
            return process, container
        _, said = attend(lock.lock_command, process.pid, TAKEN, lambda limit: process.communicate(timeout=limit))
    except BaseException:
        process.stdin.close()
        end_with_all(process, signal.SIGTERM, SOON)
        close(process)
        raise
    if b"is already in use" in said or b"Conflict" in said:
        return None, ""
    raise Problem(f"{said.decode(errors='replace').strip()}\nThe lock of this deployment could not be taken.")


def first_line(pipe: IO[bytes], limit: float) -> bytes:
    """Return what a program writes first, b"" when it ends; raises TimeoutExpired after so many seconds."""
    # It is written at once: what can be read is all of it, or nothing when the program ends.
    if not select.select([pipe], [], [], limit)[0]:
        raise subprocess.TimeoutExpired("", limit)
    return pipe.readline()


@dataclass(frozen=True)
class Owner:
    """Who holds a lock, and for how long, "" for nobody; whether that is over soon, or is ended."""

    name: str = ""
    is_brief: bool = False


class Turn:
    """Waits for a lock that is another's, or refuses to; `waited` is who was waited for last.

    `remedy` is the command for a lock whose machine is gone. What was left of a killed process ends within `soon`
    seconds, and is waited for.
    """

    def __init__(self, steps: Steps, wait: bool, again: str, joins: str, remedy: str, soon: float) -> None:
        self.steps, self.waits, self.again, self.joins, self.remedy, self.soon = steps, wait, again, joins, remedy, soon
        self.waited = ""
        self._over = 0.0

    def wait(self, by: "Owner") -> None:
        """Wait a moment for who has it; raises Problem where it is not to be waited for."""
        if by.is_brief:
            self._over = time.monotonic() + self.soon
        joined = bool(self.joins) and by.name.startswith(f"inv {self.joins} ")
        if by.name and not self.waits and not joined and time.monotonic() > self._over:
            raise Problem(
                f"{by.name}. To wait for its end: ./inv {self.again} --wait (if its machine is gone for good: "
                f"{self.remedy})."
            )
        if by.name and not self.waited:
            self.steps.note("waiting", by.name)
        self.waited = by.name or self.waited
        time.sleep(POLL)


def left_of(at_work: Sequence[left.Left], who: str, shell: Shell) -> "Owner":
    """Return who holds a lock by what a killed process has left at work; what is stuck of it is ended."""
    for stuck in (each for each in at_work if each.is_stuck):
        shell.steps.note("recovered", f"{stuck} was left by {who}, which was killed, and did not end: it is ended")
        left.end(stuck)
    return Owner(left.told(at_work, who), all(each.seconds is not None for each in at_work))


def at_work(who: str, seconds: int | None) -> "Owner":
    """Return who holds a lock, and for how many seconds, None where nobody can tell."""
    return Owner(f"{who} {'is at work' if seconds is None else f'has been at work for {spelled(seconds)}'}")


def owner(name: str, shell: Shell, clock: Clock | None = None) -> Owner:
    """Return who holds the lock of this name.

    What a process that was killed has left here, and whose time is over, is ended; it would hold it for ever.
    """
    one = containers.look(shell, name)
    if not one:
        return Owner()
    seconds = (clock or Clock(shell)).since(one.made)
    # Its engine or its client ended.
    if one.phase in ("exited", "dead") or (one.phase == "created" and seconds is not None and seconds > STARTING):
        asked.tidy(shell, containers.remove_command(name))
        return Owner()
    who = one.labels.get(OWNER, "")
    if found := left.of(one.id):
        return left_of(found, who, shell)
    return at_work(who, seconds)
