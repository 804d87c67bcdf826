"""Data as Slipway made it before: DATABASE_USERNAME is PostgreSQL's superuser."""

import subprocess
from pathlib import Path

from slipway.core.ports import free_port
from slipway.project.database import Database
from slipway.runtime.identity import environ, identity
from slipway.runtime.postgres import FAST, Server

EVERY_KIND = Path(__file__).with_name("earlier.sql")


def start(server: Server, login: Database) -> int:
    """Make the data, start the server as it is, and create the database; return the port."""
    server.data.mkdir(mode=0o700, parents=True)
    file = server.folder / "password"
    file.write_text(login.password)
    programs, run_as = server.binaries, identity(server.binaries, server.folder)
    run_as.own(server.folder)
    port = free_port(0)
    options = ["unix_socket_directories=", "listen_addresses=127.0.0.1", f"port={port}", *FAST]
    initdb = ["initdb", "--username", login.username, "--pwfile", str(file), "--auth=scram-sha-256", "--encoding=UTF8"]
    start = ["pg_ctl", "start", "-w", "-l", str(server.data / "log"), "-o", " ".join(f"-c {one}" for one in options)]
    for program, *rest in ([*initdb, "--no-locale", "--no-sync"], start):
        argv = [*run_as.prefix, programs[program], "-D", str(server.data), *rest]
        subprocess.run(argv, env=environ(), check=True, stdout=subprocess.DEVNULL, timeout=60, **run_as.options)
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
