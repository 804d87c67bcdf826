"""Jobs on an engine: one-offs of a Compose project's services."""

import os
import re
import sys
from base64 import b64decode
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from functools import cached_property
from typing import NoReturn

from slipway.core.errors import Problem
from slipway.core.limits import ACT, Late
from slipway.core.scripts import Script
from slipway.core.shell import Ran, tokens
from slipway.engine import containers, images, references
from slipway.engine.calls import JOB
from slipway.engine.jobs import OneOff
from slipway.engine.stack import DATABASE as DATABASE
from slipway.engine.stack import Stack
from slipway.project import database
from slipway.project.settings import Settings
from slipway.project.variables import with_variables as with_variables
from slipway.runtime import LATE, Job, Where
from slipway.runtime.release import WEB

MIGRATE = "migrate"  # beside DATABASE, the service of the Compose files in which jobs run
DATABASE_USER = "postgres"  # of PostgreSQL's image
# The superuser logs in over the socket in its container.
SECRETS, PASSWORDS = "/run/secrets", "/tmp/secrets"  # noqa: S108  (folders of their containers)
SCRIPT = Script("slipway.runtime", "certificates.sh")
CERTIFICATES = {"PGSSLROOTCERT": "root.crt", "PGSSLCERT": "postgresql.crt", "PGSSLKEY": "postgresql.key"}
AS_SUPERUSER = ["--user", DATABASE_USER, "--env", f"PGUSER={database.SUPERUSER}", "--env", "PGDATABASE=postgres"]


class ComposeJobs:
    """Runs jobs in containers of a stack.

    With `apart`, those of the service get its secrets as files, and compose.prod.yaml gives them none as variables.
    """

    def __init__(self, stack: Stack, settings: Settings, apart: bool = False) -> None:
        self.stack = stack
        self.settings = settings
        self.apart = apart
        self.programs = ""  # the image that PostgreSQL's programs are taken from, "" for that of the database

    @property
    def backups(self) -> str:
        """Where the backups are: a volume that `inv down --volumes` leaves alone."""
        return backups_volume(self.stack.name)

    def run(self, job: Job) -> Ran:
        """Run a job; see `Runtime.run`."""
        if job.where is Where.SUPERUSER:
            return self._as_superuser(job)
        if job.where is Where.SERVICE:
            options = variables(job.env)
            options += ["--user", f"{os.getuid()}:{os.getgid()}"] if job.for_caller else []
            return self.stack.run(replace(self._in_service(job.argv, options), seconds=job.seconds))
        # The files of the backups are root's, who needs no capability for them.
        options = ["--user", "0:0", "--volume", f"{self.backups}:/backups", "--workdir", "/backups"]
        one_off = self._beside_database(job, [*options, *variables(job.env)])
        if not (job.stdin or job.stdout):
            return self.stack.run(one_off)
        with self.stack.held(one_off) as name:
            run = containers.exec_command(name, *job.argv, options=["--interactive"])
            return Ran(self.stack.shell.status(run, stdin=job.stdin, stdout=job.stdout, limit=JOB))

    def become(self, job: Job) -> NoReturn:
        """Let a job beside the database take this process's place; raises Problem.

        The database that Slipway runs is entered over the socket in its container, and asks for no password there.
        """
        if job.where is not Where.DATABASE:
            raise Problem("Only PostgreSQL's programs are opened here.")
        login, terminal = self.settings.database, tokens("--interactive", None if no_tty() else "--tty")
        if self.settings.own_database:
            options = [*terminal, *variables({"PGUSER": login.username, "PGDATABASE": login.name, **job.env})]
            run = containers.exec_command(self.stack.need(DATABASE).name, *job.argv, options=options)
            self.stack.shell.become(run)
        with self.stack.held(self._beside_database(job, variables(job.env))) as name:
            run = containers.exec_command(name, *job.argv, options=terminal)
            # As it is: a terminal, or what is asked for.
            status = self.stack.shell.status(run, stdout=sys.stdout.buffer, limit=JOB)
        raise SystemExit(status)

    def use_programs(self, major: int) -> str:
        """Let jobs beside the database have PostgreSQL's programs of this major version; see `Runtime`."""
        named = self.stack.image(DATABASE)
        one = self.stack.container(DATABASE) if self.settings.own_database else None
        there = self.stack.shell.output(images.list_command(form="{{.Repository}}:{{.Tag}}")).split()
        self.programs = one.image_id if one else of_major(named, major, there)
        wanted = f"{references.name(named)}:{major}"
        return "" if self.programs else (
            f"In compose.yaml, let the image of `db` be {wanted} instead of {named}: of a database elsewhere, only its "
            f"programs are used. Or have that image on the engine, where it is found: docker pull {wanted}"
        )  # fmt: skip

    def _as_superuser(self, job: Job) -> Ran:
        options = [*tokens(None if job.given is None else "--interactive"), *AS_SUPERUSER]
        run = containers.exec_command(self.stack.need(DATABASE).name, *job.argv, options=options)
        # What is given changes what it is for: Ctrl-C would leave nobody knowing whether it did.
        limit = ACT if job.quick else JOB
        try:
            return Ran(*self.stack.shell.answer(run, given=job.given, apart=job.given is not None, limit=limit))
        except Late as late:
            self.stack.shell.steps.say(f"  {late.message}")
            return Ran(LATE)

    @cached_property
    def certificates(self) -> dict[str, str]:
        """The files that the service has for TLS to a database elsewhere; raises Problem.

        They are the image's that jobs run in, or the running service's when that is not on the engine.
        """
        of, shell = self.settings.database, self.stack.shell
        if self.settings.own_database or not (of.sslmode or of.sslrootcert):
            return {}
        ask, failed = ["sh", "-c", SCRIPT, "sh", of.sslrootcert], "The service's certificates cannot be read."
        if not shell.probe(images.inspect_command(self.stack.env().get("IMAGE", "")))[0]:
            with self.stack.held(self._in_service([])) as name:
                return read_rows(shell.output(containers.exec_command(name, *ask), failed=failed))
        own = (WEB,) if self.stack.project.has_web else tuple(self.stack.project.processes)
        for one in self.stack.containers:
            if one.service in own and one.running and not one.is_one_off:
                return read_rows(shell.output(containers.exec_command(one.name, *ask), failed=failed))
        return {}

    def _in_service(self, argv: Sequence[str], options: Sequence[str] = ()) -> OneOff:
        secrets = self.settings.secrets if self.apart else {}
        if secrets and argv:  # the image's own entrypoint looked for them before they came
            argv = with_variables(self.stack.project, argv)
        return self.stack.one_off(MIGRATE, argv, options, secrets, SECRETS)

    def _beside_database(self, job: Job, options: list[str]) -> OneOff:
        # Its password is in a file: a container's variables can be seen by everybody who may ask the engine.
        login = {name: value for name, value in self.settings.database.client.items() if name != "PGPASSWORD"}
        files = {name: f"{PASSWORDS}/{file}" for name, file in CERTIFICATES.items() if file in self.certificates}
        options = [*options, *variables({**login, "PGPASSFILE": f"{PASSWORDS}/pgpass", **files})]
        given = {"pgpass": passfile(self.settings.database.password), **self.certificates}
        return replace(self.stack.one_off(DATABASE, job.argv, options, given, PASSWORDS), image=self.programs)


def of_major(image: str, major: int, there: Iterable[str]) -> str:
    """Return an image of a major version of PostgreSQL, or of the next newer one; the likest to `image`, "" for none.

    `there` are the images that the engine has.
    """
    name, tag = references.canonical(references.name(image)), references.tag(image)
    variant = re.sub(r"^[\d.]*", "", tag)
    found = []
    for one in there:
        number = re.match(r"\d+", references.tag(one))
        if number and int(number[0]) >= major and references.canonical(references.name(one)) in (name, "postgres"):
            same = (references.canonical(references.name(one)) == name, references.tag(one) == f"{number[0]}{variant}")
            found.append((int(number[0]), [not each for each in same], one))
    return min(found)[2] if found else ""


def variables(env: Mapping[str, str]) -> list[str]:
    """Return the options that give a container variables, which are shown."""
    return [word for pair in env.items() for word in ("--env", "=".join(pair))]


def read_rows(said: str) -> dict[str, str]:
    """Read files as certificates.sh shows them."""
    found = (line.partition(" ") for line in said.splitlines())
    return {name: b64decode(text).decode(errors="replace") for name, _, text in found}


def passfile(password: str) -> str:
    """Return the password file of a client that has one login.

    https://www.postgresql.org/docs/current/libpq-pgpass.html
    """
    escaped = password.replace("\\", "\\\\").replace(":", "\\:")
    return f"*:*:*:*:{escaped}\n"


def backups_volume(project: str) -> str:
    """Return the volume of a Compose project's backups."""
    return f"{project}-backups"


def no_tty() -> str | None:
    """Return the option of Compose for one who has no terminal."""
    return None if sys.stdin.isatty() and sys.stdout.isatty() else "-T"
