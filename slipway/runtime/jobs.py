"""Jobs on an engine: one-offs of a Compose project's services."""

import os
import sys
from typing import NoReturn

from slipway.core.errors import Problem
from slipway.core.shell import Ran
from slipway.engine import containers
from slipway.engine.stack import Stack
from slipway.project import database
from slipway.project.settings import Settings
from slipway.runtime import Job, Where

DATABASE, MIGRATE = "db", "migrate"  # the services of the Compose files in which jobs run
DATABASE_USER = "postgres"  # of PostgreSQL's image
# The superuser logs in over the socket in its container.
AS_SUPERUSER = ["--user", DATABASE_USER, "--env", f"PGUSER={database.SUPERUSER}", "--env", "PGDATABASE=postgres"]


class ComposeJobs:
    """Runs jobs in containers of a stack."""

    def __init__(self, stack: Stack, settings: Settings) -> None:
        self.stack = stack
        self.settings = settings

    @property
    def backups(self) -> str:
        """Where the backups are: a volume that `inv down --volumes` leaves alone."""
        return backups_volume(self.stack.name)

    def run(self, job: Job) -> Ran:
        """Run a job; see `Runtime.run`."""
        if job.where is Where.SUPERUSER:
            run = containers.exec_command(self.stack.need(DATABASE).name, *job.argv, options=AS_SUPERUSER)
            return Ran(*self.stack.shell.answer(run))
        if job.where is Where.SERVICE:
            options = [word for pair in job.env.items() for word in ("--env", "=".join(pair))]
            options += ["--user", f"{os.getuid()}:{os.getgid()}"] if job.for_caller else []
            return self.stack.run(MIGRATE, job.argv, options)
        # The password goes through the environment: a command line can be seen by everybody.
        env = {**self.settings.database.client, **job.env}
        # The files of the backups are root's, who needs no capability for them.
        options = ["--user", "0:0", "--volume", f"{self.backups}:/backups", "--workdir", "/backups"]
        options += [word for name in env for word in ("--env", name)]
        if not (job.stdin or job.stdout):
            return self.stack.run(DATABASE, job.argv, options, env)
        run = self.stack.compose("run", "--rm", "--no-deps", "-T", options, DATABASE, job.argv)
        shell = self.stack.shell
        return Ran(shell.status(run, env=self.stack.env(), hidden=env, stdin=job.stdin, stdout=job.stdout))

    def become(self, job: Job) -> NoReturn:
        """Let a job beside the database take this process's place; raises Problem."""
        if job.where is not Where.DATABASE:
            raise Problem("Only PostgreSQL's programs are opened here.")
        env, own = self.settings.database.client, self.settings.own_database
        if own:
            self.stack.need(DATABASE)
        how = ["exec"] if own else ["run", "--rm", "--no-deps"]
        names = [word for name in env for word in ("--env", name)]
        self.stack.shell.become(self.stack.compose(how, no_tty(), names, DATABASE, job.argv), hidden=env)


def backups_volume(project: str) -> str:
    """Return the volume of a Compose project's backups."""
    return f"{project}-backups"


def no_tty() -> str | None:
    """Return the option of Compose for one who has no terminal."""
    return None if sys.stdin.isatty() and sys.stdout.isatty() else "-T"
