"""A PostgreSQL server on this machine, without Docker.

The data lies where the caller says; a server listens on 127.0.0.1 only.
"""

import contextlib
import os
import pwd
import shutil
import signal
import subprocess
import sys
from dataclasses import replace
from functools import cached_property
from pathlib import Path
from typing import Any

import psutil

from slipway.core.errors import Problem
from slipway.core.ports import free_port
from slipway.core.processes import is_alive, send, spawn, tail
from slipway.core.shell import ended
from slipway.core.signals import uninterrupted
from slipway.core.waiting import wait_until
from slipway.project.database import OTHER_LOGIN, Database
from slipway.runtime.identity import Identity, environ, identity
from slipway.runtime.installations import Binaries, installations, pick

START_LIMIT = STOP_LIMIT = 60  # seconds
FAST = ("fsync=off", "synchronous_commit=off", "full_page_writes=off", "max_connections=200")


class Server:
    """A PostgreSQL server whose files lie in `folder`."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.data = folder / "postgres"
        self.log = folder / "postgres.log"
        self._child: Any = None

    @property
    def major(self) -> int | None:
        """The major version that made the data; None when there is none."""
        with contextlib.suppress(FileNotFoundError, ValueError):
            return int((self.data / "PG_VERSION").read_text())
        return None

    @cached_property
    def binaries(self) -> Binaries:
        """The installation to use."""
        return pick(installations(), self.major)

    def running(self) -> tuple[int, int] | None:
        """Return the process id and the port, or None."""
        # Lines: process id, data directory, start time, port, ... (storage/lmgr: miscadmin.h)
        with contextlib.suppress(FileNotFoundError, ValueError, IndexError, psutil.Error):
            lines = (self.data / "postmaster.pid").read_text().splitlines()
            process = psutil.Process(int(lines[0]))
            if is_alive(process) and _is_of(process, self.data):
                return process.pid, int(lines[3])
        return None

    def start(self, database: Database, port: int = 0, settings: tuple[str, ...] = ()) -> int:
        """Start the server, its data made when there is none; return its port.

        The database's user is the superuser, and it is created. Raises Problem when the server doesn't start,
        or when the data was made with another password or by another major version.
        """
        if running := self.running():
            self._open(database, running[1])
            return running[1]
        self._check_owner()
        binaries = self.binaries
        self.folder.mkdir(parents=True, exist_ok=True)
        if not self.data.exists():
            self._initialise(binaries, database, settings)
        run_as = identity(binaries["postgres"])
        run_as.own(self.data)
        for _ in range(5):  # between finding a port free and listening on it, another server may take it
            port = free_port(port)
            if self._listen(binaries, run_as, port, settings):
                break
            port = 0
        try:
            if not self.running():
                raise Problem(f"{tail(self.log)}\nPostgreSQL did not start; its log is {self.log}.")
            self._open(database, port)
        except BaseException:
            self.stop()
            raise
        return port

    def _check_owner(self) -> None:
        if not self.data.exists():
            return
        owner = self.data.owner()
        if owner != pwd.getpwuid(os.geteuid()).pw_name and not (os.geteuid() == 0 and owner == "nobody"):
            raise Problem(f"The data in {self.data} belongs to the user {owner}: run this as {owner}.")

    def _listen(self, binaries: Binaries, run_as: Identity, port: int, settings: tuple[str, ...]) -> bool:
        # Whether it got its port; when it failed otherwise, waiting for another one would not help.
        # Of a server that is gone: the caller has checked. Its backends may still be there.
        wait_until(lambda: not _working_in(self.data), lambda: True, STOP_LIMIT)
        (self.data / "postmaster.pid").unlink(missing_ok=True)
        options = ["unix_socket_directories=", "listen_addresses=127.0.0.1", f"port={port}", *settings]
        argv = [binaries["postgres"], "-D", str(self.data), *(word for o in options for word in ("-c", o))]
        with uninterrupted():
            process = spawn([*run_as.prefix, *argv], cwd=self.data, env=environ(), log=self.log, **run_as.options)
            self._child = process
        try:
            started = wait_until(self._is_ready, lambda: process.poll() is None, START_LIMIT)
        except BaseException:
            send(process.pid, signal.SIGINT)
            process.wait(STOP_LIMIT)
            raise
        return started or "could not bind" not in self.log.read_text(errors="replace")

    def _is_ready(self) -> bool:
        # As pg_ctl looks: the eighth line of the file that the server keeps is its state. Asking the port could be
        # answered by another server.
        with contextlib.suppress(FileNotFoundError, IndexError):
            return (self.data / "postmaster.pid").read_text().splitlines()[7].strip() == "ready"
        return False

    def stop(self) -> bool:
        """Stop the server; return whether it was running.

        Raises Problem when it doesn't end within a minute.
        """
        running = self.running()
        if not running:
            return False
        send(running[0], signal.SIGINT)  # "fast shutdown": clients are disconnected
        if not wait_until(lambda: self.running() is None, lambda: True, STOP_LIMIT):
            raise Problem(f"PostgreSQL (process {running[0]}) did not stop in {STOP_LIMIT} s; see {self.log}.")
        if self._child:
            self._child.wait()
        return True

    def remove(self) -> None:
        """Delete the data."""
        shutil.rmtree(self.data, ignore_errors=True)

    def _initialise(self, binaries: Binaries, database: Database, settings: tuple[str, ...]) -> None:
        # Made beside and renamed: an initdb that was killed leaves nothing that looks like data.
        fresh = self.folder / "postgres.new"
        shutil.rmtree(fresh, ignore_errors=True)
        fresh.mkdir(mode=0o700)
        password = self.folder / "password.new"
        password.touch(mode=0o600)
        password.write_text(database.password + "\n")
        locale = ["--no-locale"]
        if binaries.major >= 17:
            locale = ["--locale-provider=builtin", "--builtin-locale=C.UTF-8", "--no-locale"]
        elif sys.platform == "linux":
            locale = ["--locale=C.UTF-8"]
        argv = [binaries["initdb"], "-D", str(fresh), "--username", database.username, "--pwfile", str(password)]
        argv += ["--auth=scram-sha-256", "--encoding=UTF8", *locale]
        if settings == FAST:
            argv.append("--no-sync")
        try:
            run_as = identity(argv[0])
            run_as.own(fresh, password)
            command = [*run_as.prefix, *argv]

            def initdb() -> "subprocess.Popen[str]":
                pipe = subprocess.PIPE
                return subprocess.Popen(command, env=environ(), stdout=pipe, stderr=pipe, text=True, **run_as.options)

            with ended(initdb) as process:
                _, said = process.communicate()
        finally:
            password.unlink()
        if process.returncode:
            said = "\n".join(line for line in said.strip().splitlines() if "STATEMENT" not in line)  # has the password
            raise Problem(f"{said}\nPostgreSQL's data could not be made in {self.data}.")
        fresh.rename(self.data)

    def _open(self, database: Database, port: int) -> None:
        # Checks the password as well: the data may be older than .env.
        script = (
            "SELECT format('CREATE DATABASE %I', :'db') WHERE NOT EXISTS "
            "(SELECT FROM pg_database WHERE datname = :'db') \\gexec\n"
        )
        argv = [self.binaries["psql"], "--no-psqlrc", "--quiet", "-v", "ON_ERROR_STOP=1", "-v", f"db={database.name}"]
        plain = replace(database.seen_at("127.0.0.1", port), sslmode="", sslrootcert="")  # it speaks no TLS
        env = {**environ(), **plain.client, "PGDATABASE": "postgres"}
        done = subprocess.run(argv, input=script, capture_output=True, text=True, env=env, check=False)
        if "authentication failed" in done.stderr:
            raise Problem(OTHER_LOGIN)
        if done.returncode:
            raise Problem(f"{done.stderr.strip()}\nThe database {database.name} could not be made.")


def _working_in(folder: Path) -> bool:
    for process in psutil.process_iter():
        with contextlib.suppress(psutil.Error, OSError):
            if is_alive(process) and _is_of(process, folder):
                return True
    return False


def _is_of(process: psutil.Process, data: Path) -> bool:
    # Root in a container may not ask where nobody's process is; what it was started with can be read by anybody (of a
    # server: its backends have another title, and are not seen then).
    try:
        return Path(process.cwd()) == data.resolve()
    except psutil.AccessDenied:
        argv = process.cmdline()
        return "-D" in argv[:-1] and Path(argv[argv.index("-D") + 1]).resolve() == data.resolve()
