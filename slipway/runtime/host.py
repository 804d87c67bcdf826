"""The service on this machine itself: no Docker needed."""

import hashlib
import http.client
import json
import os
import shlex
import sys
from functools import cached_property
from pathlib import Path
from typing import IO, TYPE_CHECKING, NoReturn

from slipway.core import processes
from slipway.core.errors import NO_REVISION, Problem, taken
from slipway.core.shell import uninterrupted
from slipway.core.steps import FromFile
from slipway.image.plan import read_tree
from slipway.project.revisions import Live, caller, heads, schema_command
from slipway.project.tree import digest, image_tag
from slipway.runtime.postgres import BACKUPS, Login, Server, login_environ

if TYPE_CHECKING:
    from slipway.verbs.session import Lifecycle

STOP_GRACE = 35  # longer than gunicorn lets requests finish


class HostRuntime:
    """gunicorn and PostgreSQL as processes of this user."""

    name = "host"
    to_replace = ", with the service away in between: ./inv down, then ./inv up"

    def __init__(self, here: "Lifecycle") -> None:
        self.here = here
        self.project = here.project
        self.server = Server(here.state)
        self.record = here.state / "service.json"
        self.log = here.state / "service.log"

    # What is there

    def running_port(self) -> int | None:
        """Return the port of the running service, or None."""
        record = processes.load(self.record)
        return record.port if record else None

    def is_current(self, port: int) -> bool:
        """Tell whether what runs is what would be started.

        In production, whether it is ready: what runs is never replaced.
        """
        record = processes.load(self.record)
        if record and self.here.environment == "prod":
            return self._healthy(record.port)
        return bool(
            record
            and record.fingerprint == self._fingerprint(port)
            and (not self.here.settings.own_database or self.server.running())
            and self._healthy(record.port)
        )

    def running_release(self) -> str:
        """Return the version tag of the running service, or ""."""
        record = processes.load(self.record)
        return record.release if record else ""

    @cached_property
    def release(self) -> str:
        """The version tag of this tree."""
        return image_tag(self.project.version, read_tree(self.project, self.here.shell))

    def check_port(self, port: int) -> None:
        """Raise Problem when another program has the port.

        What a killed server has left behind is ended: it may still listen.
        """
        if not processes.load(self.record):
            processes.stop(self.record, STOP_GRACE)
        try:
            if self.running_port() != port and not processes.is_free(port, self._address):
                raise Problem(taken(port, processes.owner(port)))
        except PermissionError:
            raise Problem(f"Port {port} is for root alone on this machine: ./inv up --port 8000") from None

    # Steps of `inv up`

    def prepare(self) -> None:
        """Nothing to build: the service runs from this folder."""

    def start_database(self) -> None:
        """Start PostgreSQL; nothing when the database is elsewhere."""
        if not self.here.settings.own_database:
            return
        values = self.here.settings.values
        with self.here.steps.step("database") as step:
            if not self.server.running():
                self.here.undo.callback(self.server.stop)
            port = self.server.start(Login.of(values), int(values.get("DATABASE_PORT") or 0))
            step.detail = f"PostgreSQL {self.server.major} on 127.0.0.1:{port}"

    def schema(self, *args: str, failed: str) -> str:
        """Run a command of slipway.schema in a process of its own.

        Returns what it printed. Raises Problem with `failed` when its status is not 0.
        """
        hidden = {**self.here.settings.values, **caller(self.here.environment)}
        status, output = self.here.shell.answer(schema_command(sys.executable, args), env=self._where, hidden=hidden)
        if status:
            raise Problem(failed, status)
        return output

    def alembic(self, *args: str) -> None:
        """Run alembic in a process of its own; raises Problem."""
        command = [sys.executable, "-m", "alembic", *args]
        self.here.shell.run(command, env=self._where, hidden=self.here.settings.values, failed=NO_REVISION)

    def live(self) -> list[Live]:
        """Return the release that runs, as it was when it started."""
        record = processes.load(self.record)
        return [Live(record.release, record.schema)] if record else []

    @property
    def backups(self) -> str:
        """Where the backups are: a folder that `inv down --volumes` leaves alone."""
        return str(self.here.state / "backups")

    def beside_database(
        self, *args: str, failed: str, stdin: IO[bytes] | None = None, stdout: IO[bytes] | None = None
    ) -> str:
        """Run a function of backups.sh where PostgreSQL's programs are, in the folder of the backups.

        It reads `stdin`. What it prints is returned, or goes to `stdout`. Raises Problem with `failed` when its status
        is not 0.
        """
        folder = Path(self.backups)
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        values = {**self.here.settings.values, **self._where}
        env = login_environ(values, values["DATABASE_HOSTNAME"], values["DATABASE_PORT"])
        env["PATH"] = f"{self.server.binaries.folder}{os.pathsep}{os.environ.get('PATH', '')}"
        command = ["sh", "-c", FromFile(BACKUPS), "sh", *args]
        if stdin or stdout:
            status, output = self.here.shell.status(command, hidden=env, cwd=folder, stdin=stdin, stdout=stdout), ""
        else:
            status, output = self.here.shell.answer(command, hidden=env, cwd=folder)
        if status:
            raise Problem(failed)
        return output

    def start(self, port: int) -> None:
        """Start gunicorn in the background; ready when this returns.

        Raises Problem, with the last lines of the log, when it doesn't become ready.
        """
        steps = self.here.steps
        with steps.step("service") as step:
            processes.stop(self.record, STOP_GRACE)  # one with other settings
            overlay = self._overlay(port)
            argv = [sys.executable, "-m", "gunicorn"]
            steps.command(argv, overlay)
            env = {**os.environ, **self.here.settings.values, **overlay, **processes.mark(self.record)}
            fingerprint, release, schema = self._fingerprint(port), self.release, heads(self.project)
            self.here.undo.callback(processes.stop, self.record, STOP_GRACE)
            with uninterrupted():
                process = processes.spawn(argv, cwd=self.project.root, env=env, log=self.log)
                made = processes.Record(process.pid, process.create_time(), port, fingerprint, release, schema)
                made.save(self.record)
            # 500 is a mistake in the service, which waiting doesn't mend (a reloading worker outlives it).
            processes.wait_until(
                lambda: self._health(port) in (200, 500), lambda: process.poll() is None, self.project.wait
            )
            if (answer := self._health(port)) != 200:
                how = f"answers {answer}" if answer else f"was not ready in {self.project.wait} s"
                if process.poll() is not None:
                    how = f"ended with status {process.returncode}"
                raise Problem(f"{processes.tail(self.log)}\nThe service {how}; its log is {self.log}.")
            step.detail = f"gunicorn, process {process.pid}, ready"

    # The other verbs

    def stop(self, volumes: bool) -> None:
        """Stop the service and PostgreSQL; delete the data if told to."""
        with self.here.steps.step("service") as step:
            step.detail = "stopped" if processes.stop(self.record, STOP_GRACE) else "was not running"
        with self.here.steps.step("database") as step:
            step.detail = "stopped" if self.server.stop() else "was not running"
            if volumes:
                self.server.remove()
                step.detail += ", its data deleted"

    def volumes(self) -> list[str]:
        """Name the data that `stop(volumes=True)` deletes."""
        return [str(self.server.data)] if self.server.data.exists() else []

    def logs(self, follow: bool, lines: int) -> NoReturn:
        """Show the service's log."""
        if not self.log.exists():
            raise Problem("There is no log yet: ./inv up starts the service.")
        self.here.shell.become(["tail", "-n", str(lines), *(["-F"] if follow else []), str(self.log)])

    def ps(self) -> None:
        """Print what runs."""
        status = self.status()
        rows = [("NAME", "STATE", "PROCESS", "ADDRESS")]
        for name in ("service", "database"):
            one = status[name]
            rows.append((name, str(one["state"]), str(one.get("process") or "-"), str(one.get("address") or "-")))
        sys.stdout.write("".join("{:<10} {:<10} {:<9} {}\n".format(*row) for row in rows))

    def shell(self) -> NoReturn:
        """Open a shell with the service's environment."""
        path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ.get('PATH', '')}"
        argv = shlex.split(os.environ.get("SHELL") or "sh")
        self.here.shell.become(argv, env=self._where, hidden={**self.here.settings.values, "PATH": path})

    def psql(self, args: list[str]) -> NoReturn:
        """Open psql on the service's database."""
        if not self.here.settings.has_database:
            raise Problem("This service has no database: there is no DATABASE_HOSTNAME in .env.")
        if self.here.settings.own_database and not self.server.running():
            raise Problem("The database is not running: ./inv up")
        program = self.server.binaries["psql"]
        values = {**self.here.settings.values, **self._where}
        env = login_environ(values, values["DATABASE_HOSTNAME"], values["DATABASE_PORT"])
        self.here.shell.become([program, *args], hidden=env)

    def status(self) -> dict[str, dict[str, object]]:
        """Return the state of the service and its database."""
        record = processes.load(self.record)
        service: dict[str, object] = {"state": "stopped"}
        if record:
            state = "ready" if self._healthy(record.port) else "not ready"
            service = {"state": state, "process": record.pid, "address": f"http://localhost:{record.port}"}
        database: dict[str, object] = {"state": "stopped"}
        if running := self.server.running():
            database = {"state": "running", "process": running[0], "address": f"127.0.0.1:{running[1]}"}
        elif not self.here.settings.own_database:
            database = self.here.settings.elsewhere()
        return {"service": service, "database": database}

    # How

    @property
    def _address(self) -> str:
        return "127.0.0.1" if self.here.environment == "dev" else "0.0.0.0"  # noqa: S104

    @property
    def _where(self) -> dict[str, str]:
        # Where the database is from here; everything else is as .env says.
        if not (self.here.settings.own_database and (running := self.server.running())):
            return {}
        return {"DATABASE_HOSTNAME": "127.0.0.1", "DATABASE_PORT": str(running[1])}

    def _overlay(self, port: int) -> dict[str, str]:
        dev = self.here.environment == "dev"
        workers = "1" if dev else self.here.settings.values.get("WEB_CONCURRENCY") or str(self.project.workers)
        return {
            **self._where,
            "ASGI_APP": self.project.asgi,
            "BIND": f"{self._address}:{port}",
            "WEB_CONCURRENCY": workers,
            "RELOAD": "1" if dev else "0",
            "APP_VERSION": self.release,
        }

    def _fingerprint(self, port: int) -> str:
        # All that a running service would not notice; its own code it reloads.
        migrations = self.project.root / self.project.migrations
        files = ["pyproject.toml", "poetry.lock", "gunicorn.conf.py"]
        if self.project.migrations:
            files += [str(p.relative_to(self.project.root)) for p in migrations.rglob("*.py")]
        values = json.dumps([self.here.settings.values, port], sort_keys=True)
        return hashlib.sha256(f"{digest(self.project.root, files)}{values}".encode()).hexdigest()

    def _healthy(self, port: int) -> bool:
        return self._health(port) == 200

    def _health(self, port: int) -> int:
        # The status of the health path; 0 when nothing answers.
        connection = http.client.HTTPConnection("127.0.0.1", port, timeout=5)
        try:
            connection.request("GET", self.project.health)
            return connection.getresponse().status
        except (OSError, http.client.HTTPException):
            return 0
        finally:
            connection.close()
