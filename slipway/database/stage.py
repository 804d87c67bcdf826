"""Runs releases for the rehearsal, and collects how their tests ended."""

import contextlib
import re
import secrets
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TypeVar

from slipway.core.errors import Problem
from slipway.core.shell import Ran
from slipway.database import schema, superuser
from slipway.engine import containers, jobs, proxies
from slipway.engine.compose import compose_command, patience, project_name
from slipway.engine.jobs import OneOff
from slipway.project import database
from slipway.project.checkout import Checkout
from slipway.project.suites import pytest_command
from slipway.project.values import example_values
from slipway.runtime.jobs import DATABASE, MIGRATE
from slipway.runtime.release import WEB

COMPOSE = "rehearsal"  # which Compose files, and which project
TAIL = 25  # lines of tests that failed
QUIETLY = ("-q", "--tb=short", "-p", "no:cacheprovider")
# Into the rehearsal's own database, where pg_restore is: in its container.
RESTORE = 'pg_restore --no-owner --no-privileges --exit-on-error -U "$ROLE" -d "$POSTGRES_DB"'

Answer = TypeVar("Answer")


@dataclass(frozen=True)
class Rehearsed:
    """A release to rehearse: its image, the one that tests it, and the newest revisions that it knows."""

    name: str
    server: str
    tests: str
    heads: str


@dataclass(frozen=True)
class Outcome:
    """How the tests of a release ended on a schema; `needed` when a deploy depends on it."""

    release: str
    schema: str
    passed: bool
    said: str
    needed: bool = True

    @property
    def broke(self) -> bool:
        """Whether a deploy would let a release run that breaks."""
        return self.needed and not self.passed

    def as_json(self) -> dict[str, object]:
        """Return it as plain values."""
        return {
            "release": self.release, "schema": self.schema, "passed": self.passed, "needed": self.needed,
            "tests": self.said,
        }  # fmt: skip


@dataclass
class Stage:
    """Where it is rehearsed: a Compose project of its own, whose PostgreSQL keeps nothing."""

    checkout: Checkout
    values: Mapping[str, str]
    servers: dict[str, str] = field(default_factory=dict)

    def compose(self, *args: str | Sequence[str] | None) -> list[str]:
        """Return a `docker compose` command line of the rehearsal."""
        return compose_command(self.checkout.project, COMPOSE, *args)

    def run(self, image: str, command: Sequence[str], env: Mapping[str, str] | None = None) -> Ran:
        """Run a command in a one-off of an image; what it printed is in what is returned."""
        options = [word for name, value in (env or {}).items() for word in ("--env", f"{name}={value}")]
        options += proxies.options(self.checkout.shell, *self.servers.values())
        job = OneOff(MIGRATE, command, jobs.any_name("run"), {"IMAGE": image}, self.values, options)
        return jobs.run(self.checkout.shell, self.compose, job)

    def ask(self, kind: type[Answer], release: Rehearsed, command: str, *args: str) -> Answer:
        """Return what a command of slipway.schema answers in a release's image; raises Problem."""
        ran = self.run(release.server, schema.schema_command(command, *args, "--json"))
        failed = f"{release.name} cannot migrate the copy (see above)."
        if ran.status:
            raise Problem(failed)
        return schema.read(kind, ran.output, failed)

    def fill(self, dump: Path) -> None:
        """Restore a dump into the rehearsal's database; raises Problem."""
        with dump.open("rb") as file:
            run = self.compose("exec", "-T", DATABASE, "sh", "-ec", RESTORE)
            if self.checkout.shell.status(run, hidden=self.values, stdin=file):
                raise Problem("The copy could not be restored (see above).")

    def serve(self, release: Rehearsed) -> None:
        """Start a release's server; ready when this returns. Raises Problem with its log."""
        shell, project = self.checkout.shell, self.checkout.project
        name = f"{project_name(project, COMPOSE)}-{secrets.token_hex(4)}"
        options = ["--env", f"PORT={project.port}", *proxies.options(shell), "--name", name]
        run = self.compose("run", "--detach", "--no-deps", options, WEB)
        status, _ = shell.answer(run, env={"IMAGE": release.server} | patience(project), hidden=self.values)
        self.servers[release.name] = name
        if status:
            raise Problem(f"{release.name} could not be started (see above).")
        if how := containers.wait_for(lambda: containers.look(shell, name), project.wait):
            said = containers.last_lines(shell, name, TAIL)
            raise Problem(f"{said}\n{release.name} {how} on the copy; its log is above.")

    def test(self, release: Rehearsed, at: str, needed: bool = True) -> Outcome:
        """Run a release's HTTP tests against its server."""
        project, steps = self.checkout.project, self.checkout.steps
        with steps.step("tests") as step:
            command = pytest_command([], project.tests.http, [], project.root, *QUIETLY)
            base = f"http://{self.servers[release.name]}:{project.port}"
            ran = self.run(release.tests, command, {"BASE_URL": base})
            lines = ran.output.splitlines()
            said = re.sub(r" in [\d.]+s.*", "", lines[-1].strip("= ")) if lines else f"status {ran.status}"
            step.detail = f"{release.name} on {at}: {said}"
            if ran.status:
                steps.say("\n".join(f"    {line}" for line in lines[-TAIL:]))
            return Outcome(release.name, at, not ran.status, said, needed)


@contextlib.contextmanager
def staged(checkout: Checkout) -> Iterator[Stage]:
    """Give a stage with a database that is empty; nothing of it is left afterwards."""
    shell, project = checkout.shell, checkout.project
    here = {database.HOSTNAME: database.OWN, database.PORT: str(database.STANDARD_PORT)}
    stage = Stage(checkout, example_values(project) | here)
    up = stage.compose("up", "--detach", "--wait", "--wait-timeout", str(project.wait), DATABASE)
    try:
        with checkout.steps.step("database", "PostgreSQL, for this rehearsal alone"):
            shell.output(up, hidden=stage.values, echo=True)
            superuser.extend(shell, stage.compose, project, stage.values)
        yield stage
    finally:
        for name in stage.servers.values():
            shell.attempt(containers.remove_command(name))
        shell.attempt(stage.compose("down", "--volumes", "--remove-orphans"), hidden=stage.values)
