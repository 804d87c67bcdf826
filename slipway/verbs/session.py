"""One verb at work: its checkout and environment, and the runtime once one is needed."""

import contextlib
import os
import sys
import traceback
from collections.abc import Callable, Iterator
from enum import Enum
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

from slipway.core import sources
from slipway.core.environ import restored
from slipway.core.errors import Problem
from slipway.core.permitted import permitted
from slipway.core.shell import Shell
from slipway.core.signals import interruptible
from slipway.core.steps import BOLD, Steps
from slipway.core.turn import alone
from slipway.engine import client
from slipway.project import elsewhere, environments, folders, owner
from slipway.project import root as roots
from slipway.project.checkout import Checkout
from slipway.project.config import Project, load
from slipway.project.environments import DEV
from slipway.project.settings import COMPOSE_NAME, Settings
from slipway.runtime import choose
from slipway.runtime.environment import Environment
from slipway.schema.words import in_environment
from slipway.verbs import own_file, there
from slipway.verbs.advice import naming
from slipway.verbs.verb import steps_of

if TYPE_CHECKING:
    from slipway.runtime.compose import ComposeRuntime
    from slipway.runtime.host import HostRuntime
    from slipway.verbs.seen import Deployed

HARMLESS = (
    "deploy", "down", "drain", "env", "export", "logs", "maintenance", "nodes", "ps", "releases", "rollback", "status",
)  # fmt: skip
UNASKED = ("build", "check", "revision", "test")  # nothing of an environment that runs is touched
OF_FILES = ("export",)  # no engine is asked, wherever the environment is
OF_PACKAGES = ("check", "python", "run", "test", "up")  # they run the service's code in .venv, or may
Asked = Callable[["Session"], object]


class Turn(Enum):
    """Whose lock a verb holds while it is at work."""

    NOBODY = "none: it changes nothing"
    CHECKOUT = "this checkout's"
    ENVIRONMENT = "the environment's: that of the engine for production on Docker, else this checkout's"


class Session:
    """What a verb works with.

    Whatever is pushed on `undo` is undone when the verb is interrupted or fails, latest first.
    """

    def __init__(self, root: Path, environment: str, requested: str, steps: Steps) -> None:
        self.requested, self.steps, self.context = requested, steps, ""
        self.shell = Shell(root, steps)
        self.loaded = load(root)
        self.is_told = False  # of the file that the settings are read from
        self.see(self.loaded.within(environment))
        self.memory = choose.Memory(self.environment.state)
        self.undo = contextlib.ExitStack()

    def see(self, project: Project) -> None:
        """Have the project as it is in an environment, with the settings of the file that it names."""
        self.project, self.checkout, self.steps.file = project, Checkout(project, self.shell), project.env_file
        self.steps.named = naming(self, project)
        settings = Settings(project, self.steps, lambda: self.choice[0] == "docker", self.shell)
        settings.hide()
        sources.outside(elsewhere.sources(project.sought))
        self.environment: Environment = Environment(project.environment, project.state / project.environment, settings)
        own_file.tell_compose(self)
        for name in ("runtime", "deployment"):
            self.__dict__.pop(name, None)

    @property
    def settings(self) -> Settings:
        """The environment's settings."""
        return self.environment.settings

    @cached_property
    def choice(self) -> tuple[str, str]:
        """The name of the runtime, and why it is that one."""
        remembered = self.memory.read()
        needless = self.requested == "host" or (remembered == "host" and not self.requested)
        engine = client.Engine("no answer") if needless else client.probe()
        return choose.choose(self.requested, remembered, engine)

    @cached_property
    def runtime(self) -> "ComposeRuntime | HostRuntime | Deployed":
        """The runtime of this environment; the others are not even imported."""
        if not self.environment.is_dev and self.choice[0] == "docker":
            return self.deployment
        return self._runtime(self.choice[0])

    def _runtime(self, name: str) -> "ComposeRuntime | HostRuntime | Deployed":
        if name != "docker":
            from slipway.runtime.host import HostRuntime

            return HostRuntime(self.checkout, self.environment, self.undo)
        if not self.environment.is_dev:
            return there.deployed(self.checkout, self.environment)
        from slipway.runtime.compose import ComposeRuntime

        docker = ComposeRuntime(self.checkout, self.environment, self.undo)
        docker.check_name()
        return docker

    @cached_property
    def deployment(self) -> "Deployed":
        """Production on a Docker Engine; raises Problem when it is elsewhere."""
        there.need_releases(self)
        return there.deployed(self.checkout, self.environment)

    @property
    def is_deployed(self) -> bool:
        """Whether releases are deployed here: in production on Docker."""
        return not self.environment.is_dev and self.runtime.name == "docker"

    def remember(self) -> None:
        """Remember the runtime: from here on it holds data."""
        before = self.memory.read()
        if before not in ("", self.runtime.name) and (stays := there.left(before, lambda: self._runtime(before))):
            self.steps.say(in_environment(f"  {stays}", self.environment.name))
        self.memory.write(self.runtime.name)

    def forget(self) -> None:
        """Forget the runtime: its data is gone."""
        if self.memory.read() == self.runtime.name:
            self.memory.forget()

    def port_in_use(self) -> int:
        """Return the port that `inv up --port` has kept, else the configured one."""
        kept = self.environment.kept_port
        if kept.exists():
            return int(kept.read_text())
        self.check_secrets()
        return self.environment.port

    def check_secrets(self) -> None:
        """Raise Problem where .env has, or a new one would have, other secrets than the deployment that is there."""
        own_file.check(self)

    def start_database(self, image: bool = True) -> None:
        """Have the database running, and the image that works on it built, unless none is needed."""
        self.check_secrets()
        self.settings.check()
        if image:
            self.runtime.service.prepare()
        self.remember()
        self.runtime.database.start()

    def turn(self, whose: Turn, verb: str, wait: bool) -> contextlib.AbstractContextManager[object]:
        """Hold the lock that a verb has to have; without `wait`, raise Problem when an engine's is taken."""
        if whose is Turn.NOBODY:
            return contextlib.nullcontext()
        if whose is Turn.ENVIRONMENT and self.is_deployed:
            return self.deployment.releases.lock(verb, wait, files=verb != "down")
        return alone(self.environment.state, f"inv {verb}", self.steps)


@contextlib.contextmanager
def begin(
    verb: str,
    prod: bool = False,
    env: str = "",
    *,
    default: str = DEV,
    runtime: str = "",
    context: str = "",
    turn: Turn = Turn.NOBODY,
    wait: bool = True,
    quietly: bool = False,
    asked: Asked | None = None,
    needs: Asked | None = None,
) -> Iterator[Session]:
    """Begin a verb of an environment: name it, catch signals, take turns, end tidily.

    It is the one of `prod`, `env` or SLIPWAY_ENV, else the `default`. `context` is the Docker context of all commands.
    Which runtime is used, and why, is a line of its own, unless `quietly`. Without `wait`, Problem is raised when
    another deployment is at work. What was `asked` is looked at before an engine is, and what a verb `needs` before a
    lock is taken, which leaves something: both raise Problem.
    """
    steps, of = steps_of(root := roots.here()), environments.Asked(prod, env, default)
    steps.say(f"{verb} · {(environment := environments.chosen(root, of, optional=verb in UNASKED))}", BOLD)
    with _tidily(root, environment, runtime, steps) as session:
        choose.check(runtime)
        if asked:
            asked(session)
        if verb not in OF_FILES:
            there.use_context(session, context)
        own_file.settle(session, verb)
        if not quietly:
            steps.note("runtime", ": ".join(session.choice))
        if verb not in HARMLESS:
            choose.check_user(session.choice[0], environment != DEV, os.geteuid())
        if verb in OF_PACKAGES and (lacking := folders.unlocked(root)):
            steps.note("packages", lacking)
        if needs:
            needs(session)
        with session.turn(turn, verb, wait), _undone(session):
            yield session


@contextlib.contextmanager
def begin_without(verb: str) -> Iterator[Session]:
    """Begin a verb that is about no environment; SLIPWAY_ENV says nothing to it."""
    steps = steps_of(root := roots.here())
    steps.say(verb, BOLD)
    with _tidily(root, DEV, "", steps) as session, _undone(session):
        yield session


@contextlib.contextmanager
def _tidily(root: Path, environment: str, runtime: str, steps: Steps) -> Iterator[Session]:
    def at_once() -> None:
        what = in_environment("What runs: ./inv status", environment)
        os.write(2, f"\nEnded at once: what was under way is left as it is. {what}\n".encode())

    told = restored(COMPOSE_NAME, *client.VARIABLES)
    with told, interruptible(at_once), permitted(root), choose.given_back(root):
        try:
            owner.trust(root)
            there.say_what_was_cut_off(root, steps)
            yield Session(root, environment, runtime, steps)
        except Problem as problem:
            problem.message = steps.shown(in_environment(str(problem.message), environment))
            steps.log.add(problem.message)
            problem.message += steps.where
            raise
        except Exception as error:  # a mistake of Slipway's own, which Python shows
            trace = "".join(traceback.format_exception(error)).rstrip()
            sys.excepthook = lambda *_: steps.say(trace)
            raise


@contextlib.contextmanager
def _undone(session: Session) -> Iterator[None]:
    # What fails is undone while the turn is still this verb's.
    with session.undo:
        yield
        session.undo.pop_all()
