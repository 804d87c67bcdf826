"""Where gates run: the clone of a release, under names that are nobody else's."""

import contextlib
import hashlib
import os
import sys
from collections.abc import Iterator, Mapping
from functools import cached_property

from slipway.core.errors import Problem
from slipway.deploy.compose.deployment import DEPLOYMENT
from slipway.engine.compose import project_name
from slipway.image import plan as image
from slipway.project import dotenv
from slipway.release.attempt import Attempt
from slipway.trust import cosign as signing

TAIL = 60  # lines of a verb that failed
# What the verbs call their images on this engine, whatever they are of.
SHARED = ("dev", "test", "rehearsed")


class Scene:
    """The names and settings of verbs in a clone."""

    def __init__(self, attempt: Attempt) -> None:
        self.attempt = attempt
        self.here = attempt.here

    @cached_property
    def name(self) -> str:
        """The name of its Compose projects.

        No other checkout's, as all that has it is deleted afterwards.
        """
        root = hashlib.sha256(str(self.here.project.root).encode()).hexdigest()
        return f"{project_name(self.here.project, 'test').removesuffix('-test')}-release-{root[:8]}"

    def verb(self, name: str, *args: str, **env: str) -> None:
        """Run a verb in the clone; raises Problem with what it said."""
        invoke = [sys.executable, "-P", "-m", "invoke", "--search-root", str(self.attempt.tree)]
        own = {"COMPOSE_PROJECT_NAME": self.name, "SLIPWAY_ENV": "dev"}
        self.passes([*invoke, name, *args], f"inv {name} failed (see above).", own | env)

    def passes(self, command: list[str], failed: str, env: Mapping[str, str] | None = None) -> None:
        """Run a program in the clone.

        On a terminal it shows its progress. Raises Problem with what it said.
        """
        shell, tree = self.here.shell, self.attempt.tree
        with self._alone():
            if sys.stderr.isatty():  # standard output is for what the release itself has to tell
                if status := shell.status(command, cwd=tree, env=env, stdout=sys.stderr.buffer):
                    raise Problem(failed, status)
                return
            status, out, said = shell.probe(command, cwd=tree, env=env, echo=True)
        if status:
            text = self.here.steps.redact(f"{said}\n{out}".strip())
            last = "\n".join(f"    {line}" for line in text.splitlines()[-TAIL:])
            raise Problem(f"{last}\n{failed}", status)

    @contextlib.contextmanager
    def cleared(self) -> Iterator[None]:
        """Have nothing there, before and after.

        What a run that was killed has left is removed as well.
        """
        shell = self.here.shell
        shared = [f"{self.here.project.image}:{name}" for name in SHARED]
        before = {tag: image.built_id(shell, tag) for tag in shared}
        self._clear()
        try:
            yield
        finally:
            self._clear()
            image.put_back(shell, before)

    @contextlib.contextmanager
    def _alone(self) -> Iterator[None]:
        # Without the service's variables, as a gate must not touch the database that the environment names; and without
        # the key, which is none of their business.
        example = self.attempt.tree / ".env.example"
        known = dotenv.schema(example.read_text(encoding="utf-8")) if example.exists() else None
        names = set(known.required.keys() | known.optional) if known else set()
        names |= {signing.PRIVATE, "COSIGN_PASSWORD", os.environ.get(signing.PRIVATE, "").removeprefix("env://")}
        hidden = {name: os.environ.pop(name) for name in names if name in os.environ}
        try:
            yield
        finally:
            os.environ.update(hidden)

    def _clear(self) -> None:
        probe = self.here.shell.probe
        production = f"{self.name}-prod"
        labels = [f"com.docker.compose.project={self.name}{end}" for end in ("", "-test", "-rehearsal", "-prod")]
        labels.append(f"{DEPLOYMENT}={production}")
        probe(["docker", "rm", "--force", f"{production}-lock"])
        for kind, list_, remove in (
            ("container", ["ps", "--all"], ["rm", "--force", "--volumes"]),
            ("volume", ["volume", "ls"], ["volume", "rm"]),
            ("network", ["network", "ls"], ["network", "rm"]),
        ):
            found = [probe(["docker", *list_, "--quiet", "--filter", f"label={label}"])[1].split() for label in labels]
            if names := sorted({name for some in found for name in some}):
                status, _, said = probe(["docker", *remove, *names])
                if status:
                    self.here.steps.say(f"  a {kind} of the gates is left on the engine: {said.strip()}")
        probe(["docker", "volume", "rm", f"{production}-backups"])
