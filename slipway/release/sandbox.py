"""Where gates run: the clone of a release, under names that are nobody else's."""

import contextlib
import hashlib
import os
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import cached_property, partial
from pathlib import Path

from slipway import interpreter
from slipway.core.errors import Problem
from slipway.deploy.compose.labels import DEPLOYMENT, lock_name
from slipway.engine import containers, images, networks, volumes
from slipway.engine.compose import project_name
from slipway.project import dotenv, tags
from slipway.project.environments import APART
from slipway.release import withheld
from slipway.release.attempt import Attempt
from slipway.release.passed import Images
from slipway.runtime.jobs import backups_volume

TAIL = 60  # lines of a verb that failed
# What the verbs call the images that they make for themselves; their name is the sandbox's.
LOCAL = (tags.DEV, tags.TESTED, tags.REHEARSED)

Command = Callable[..., list[str]]


class Sandbox:
    """An attempt's gates at work: the names and settings of verbs in its clone, and the images that it has built."""

    def __init__(self, attempt: Attempt, builds: Sequence[str] = ()) -> None:
        self.attempt = attempt
        self.builds = builds  # the secrets of builds, as --secret takes them
        self.home = attempt.home
        self.images = Images("", "", "")

    @cached_property
    def name(self) -> str:
        """The name of its Compose projects.

        No other checkout's, as all that has it is deleted afterwards.
        """
        root = hashlib.sha256(str(self.home.root).encode()).hexdigest()
        return f"{project_name(self.home.project, 'test').removesuffix('-test')}-release-{root[:8]}"

    @property
    def production(self) -> str:
        """The name of the production to which the release is deployed."""
        return f"{self.name}-prod"

    def verb(self, name: str, *args: str, **env: str) -> None:
        """Run a verb in the clone; raises Problem with what it said."""
        serves = str(Path(interpreter.service(self.home)).parents[1])  # what is installed once is not installed again
        own = {"COMPOSE_PROJECT_NAME": self.name, "SLIPWAY_ENV": "dev", APART: "1", interpreter.GIVEN: serves}
        self.passes(verb_command(self.attempt.root, name, *args), f"inv {name} failed (see above).", own | env)

    def passes(self, command: list[str], failed: str, env: Mapping[str, str] | None = None) -> None:
        """Run a program in the clone.

        On a terminal it shows its progress. Raises Problem with what it said.
        """
        shell, root = self.home.shell, self.attempt.root
        with self._alone():
            if sys.stderr.isatty():  # standard output is for what the release itself has to tell
                if status := shell.status(command, cwd=root, env=env, stdout=sys.stderr.buffer):
                    raise Problem(failed, status)
                return
            status, out, said = shell.probe(command, cwd=root, env=env, echo=True)
        if status:
            text = self.home.steps.redact(f"{said}\n{out}".strip())
            last = "\n".join(f"    {line}" for line in text.splitlines()[-TAIL:])
            raise Problem(f"{last}\n{failed}", status)

    @contextlib.contextmanager
    def cleared(self) -> Iterator[None]:
        """Have nothing there, before and after.

        What a run that was killed has left is removed as well.
        """
        self._clear()
        try:
            yield
        finally:
            self._clear()

    @contextlib.contextmanager
    def _alone(self) -> Iterator[None]:
        # Without the service's variables, as a gate must not touch the database that the environment names; and without
        # key and tokens, which are none of their business.
        example = self.attempt.root / ".env.example"
        known = dotenv.schema(example.read_text(encoding="utf-8")) if example.exists() else None
        hide = set(known.required.keys() | known.optional) if known else set()
        hide |= withheld.names(os.environ, self.builds)
        hidden = {name: os.environ.pop(name) for name in hide if name in os.environ}
        try:
            yield
        finally:
            os.environ.update(hidden)

    def _clear(self) -> None:
        try:
            self._remove_all()
        except Problem as problem:
            self.home.steps.say(f"  what the gates have made is left on the engine: {problem.message}")

    def _remove_all(self) -> None:
        shell = self.home.shell
        projects = [f"{self.name}{end}" for end in ("", "-test", "-rehearsal")] + [self.production]
        labels = [f"{containers.PROJECT}={project}" for project in projects]
        labels.append(f"{DEPLOYMENT}={self.production}")
        shell.attempt(containers.remove_command(lock_name(self.production)))
        kinds: tuple[tuple[str, Command, Command], ...] = (
            ("container", containers.list_command, partial(containers.remove_command, volumes=True)),
            ("volume", volumes.list_command, volumes.remove_command),
            ("network", networks.list_command, networks.remove_command),
        )
        for kind, list_command, remove_command in kinds:
            found = [shell.output(list_command(f"label={label}")).split() for label in labels]
            if left := sorted({name for some in found for name in some}):
                status, _, said = shell.probe(remove_command(*left))
                if status:
                    self.home.steps.say(f"  a {kind} of the gates is left on the engine: {said.strip()}")
        shell.attempt(volumes.remove_command(backups_volume(self.production)))
        for tag in LOCAL:
            shell.attempt(images.remove_command(f"{self.name}:{tag}"))


def verb_command(root: Path, name: str, *args: str) -> list[str]:
    """Return the command that runs a verb of the project in a folder."""
    return [sys.executable, "-P", "-m", "invoke", "--search-root", str(root), name, *args]
