"""What every verb works with: one environment of the project."""

import contextlib
import json
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator, Mapping, Sequence
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

from slipway.core.errors import Problem
from slipway.core.shell import Shell, interruptible
from slipway.core.steps import Steps
from slipway.deploy.compose.lock import alone
from slipway.project import config as project
from slipway.project.settings import Settings, is_number
from slipway.runtime import choose as runtime
from slipway.schema.words import in_environment

if TYPE_CHECKING:
    from slipway.deploy.compose.deployment import Production
    from slipway.runtime.compose import DockerRuntime
    from slipway.runtime.host import HostRuntime

ROOT = Path(__file__).resolve().parents[2]
ENVIRONMENTS = ("dev", "prod")


class Lifecycle:
    """One environment of the project, and the runtime that it is on.

    Whatever is pushed on `undo` is undone when the verb is interrupted or fails, latest first.
    """

    def __init__(self, environment: str, requested: str, steps: Steps) -> None:
        self.environment = environment
        self.requested = requested
        self.steps = steps
        self.project = project.load(ROOT)
        self.shell = Shell(ROOT, steps)
        self.state = self.project.state / environment
        self.memory = runtime.Memory(self.state)
        self.undo = contextlib.ExitStack()
        self.settings = Settings(self.project, steps, lambda: self._choice[0] == "docker")
        self.port = self.project.port

    @cached_property
    def _choice(self) -> tuple[str, str]:
        remembered = self.memory.read()
        needless = self.requested == "host" or (remembered == "host" and not self.requested)
        engine = runtime.Engine("no answer") if needless else runtime.probe()
        return runtime.choose(self.requested, remembered, engine)

    @cached_property
    def runtime(self) -> "DockerRuntime | HostRuntime":
        """The runtime of this environment."""
        if self._choice[0] == "docker":
            if self.environment == "prod":
                return self.production
            from slipway.runtime.compose import DockerRuntime

            docker = DockerRuntime(self)
            docker.check_name()
            return docker
        from slipway.runtime.host import HostRuntime

        return HostRuntime(self)

    @cached_property
    def production(self) -> "Production":
        """Production on a Docker Engine; raises Problem when it is elsewhere."""
        from slipway.deploy.compose.deployment import Production

        if self.environment != "prod" or self._choice[0] != "docker":
            raise Problem(
                "Releases replace each other without a pause on a Docker Engine alone, and production is on this host: "
                f"{self._choice[1]}. Start the engine, or here: ./inv down --prod, then ./inv up --prod"
            )
        for name in ("compose.prod.yaml", "compose.release.yaml", "Caddyfile"):
            if not (self.project.root / name).exists():
                raise Problem(f"There is no {name} in {self.project.root}: production needs it. Take Slipway's.")
        return Production(self)

    @property
    def is_deployed(self) -> bool:
        """Whether releases are deployed here: in production on Docker."""
        return self.environment == "prod" and self.runtime.name == "docker"

    def say_runtime(self) -> None:
        """Say in one line which runtime is used, and why."""
        name, reason = self._choice
        self.steps.say(f"  runtime    {name}: {reason}")

    def number(self, option: str, text: str) -> int:
        """Read an option's whole number from 1 to 65535.

        Raises Problem. (Invoke shows a traceback for what is no number.)
        """
        if not is_number(text):
            raise Problem(f"--{option} is a whole number from 1 to 65535, not {text!r}.")
        return int(text)

    def settle_port(self) -> None:
        """Let the port be the one that `inv up --port` has kept, else the configured one."""
        self.port = (
            int(self.kept_port.read_text()) if self.kept_port.exists() else self.settings.port_of(self.environment)
        )

    @property
    def ports(self) -> list[int]:
        """The ports of this machine that production takes."""
        return [self.port, *([self.settings.https_port] if self.settings.domain else [])]

    def is_up(self, port: str) -> bool:
        """Tell whether there is nothing to do, and say so.

        Settles the port: the one asked for ("" for none), the one in use, or the configured one. Raises Problem when
        another release runs in production, where `inv up` never replaces one.
        """
        asked = self.number("port", port) if port else None
        running = self.runtime.running_port()
        kept = int(self.kept_port.read_text()) if running and self.kept_port.exists() else None
        self.port = asked or kept or self.settings.port_of(self.environment)
        if running and self.environment == "prod":
            self._refuse_to_replace(asked, running)
        elif not running or not self.runtime.is_current(self.port):
            self.state.mkdir(parents=True, exist_ok=True)
            self.kept_port.unlink(missing_ok=True)
            if asked or kept:
                self.kept_port.write_text(str(self.port))
            return False
        self.steps.say("  already up: nothing to do")
        self.show_urls()
        return True

    def _refuse_to_replace(self, asked: int | None, running: int) -> None:
        # Passes only when what runs is what was asked for.
        release, mine = self.runtime.running_release(), self.runtime.release
        if release != mine:
            why = f"(this tree is {mine})"
        elif asked not in (None, running):
            why = f"(on port {running})"
        elif not self.runtime.is_current(running):
            why = "(it is not ready: ./inv logs says why)"
        else:
            self.port = running
            return
        raise Problem(
            f"{release} is running, and `inv up` never replaces a running release {why}. "
            f"To replace it{self.runtime.to_replace}"
        )

    @property
    def kept_port(self) -> Path:
        """The file that remembers --port for as long as the service runs."""
        return self.state / "port"

    def check_port(self) -> None:
        """Raise Problem when the port is another program's."""
        self.runtime.check_port(self.port)

    def remember(self) -> None:
        """Remember the runtime: from here on it holds data."""
        before = self.memory.read()
        if before and before != self.runtime.name:
            self.steps.say(
                f"  what runs with {before}, and its data, stays: ./inv down --runtime {before} stops it, "
                "with --volumes it deletes the data"
            )
        self.memory.write(self.runtime.name)

    def turn(self, verb: str, wait: bool, on_runtime: bool) -> contextlib.AbstractContextManager[None]:
        """Hold the lock of this environment: of the engine for production on Docker, else of this checkout."""
        if on_runtime and self.is_deployed:
            return self.production.alone(verb, wait, files=verb != "down")
        return alone(self.state, f"inv {verb}", self.steps)

    def database(self, image: bool = True) -> None:
        """Have the database running, and the image that works on it built, unless none is needed."""
        self.settings.check()
        self.remember()
        if image:
            self.runtime.prepare()
        self.runtime.start_database()

    def confirm_volumes(self, volumes: bool, yes: bool) -> None:
        """Ask before data is deleted; raises Problem on no."""
        doomed = self.runtime.volumes() if volumes else []
        if doomed:
            self.confirm(f"Delete {' and '.join(doomed)}, the {self.environment} data of {self.project.name}?", yes)

    def forget(self, volumes: bool) -> None:
        """Forget the runtime once its data is gone."""
        if volumes and self.memory.read() == self.runtime.name:
            self.memory.forget()

    def show_status(self, as_json: bool) -> None:
        """Print the state of the environment."""
        state: dict[str, object] = {
            "name": self.project.name,
            "environment": self.environment,
            "runtime": self.runtime.name,
            "release": self.runtime.running_release() or None,
            **self.runtime.status(),
        }
        if as_json:
            sys.stdout.write(json.dumps(state, indent=2) + "\n")
            return
        for name, value in state.items():
            text = " ".join(str(v) for v in value.values()) if isinstance(value, dict) else str(value or "-")
            sys.stdout.write(f"{name:<12} {text}\n")

    def url(self, port: int) -> str:
        """Return the address of the service, which has this port unless it has a domain."""
        if self.is_deployed and self.settings.domain:
            https = self.settings.https_port
            return f"https://{self.settings.domain.partition(',')[0]}{'' if https == 443 else f':{https}'}"
        return f"http://localhost:{port}"

    def show_urls(self) -> None:
        """Print where the service and its documentation are."""
        url = self.url(self.port)
        self.steps.total()
        sys.stdout.write(f"{self.project.name}  {url}\n")
        if self.project.docs:
            sys.stdout.write(f"docs  {url}{self.project.docs}\n")
        sys.stdout.flush()

    def confirm(self, question: str, yes: bool) -> None:
        """Ask before something is destroyed; no is the default.

        Raises Problem when the answer is no, or when there is nobody to ask.
        """
        if yes:
            return
        if not sys.stdin.isatty():
            raise Problem(f"{question} There is no terminal to ask on: say --yes.")
        sys.stderr.write(f"{question} [y/N] ")
        sys.stderr.flush()
        if sys.stdin.readline().strip().lower() not in ("y", "yes"):
            raise Problem("Nothing was changed.")


@contextlib.contextmanager
def begin(
    verb: str,
    *,
    prod: bool = False,
    runtime: str = "",
    context: str = "",
    exclusive: bool = False,
    where: bool = True,
    wait: bool = True,
    neither: bool = False,
) -> Iterator[Lifecycle]:
    """Begin a verb: name the environment, catch signals, end tidily.

    An exclusive verb waits for another one of the same environment; without `wait` it is refused. `where` says the
    runtime in a line of its own. `context` is the Docker context that all commands are for. A verb that is about
    `neither` environment takes no notice of SLIPWAY_ENV.
    """
    steps = Steps()
    environment = "dev" if neither else choose_environment(prod, os.environ)
    steps.say(verb if neither else f"{verb} · {environment}", "\x1b[1m")
    if context:
        use_context(context, steps)
    with interruptible(), _permitted():
        here = Lifecycle(environment, runtime, steps)
        here.settings.adopt_compose_name()
        if where:
            here.say_runtime()
        turn = here.turn(verb, wait, where) if exclusive else contextlib.nullcontext()
        with turn, contextlib.ExitStack() as stack:
            stack.enter_context(here.undo)
            try:
                yield here
            except Problem as problem:
                problem.message = in_environment(steps.redact(str(problem.message)), environment)
                raise
            here.undo.pop_all()


@contextlib.contextmanager
def _permitted() -> Iterator[None]:
    # A checkout that was used as root once, say.
    try:
        yield
    except PermissionError as error:
        raise Problem(f"{error.filename} is not this user's: sudo chown -R {os.getuid()} {ROOT}") from None


def use_context(name: str, steps: Steps) -> None:
    """Let every docker command be for this context, and be shown so; raises Problem when there is none."""
    if (
        shutil.which("docker")
        and subprocess.run(["docker", "context", "inspect", name], capture_output=True, check=False).returncode
    ):
        raise Problem(f"There is no Docker context {name}: docker context ls")
    os.environ.pop("DOCKER_HOST", None)  # it would win
    os.environ["DOCKER_CONTEXT"] = name
    steps.prefix["DOCKER_CONTEXT"] = name


def after_dashes(argv: Sequence[str]) -> list[str]:
    """Return what stands after `--` (Invoke joins it with spaces)."""
    return list(argv[argv.index("--") + 1 :]) if "--" in argv else []


def choose_environment(prod: bool, environ: Mapping[str, str]) -> str:
    """Return "dev" or "prod": the option, else SLIPWAY_ENV."""
    named = environ.get("SLIPWAY_ENV", "")
    if named and named not in ENVIRONMENTS:
        raise Problem(f"SLIPWAY_ENV is dev or prod, not {named!r}.")
    return "prod" if prod else named or "dev"
