"""One verb at a time: what changes an environment waits for its turn."""

import contextlib
import fcntl
import os
import subprocess
import time
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from slipway.core.errors import Problem
from slipway.core.shell import Shell, tokens, uninterrupted
from slipway.core.steps import Steps

OWNER = "dev.slipway.owner"  # the label of the lock's container: who holds it
STARTING = 15  # seconds that the engine may take to start it


@contextlib.contextmanager
def alone(folder: Path, who: str, steps: Steps) -> Iterator[None]:
    """Hold the lock of an environment's folder; wait for it, saying for whom.

    The kernel drops it with its process, however that ends.
    """
    folder.mkdir(parents=True, exist_ok=True)
    with (folder / "lock").open("a+") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            file.seek(0)
            steps.say(f"  waiting for {file.read().strip() or 'another verb'} to end")
            fcntl.flock(file, fcntl.LOCK_EX)
        file.truncate(0)
        file.write(f"{who} (process {os.getpid()})")
        file.flush()
        yield


@dataclass(frozen=True)
class EngineLock:
    """A lock on a Docker Engine, for all who deploy to it: a container that lives as long as its standard input.

    That is a pipe from this process, which ends with it, even by SIGKILL; what it has started holds the pipe as well,
    so that what is still at work counts. `image` is one that has a shell; a `volume` is mounted on /deployment.
    """

    name: str
    image: str
    who: str
    volume: str = ""

    def command(self) -> list[str]:
        """Return the command that holds the lock, and says so."""
        return tokens(
            ["docker", "run", "--rm", "--interactive", "--name", self.name, "--network", "none", "--read-only"],
            ["--label", f"{OWNER}={self.who}"],
            ["--volume", f"{self.volume}:/deployment"] if self.volume else None,
            ["--entrypoint", "sh", self.image, "-c", "echo held $(cat /etc/hostname); exec cat"],
        )


@contextlib.contextmanager
def on_engine(lock: EngineLock, shell: Shell, wait: bool, again: str) -> Iterator[str]:
    """Hold the lock of an engine; give the id of its container, which no later one has.

    Raises Problem when it is another's, with its name and age, unless told to wait. `again` is the verb that waits.
    """
    said = False
    while True:
        process, container = _take(lock, shell.root)
        if process:
            break
        by = owner(lock.name, shell)
        if by and not wait:
            raise Problem(
                f"{by}. To wait for its end: ./inv {again} --wait (if its machine is gone for good: docker rm "
                f"--force {lock.name})."
            )
        if by and not said:
            shell.steps.say(f"  waiting    {by}")
        said = said or bool(by)
        time.sleep(0.2)
    assert process.stdin  # noqa: S101
    shell.held.append(process.stdin.fileno())
    try:
        yield container
    finally:
        shell.held.remove(process.stdin.fileno())
        process.stdin.close()
        process.wait()


def _take(lock: EngineLock, root: Path) -> "tuple[subprocess.Popen[bytes] | None, str]":
    # Of a session of its own: Ctrl-C is for this process, which then tidies up under the lock.
    try:
        with uninterrupted():
            process = subprocess.Popen(
                lock.command(), cwd=root, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                start_new_session=True,
            )  # fmt: skip
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
    form = f'{{{{.State.Status}}}}|{{{{.Created}}}}|{{{{index .Config.Labels "{OWNER}"}}}}'
    status, out, _ = shell.probe(["docker", "inspect", "--format", form, name])
    if status:
        return ""
    state, created, who = out.split("|", 2)
    seconds = since(created, datetime.now(UTC))
    if state in ("exited", "dead") or (state == "created" and seconds > STARTING):  # its engine or its client ended
        shell.probe(["docker", "rm", "--force", name])
        return ""
    return f"{who} has been at work for {spelled(seconds)}"


def since(created: str, now: datetime) -> int:
    """Return the seconds since a time of the engine (RFC 3339, with nanoseconds)."""
    return max(0, int((now - datetime.fromisoformat(f"{created[:19]}+00:00")).total_seconds()))


def spelled(seconds: int) -> str:
    """Return a time for people."""
    return f"{seconds} s" if seconds < 120 else f"{seconds // 60} min" if seconds < 7200 else f"{seconds // 3600} h"
