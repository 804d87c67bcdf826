"""The lock of a deployment: a container on its engine, held by a pipe."""

import contextlib
import subprocess
import time
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from slipway.core.errors import Problem
from slipway.core.shell import Shell
from slipway.core.signals import uninterrupted
from slipway.core.words import spelled
from slipway.deploy.compose.labels import OWNER
from slipway.engine import containers
from slipway.engine.jobs import held_command

STARTING = 15  # seconds that the engine may take to start it
POLL = 0.2


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
    waited = ""
    while True:
        process, container = _take(lock, shell.root)
        if process:
            break
        by = owner(lock.name, shell)
        if by and not wait and not (joins and by.startswith(f"inv {joins} ")):
            raise Problem(
                f"{by}. To wait for its end: ./inv {again} --wait (if its machine is gone for good: docker rm "
                f"--force {lock.name})."
            )
        if by and not waited:
            shell.steps.note("waiting", by)
        waited = by or waited
        time.sleep(POLL)
    assert process.stdin  # noqa: S101
    shell.held.append(process.stdin.fileno())
    try:
        yield container, waited
    finally:
        shell.held.remove(process.stdin.fileno())
        process.stdin.close()
        process.wait()


def _take(lock: EngineLock, root: Path) -> "tuple[subprocess.Popen[bytes] | None, str]":
    # Of a session of its own: Ctrl-C is for this process, which then tidies up under the lock.
    pipe = subprocess.PIPE
    try:
        with uninterrupted():
            process = subprocess.Popen(
                lock.lock_command, cwd=root, stdin=pipe, stdout=pipe, stderr=pipe, start_new_session=True
            )
    except FileNotFoundError:
        raise Problem("docker is not installed.") from None
    assert process.stdin and process.stdout and process.stderr  # noqa: S101
    try:
        held, _, container = process.stdout.readline().decode().strip().partition(" ")
        if held:
            return process, container
    except BaseException:
        process.stdin.close()
        process.wait()
        raise
    _, said = process.communicate()
    if b"is already in use" in said or b"Conflict" in said:
        return None, ""
    raise Problem(f"{said.decode(errors='replace').strip()}\nThe lock of this deployment could not be taken.")


def owner(name: str, shell: Shell) -> str:
    """Return who holds the lock of this name, and for how long; "" for nobody."""
    one = containers.look(shell, name)
    if not one:
        return ""
    seconds = since(one.created, datetime.now(UTC))
    # Its engine or its client ended.
    if one.phase in ("exited", "dead") or (one.phase == "created" and seconds > STARTING):
        shell.probe(containers.remove_command(name))
        return ""
    return f"{one.labels.get(OWNER, '')} has been at work for {spelled(seconds)}"


def since(created: str, now: datetime) -> int:
    """Return the seconds since a time of the engine (RFC 3339, with nanoseconds)."""
    return max(0, int((now - datetime.fromisoformat(f"{created[:19]}+00:00")).total_seconds()))
