"""Where the service runs: Docker, or this machine itself."""

import subprocess
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from slipway.core.errors import Problem

RUNTIMES = ("docker", "host")
ANSWER_LIMIT = 20  # seconds

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


def choose(requested: str, remembered: str, engine: Engine) -> tuple[str, str]:
    """Return the runtime to use, and why.

    Takes what the caller asked for ("" for nothing), where the project's data lives ("" for nowhere yet), and the
    engine. Raises Problem, which names each way on, when it cannot be chosen without splitting the data.
    """
    if requested and requested not in RUNTIMES:
        raise Problem(f"--runtime is docker or host, not {requested!r}.")
    wanted = requested or remembered
    if wanted == "host":
        return "host", "asked for" if requested else "the data is here"
    if engine.state == "ready":
        return "docker", engine.detail
    if wanted == "docker" or engine.state in ("no permission", "no compose"):
        why = "This project's data lives in Docker, and " if remembered == "docker" and not requested else ""
        other = "run without Docker, on a database of its own: ./inv up --runtime host"
        detail = engine.detail if why else engine.detail[:1].upper() + engine.detail[1:]
        raise Problem(f"{why}{detail}.\nEither {FIXES[engine.state]},\nor {other}")
    return "host", engine.detail


def need_engine(verb: str, compose: bool = True) -> None:
    """Raise Problem when no Docker Engine answers."""
    engine = probe()
    if engine.state not in ("ready", None if compose else "no compose"):
        raise Problem(f"`{verb}` needs a Docker Engine, and {engine.detail}. To mend it, {FIXES[engine.state]}.")


class Memory:
    """Which runtime holds an environment's data."""

    def __init__(self, state: Path) -> None:
        self.file = state / "runtime"

    def read(self) -> str:
        """Return "docker", "host", or "" when nothing was started yet."""
        try:
            text = self.file.read_text().strip()
        except FileNotFoundError:
            return ""
        return text if text in RUNTIMES else ""

    def write(self, runtime: str) -> None:
        """Remember the runtime."""
        self.file.parent.mkdir(parents=True, exist_ok=True)
        self.file.write_text(f"{runtime}\n")

    def forget(self) -> None:
        """Forget it: there is no data any more."""
        self.file.unlink(missing_ok=True)
