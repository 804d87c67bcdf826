"""A project with migrations, and a runtime that only notes what it is told to run."""

import contextlib
import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any, NoReturn

from slipway.core.shell import Ran
from slipway.core.steps import Steps
from slipway.project.checkout import Checkout
from slipway.project.settings import Settings
from slipway.runtime import Job, LiveRelease
from slipway.runtime.environment import Environment
from slipway.runtime.gunicorn import HostService
from slipway.runtime.host import HostRuntime
from slipway.schema.answers import Change, Trial

PYPROJECT = '[project]\nname = "shop"\nversion = "0.2.0"\n'
ENV = """
DATABASE_HOSTNAME=db
DATABASE_PORT=5432
DATABASE_NAME=shop
DATABASE_USERNAME=shop
DATABASE_PASSWORD=long-enough-for-it
"""


class BecomeError(Exception):
    """Another program took this process's place."""


class LiveService(HostService):
    """A service of which these releases run."""

    given: tuple[LiveRelease, ...] = ()

    def live(self) -> list[LiveRelease]:
        """Return the releases that run."""
        return list(self.given)


class Noting(HostRuntime):
    """A runtime that notes its jobs, and has an answer for each."""

    def __init__(
        self, checkout: Checkout, environment: Environment, *answers: Ran, live: Sequence[LiveRelease] = ()
    ) -> None:
        super().__init__(checkout, environment, contextlib.ExitStack())
        self.service = LiveService(checkout, environment, dict, dict)
        self.service.given = tuple(live)
        self.jobs: list[Job] = []
        self.answers = list(answers)

    def run(self, job: Job) -> Ran:
        """Note the job; return the next answer."""
        self.jobs.append(job)
        return self.answers.pop(0)

    def become(self, job: Job) -> NoReturn:
        """Note the job."""
        self.jobs.append(job)
        raise BecomeError

    @property
    def commands(self) -> list[str]:
        """What each job was of: the command of slipway.schema, or the function of backups.sh."""
        return [job.argv[3] if job.argv[0] == "python" else job.argv[4] for job in self.jobs]


def checkout(root: Path) -> Checkout:
    """Return a project in a folder, with migrations and a database that Slipway runs."""
    (root / "alembic/versions").mkdir(parents=True)
    (root / "pyproject.toml").write_text(PYPROJECT)
    (root / ".env").write_text(ENV)
    return Checkout.at(root, Steps())


def environment(of: Checkout, name: str = "dev") -> Environment:
    """Return an environment of a project."""
    return Environment(name, of.project.state / name, Settings(of.project, of.steps, lambda: False))


def revision(root: Path, name: str, before: str | None, phase: str = "expand") -> None:
    """Write a revision."""
    text = f"revision = {name!r}\ndown_revision = {before!r}\nphase = {phase!r}\n"
    (root / f"alembic/versions/{name}.py").write_text(text)


def said(**answer: Any) -> Ran:
    """Return an answer of slipway.schema."""
    return Ran(0, json.dumps({"version": 1, **answer}))


def trial(**given: Any) -> Trial:
    """Return a trial of a revision in which nothing is wrong."""
    return Trial(**{"revision": "0003", "phase": "expand", "message": "m"} | given)


def change(what: str, kind: str, before: str = "", after: str = "", fresh: bool = False) -> Change:
    """Return a change of a thing called posts.a."""
    return Change(what, kind, "posts.a", before, after, fresh)
