"""A PostgreSQL server on this machine, without Docker.

The data lies where the caller says; a server listens on 127.0.0.1 only, and on no socket: their paths may be too long.
"""

import contextlib
import os
import shutil
import signal
from collections.abc import Mapping
from functools import cached_property
from pathlib import Path
from typing import Any

import psutil

from slipway.core import disk
from slipway.core.caller import named
from slipway.core.errors import Problem
from slipway.core.ports import LOOPBACK, free_port
from slipway.core.processes import is_alive, send, spawn, tail
from slipway.core.signals import uninterrupted
from slipway.core.waiting import wait_until
from slipway.project.database import Database
from slipway.runtime import interlock
from slipway.runtime.bring_over import Role
from slipway.runtime.identity import Identity, environ, identity, nobody
from slipway.runtime.initdb import initdb
from slipway.runtime.installations import Binaries, have, started
from slipway.runtime.roles import Roles

START_LIMIT = STOP_LIMIT = 60  # seconds
LINGER = 5  # seconds that what a killed server has started goes on
FAST = ("fsync=off", "synchronous_commit=off", "full_page_writes=off", "max_connections=200")


class Server:
    """A PostgreSQL server whose files lie in `folder`.

    `remarks` are what its user has to know of how it was started.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.data = folder / "postgres"
        self.log = folder / "postgres.log"
        self.lock = folder / "postgres.lock"
        self.secret = folder / "superuser.password"
        self.remarks: list[str] = []
        self._child: Any = None

    @property
    def major(self) -> int | None:
        """The major version that made the data; None when there is none."""
        with contextlib.suppress(FileNotFoundError, ValueError):
            return int((self.data / "PG_VERSION").read_text())
        return None

    @cached_property
    def binaries(self) -> Binaries:
        """The installation to use: for data that is there, the one that it was last started by."""
        opts = ""
        with contextlib.suppress(OSError, UnicodeDecodeError):
            opts = (self.data / "postmaster.opts").read_text()
        return have(started(opts), self.major)

    @cached_property
    def roles(self) -> Roles:
        """Its roles, when it runs."""
        return Roles(self.secret, self.binaries)

    def running(self) -> tuple[int, int] | None:
        """Return the process id and the port; None when there is none, or none that can be seen from here."""
        with contextlib.suppress(ValueError, IndexError, psutil.Error):
            lines = self._noted.splitlines()
            process = psutil.Process(int(lines[0]))
            if is_alive(process) and interlock.is_of(process, self.data):
                return process.pid, int(lines[3])
        return None

    def is_out_of_sight(self) -> bool:
        """Tell whether one is at work on the data that is no process here: in another container, say."""
        return not self.running() and interlock.is_locked(self.lock)

    def start(self, database: Database, port: int = 0, settings: tuple[str, ...] = ()) -> int:
        """Start the server, its data made when there is none; return its port.

        The database's user is an ordinary role, and owns the database; both are made. In data of before it is the
        superuser, and is made an ordinary one. Raises Problem when the server doesn't start, or when the data was made
        with another password or by another major version.
        """
        self.remarks = []
        if running := self._usable():
            self._open(database, running[1])
            return running[1]
        if not interlock.is_given_up(self.lock, LINGER):
            raise self._hidden()
        self._check_owner()
        binaries = self.binaries
        self.folder.mkdir(parents=True, exist_ok=True)
        is_new = not self.data.exists()
        if is_new:
            initdb(binaries, self.data, self.roles.password, sync=settings != FAST)
        run_as = identity(binaries, self.data)
        run_as.own(self.data)
        self.remarks += [run_as.remark] if run_as.remark else []
        for _ in range(5):  # between finding a port free and listening on it, another server may take it
            port = free_port(port)
            if self._listen(binaries, run_as, port, settings):
                break
            port = 0
        try:
            if not self.running():
                said = tail(self.log)
                why = f" {disk.full(self.data)}" if disk.is_full(said) else ""
                raise Problem(f"{said}\nPostgreSQL did not start; its log is {self.log}.{why}")
            if is_new:
                self.roles.make(database, port)
            self._open(database, port)
        except BaseException:
            self.stop()
            raise
        return port

    def as_superuser(self, sql: str, database: str = "postgres", values: Mapping[str, str] | None = None) -> str:
        """Let psql carry out a script as the superuser, in a database; return what it prints.

        `values` are psql's variables, and no secrets. Raises Problem with what PostgreSQL says.
        """
        running = self.running()
        if not running:
            raise Problem("The database is not running: ./inv up")
        return self.roles.as_superuser(sql, running[1], database, values)

    def _open(self, database: Database, port: int) -> None:
        if self.roles.open(database, port) is not Role.DONE:
            self.roles.bring_over(database, port)
            self.remarks.append(f"the user {database.username} was PostgreSQL's superuser, and is an ordinary one now")

    def _check_owner(self) -> None:
        if not self.data.exists():
            return
        owner, mine = self.data.stat().st_uid, os.geteuid()
        by_nobody = owner == nobody().pw_uid and owner != mine  # root runs PostgreSQL so
        if owner != mine and not (mine == 0 and by_nobody):
            who = "root" if by_nobody else named(owner)
            raise Problem(f"The data in {self.data} belongs to the user {named(owner)}: run this as {who}.")

    def _listen(self, binaries: Binaries, run_as: Identity, port: int, settings: tuple[str, ...]) -> bool:
        # Whether it got its port; when it failed otherwise, waiting for another one would not help.
        options = ["unix_socket_directories=", f"listen_addresses={LOOPBACK}", f"port={port}", *settings]
        argv = [binaries["postgres"], "-D", str(self.data.resolve()), *(word for o in options for word in ("-c", o))]
        with interlock.locked(self.lock, LINGER) as inherited, uninterrupted():
            if not inherited:
                raise self._hidden()
            self._forget_another()
            before = self._noted
            how = {"pass_fds": inherited, **run_as.options}
            process = spawn([*run_as.prefix, *argv], cwd=self.data, env=environ(), log=self.log, **how)
            self._child = process
        try:
            started = wait_until(lambda: self._is_ready(before), lambda: process.poll() is None, START_LIMIT)
        except BaseException:
            send(process.pid, signal.SIGINT)
            process.wait(STOP_LIMIT)
            raise
        return started or "could not bind" not in self.log.read_text(errors="replace")

    def _forget_another(self) -> None:
        # PostgreSQL looks itself whether the server that postmaster.pid names is alive, and what it has left in memory.
        # But it takes every process of that number for one, also after a restart of a container, where they begin anew;
        # and it refuses a file that names none, which a full disk leaves.
        # One that only waits to be reaped, by whoever does that, counts as alive there as well.
        first = self._noted.partition("\n")[0]
        with contextlib.suppress(psutil.AccessDenied):
            if not (first.isdigit() and interlock.is_server(int(first), self.data)):
                (self.data / "postmaster.pid").unlink(missing_ok=True)

    def _hidden(self) -> Problem:
        if left := interlock.left_in(self.data):
            return Problem(
                f"PostgreSQL was killed, and what it had started goes on in {self.data}. Nothing was changed. Wait for "
                f"its end, or: kill {' '.join(map(str, left))}"
            )
        return Problem(
            f"PostgreSQL is at work on {self.data}, and is no process that can be seen from here: it runs in another "
            "container, or outside of this one. Nothing was changed. Stop it there: ./inv down"
        )

    @property
    def _noted(self) -> str:
        # What a server notes of itself, or has noted: process id, data directory, start time, port, socket, address,
        # shared memory, state (miscadmin.h, pidfile.h).
        with contextlib.suppress(FileNotFoundError):
            return (self.data / "postmaster.pid").read_text()
        return ""

    def _usable(self) -> tuple[int, int] | None:
        # What runs; one that was started before its folder was moved is stopped, as it looks for its libraries there.
        if self._noted.splitlines()[1:2] not in ([], [str(self.data.resolve())]) and self.running():
            self.stop()
        return self.running()

    def _is_ready(self, before: str) -> bool:
        # As pg_ctl looks. Asking the port could be answered by another server; one that was killed was ready as well.
        noted = self._noted
        return noted != before and [line.strip() for line in noted.splitlines()[7:8]] == ["ready"]

    def stop(self) -> bool:
        """Stop the server; return whether it was running.

        Raises Problem when it doesn't end within a minute, or is out of sight.
        """
        running = self.running()
        if not running:
            if not interlock.is_given_up(self.lock, LINGER):
                raise self._hidden()
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
        self.secret.unlink(missing_ok=True)
