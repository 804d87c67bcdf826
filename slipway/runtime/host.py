"""The service on this machine itself: no Docker needed."""

import contextlib
import os
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import NoReturn

from slipway import interpreter
from slipway.core.errors import Problem
from slipway.core.limits import WORK, Late
from slipway.core.shell import Ran
from slipway.engine.jobs import any_name
from slipway.project.checkout import Checkout
from slipway.project.database import NO_DATABASE
from slipway.runtime import LATE, SERVICE_PYTHON, Job, State, Where, background, supplied
from slipway.runtime.addresses import asked_at, url
from slipway.runtime.background import Background
from slipway.runtime.environment import Environment
from slipway.runtime.gunicorn import HostService
from slipway.runtime.host_companions import HostCompanions
from slipway.runtime.host_database import HostDatabase
from slipway.runtime.host_processes import HostProcesses
from slipway.runtime.host_webless import WeblessHostService
from slipway.runtime.installations import Binaries, client, clients


class HostRuntime:
    """gunicorn and PostgreSQL as processes of this user."""

    name = "host"
    to_replace = ", with the service away in between: ./inv down, then ./inv up"
    no_copies = ""
    releases = None

    def __init__(self, checkout: Checkout, environment: Environment, undo: contextlib.ExitStack) -> None:
        self.checkout = checkout
        self.environment = environment
        self.undo = undo
        self.database = HostDatabase(checkout, environment, undo)
        self.companions = HostCompanions(checkout, environment, lambda: self._of_service)
        of = (checkout, environment, lambda: self.database.where, self._seen)
        has_web = checkout.project.has_web
        self.service = HostService(*of) if has_web else WeblessHostService(*of, lambda: self.processes.states())
        self.processes = HostProcesses(checkout, environment, self._told, lambda argv: self._here(Job(argv)))
        self.aside = Background(environment.state / background.RUNS)
        self.programs: Binaries | None = None  # PostgreSQL's, other than the server's

    @property
    def backups(self) -> str:
        """Where the backups are: a folder."""
        return str(self.environment.state / "backups")

    def run(self, job: Job) -> Ran:
        """Run a job in a process of its own."""
        heard: list[str] = []
        if job.where is Where.SERVICE:
            where, hidden = self.database.where, {**self._of_service, **job.env}
            limit = replace(WORK, seconds=job.seconds) if job.seconds else None
            try:
                status, out = self.checkout.shell.answer(
                    self._here(job), env=where, hidden=hidden, heard=heard, limit=limit
                )
            except Late:
                return Ran(LATE)
            return Ran(status, out, "".join(heard) if status else "")
        folder = Path(self.backups)
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        if job.where is Where.SUPERUSER and not self.database.running():
            raise Problem("The database is not running: ./inv up")
        login = self.database.superuser if job.where is Where.SUPERUSER else self.database.client
        hidden = {**login, "PATH": self._path, "LC_ALL": "C", **job.env}
        if job.stdin or job.stdout:
            status = self.checkout.shell.status(job.argv, hidden=hidden, cwd=folder, stdin=job.stdin, stdout=job.stdout)
            return Ran(status)
        status, out = self.checkout.shell.answer(job.argv, hidden=hidden, cwd=folder, given=job.given, heard=heard)
        return Ran(status, out, "".join(heard) if status else "")

    def become(self, job: Job) -> NoReturn:
        """Let a job take this process's place; raises Problem."""
        if job.where is Where.SERVICE:
            where, hidden = self.database.where, {**self._of_service, **job.env}
            self.checkout.shell.become(self._here(job), env=where, hidden=hidden)
        if not self.environment.settings.has_database:
            raise Problem(NO_DATABASE)
        if not self.database.running():
            raise Problem("The database is not running: ./inv up")
        program = self.database.server.binaries[job.argv[0]]
        self.checkout.shell.become([program, *job.argv[1:]], hidden={**self.database.client, **job.env})

    def launch(self, argv: Sequence[str], tag: str, detached: bool) -> str:
        """Run a command in the project's folder."""
        if tag:
            raise Problem("--tag names an image, and the service is on this host, of this folder: leave --tag out.")
        self.service.prepare()
        if not detached:
            self.become(Job(argv))
        name, where = any_name("run"), self.database.where
        command, env = self._here(Job(argv)), {**self._of_service, **where}
        self.checkout.steps.command(command, where)
        self.aside.start(name, command, self.checkout.root, env)
        return name

    def use_programs(self, major: int) -> str:
        """Let jobs beside the database have PostgreSQL's programs of this major version; see `Runtime`."""
        self.programs = client(clients(), major)
        return "" if self.programs else (
            f"Install PostgreSQL {major}'s, which are found beside others (Debian: sudo apt install "
            f"postgresql-client-{major}; macOS: brew install postgresql@{major})."
        )  # fmt: skip

    def check(self, port: int) -> None:
        """Check nothing: what .env sets is in the service's environment."""

    def accompany(self, port: int) -> None:
        """Start the companions whose programs are here; raises Problem."""
        self.companions.start(self.undo)

    def start(self, port: int) -> None:
        """Start gunicorn in the background; ready when this returns. Raises Problem with the end of its log."""
        self.service.start(port, self.undo)
        self.processes.start(self.undo)

    def resume(self) -> bool:
        """Start the companions and processes that have ended, or have other settings now."""
        begun = self.companions.start(self.undo)
        return self.processes.start(self.undo) or begun

    def stop(self, volumes: bool) -> None:
        """Stop the service and PostgreSQL; delete the data if told to."""
        steps, server = self.checkout.steps, self.database.server
        for name in self.aside.names():
            self.aside.remove(name)
        self.processes.stop_all()
        with steps.step("service") if self.checkout.project.has_web else steps.silent() as step:
            step.detail = "stopped" if self.service.stop() else "was not running"
        self.companions.stop_all()
        with steps.step("database") as step:
            step.detail = "stopped" if server.stop() else "was not running"
            if volumes:
                step.detail += ", its data deleted" if self.volumes() else ""
                server.remove()
                self.companions.remove()

    def volumes(self) -> list[str]:
        """Name the data that `stop(volumes=True)` deletes."""
        data = [self.database.server.data, *self.companions.volumes()]
        return [str(one) for one in data if one.exists()]

    def kept(self) -> list[str]:
        """Name the folder of the backups, where it is."""
        return [self.backups] if Path(self.backups).exists() else []

    def listing(self) -> list[tuple[str, ...]]:
        """Return what runs."""
        rows: list[tuple[str, ...]] = [("NAME", "STATE", "PROCESS", "ADDRESS")]
        for name, one in self.status().items():
            rows.append((name, one.state, *(str(one.details.get(key) or "-") for key in ("process", "address"))))
        for name in self.aside.names():
            process = self.aside.process(name)
            rows.append((name, "running" if process else "ended", str(process or "-"), "-"))
        return rows

    def status(self) -> dict[str, State]:
        """Return the state of the service, of what is beside it, and of its database."""
        beside = {**self.processes.states(), **self.companions.states()}
        return {"service": self.service.state(), **beside, "database": self.database.state()}

    def url(self, port: int) -> str:
        """Return the address of the service."""
        return url(asked_at(self.service.address), port)

    def _here(self, job: Job) -> list[str]:
        first, *rest = job.argv
        return [interpreter.service(self.checkout) if first == SERVICE_PYTHON else first, *rest]

    def _told(self) -> dict[str, str]:
        says = {"APP_VERSION": self.service.release, "RELOAD": "1" if self.environment.is_dev else "0"}
        return {**self._of_service, **self.database.where, **says}

    @property
    def _of_service(self) -> dict[str, str]:
        return supplied.of_service(self.checkout, self._seen())

    def _seen(self) -> dict[str, str]:
        # The settings, with the places of what runs here.
        return {**self.environment.settings.complete, **self.database.where, **self.companions.where()}

    @property
    def _path(self) -> str:
        programs = self.programs or self.database.server.binaries
        return f"{programs.folder}{os.pathsep}{os.environ.get('PATH', '')}"
