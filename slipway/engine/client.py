"""The Docker client: whether an engine answers, and which one is asked."""

import os
import shutil
import subprocess
import time
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import cached_property
from pathlib import Path
from typing import Literal

from slipway.core.errors import Problem
from slipway.core.shell import Shell
from slipway.core.steps import Steps

ANSWER_LIMIT = 20  # seconds
CONTEXT = "DOCKER_CONTEXT"
VARIABLES = ("DOCKER_HOST", CONTEXT)  # which engine the client asks

FIXES = {  # by the engine's state
    "no client": "install Docker Engine (https://docs.docker.com/engine/install/)",
    "no compose": "install the Compose plugin (Debian and Ubuntu: sudo apt install docker-compose-plugin)",
    "no answer": "start the engine (sudo systemctl start docker, or Docker Desktop) and run this again",
    "no permission": "let this user in (sudo usermod -aG docker $USER, then log in again) and run this again",
}

EngineState = Literal["ready", "no client", "no compose", "no answer", "no permission"]


@dataclass(frozen=True)
class Engine:
    """What the Docker client said of its engine."""

    state: EngineState
    detail: str = ""


def probe() -> Engine:
    """Ask the Docker client whether an engine answers."""

    def start(*args: str) -> "subprocess.Popen[str]":
        return subprocess.Popen(["docker", *args], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)

    try:  # both at once: each takes as long as an `inv --list`
        with start("version", "--format", "{{.Server.Version}}") as version, start("compose", "version") as compose:
            try:
                said, complaint = version.communicate(timeout=ANSWER_LIMIT)
                compose.communicate(timeout=ANSWER_LIMIT)
            except subprocess.TimeoutExpired:
                return Engine("no answer", f"no Docker engine answers: there was no answer in {ANSWER_LIMIT} s")
            finally:  # also when interrupted; one that has ended is not touched
                version.kill()
                compose.kill()
    except (FileNotFoundError, PermissionError):
        return Engine("no client", "Docker is not installed")
    if version.returncode == 0 and said.strip():
        if compose.returncode:
            return Engine("no compose", "Docker has no Compose plugin")
        return Engine("ready", f"Docker Engine {said.strip()}")
    if "permission denied" in complaint.lower():
        return Engine("no permission", "the engine's socket refuses permission to this user")
    last = complaint.strip().splitlines()[-1:] or ["it said nothing"]
    return Engine("no answer", f"no Docker engine answers: {last[0].partition('. Is the docker')[0]}")


def need_engine(verb: str, compose: bool = True) -> None:
    """Raise Problem when no Docker Engine answers."""
    engine = probe()
    if engine.state not in ("ready", None if compose else "no compose"):
        raise Problem(f"`{verb}` needs a Docker Engine, and {engine.detail}. To mend it, {FIXES[engine.state]}.")


def use_context(name: str, steps: Steps) -> None:
    """Let every docker command be for this context, and be shown so; raises Problem when there is none."""
    if shutil.which("docker"):
        status, _, said = Shell(Path.cwd(), steps).probe(context_command(name))
        if status:
            raise Problem(f"{said.strip()}\nThere is no Docker context {name}: docker context ls")
    os.environ.pop("DOCKER_HOST", None)  # it would win
    os.environ[CONTEXT] = name
    steps.prefix[CONTEXT] = name


def context_command(name: str) -> list[str]:
    """Return the command that describes a context."""
    return ["docker", "context", "inspect", name]


def contexts(shell: Shell) -> list[str]:
    """Return the names of the contexts; nothing when the client doesn't tell."""
    status, said, _ = shell.probe(contexts_command())
    return said.split() if not status else []


def contexts_command() -> list[str]:
    """Return the command that lists the names of the contexts."""
    return ["docker", "context", "ls", "--format", "{{.Name}}"]


def version_command() -> list[str]:
    """Return the command that prints the engine's version."""
    return ["docker", "version", "--format", "{{.Server.Version}}"]


def version(shell: Shell) -> str:
    """Return the engine's version, "" when none answers."""
    return shell.probe(version_command())[1]


def platform_command() -> list[str]:
    """Return the command that prints the platform that the engine builds for, like linux/amd64."""
    return ["docker", "version", "--format", "{{.Server.Os}}/{{.Server.Arch}}"]


def platform(shell: Shell) -> str:
    """Return the platform that the engine builds for, as Docker names it."""
    return shell.output(platform_command())


def is_remote(shell: Shell) -> bool:
    """Tell whether the engine is on another machine."""
    return not host(shell).startswith("unix:")


def host(shell: Shell) -> str:
    """Return the engine's address, "" when the client doesn't tell."""
    return os.environ.get("DOCKER_HOST") or shell.probe(host_command())[1]


def host_command() -> list[str]:
    """Return the command that prints the engine's address."""
    return ["docker", "context", "inspect", "--format", "{{.Endpoints.docker.Host}}"]


class Clock:
    """The engine's clock, which is asked once; that of this machine may be wrong."""

    def __init__(self, shell: Shell) -> None:
        self.shell = shell

    @cached_property
    def _began(self) -> datetime | None:
        # When this process's own count of seconds was 0; None when the engine doesn't tell.
        status, said, _ = self.shell.probe(clock_command())
        try:
            return datetime.fromisoformat(said) - timedelta(seconds=time.monotonic()) if not status else None
        except ValueError:
            return None

    def since(self, moment: datetime) -> int | None:
        """Return the seconds since a time of the engine's; None when that cannot be told."""
        if not self._began:
            return None
        return max(0, int((self._began + timedelta(seconds=time.monotonic()) - moment).total_seconds()))


def clock_command() -> list[str]:
    """Return the command that prints the engine's time (RFC 3339)."""
    return ["docker", "info", "--format", "{{.SystemTime}}"]
