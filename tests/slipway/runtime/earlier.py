"""Data as Slipway made it before: DATABASE_USERNAME is PostgreSQL's superuser."""

import atexit
import shutil
import subprocess
import tempfile
from functools import cache
from pathlib import Path

from slipway.core.ports import free_port
from slipway.project.database import Database
from slipway.runtime.identity import environ, identity, maker
from slipway.runtime.installations import Binaries
from slipway.runtime.postgres import FAST, Server

EVERY_KIND = Path(__file__).with_name("earlier.sql")


@cache
def initialised(binaries: Binaries, login: Database) -> Path:
    """Return a folder with such data; each of a run's servers gets a copy of it."""
    folder = Path(tempfile.mkdtemp(prefix="slipway-before-"))
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    file, data = folder / "password", folder / "postgres"
    file.write_text(login.password)
    options = ["--username", login.username, "--pwfile", str(file), "--auth=scram-sha-256", "--encoding=UTF8"]
    run(binaries, folder, "initdb", "-D", str(data), *options, "--no-locale", "--no-sync")
    return data


def run(binaries: Binaries, folder: Path, program: str, *args: str) -> None:
    """Run a program of PostgreSQL's on the files of a folder."""
    run_as = identity(binaries, folder)
    run_as.own(folder)
    named = maker().prefix if program == "initdb" else ()
    argv = [*run_as.prefix, *named, binaries[program], *args]
    subprocess.run(argv, env=environ(), check=True, stdout=subprocess.DEVNULL, timeout=60, **run_as.options)


def start(server: Server, login: Database) -> int:
    """Make the data, start the server as it is, and create the database; return the port."""
    server.folder.mkdir(exist_ok=True)
    shutil.copytree(initialised(server.binaries, login), server.data)
    port = free_port(0)
    options = ["unix_socket_directories=", "listen_addresses=127.0.0.1", f"port={port}", *FAST]
    words = " ".join(f"-c {one}" for one in options)
    log = str(server.data / "log")
    run(server.binaries, server.folder, "pg_ctl", "start", "-w", "-D", str(server.data), "-l", log, "-o", words)
    psql(server, login, "postgres", f'CREATE DATABASE "{login.name}"')
    return port


def psql(server: Server, login: Database, database: str, sql: str) -> str:
    """Return what a session prints."""
    running = server.running()
    assert running
    env = {**environ(), **login.seen_at("127.0.0.1", running[1]).client, "PGDATABASE": database}
    argv = [server.binaries["psql"], "-XqAt", "-v", "ON_ERROR_STOP=1", "-v", f"user={login.username}"]
    done = subprocess.run(argv, input=sql, env=env, capture_output=True, text=True, check=False, timeout=60)
    assert done.returncode == 0, done.stderr
    return done.stdout.strip()
