"""The service's database, as DATABASE_* names it."""

import contextlib
import os
import secrets
import socket
import time
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from slipway import entrypoint
from slipway.schema import NO_SCRATCH, NOT_YET
from slipway.schema.answers import Size
from slipway.schema.causes import cause, explained_here
from slipway.schema.words import say

try:
    import psycopg
    from psycopg import sql
except ImportError:
    raise SystemExit("Migrating needs psycopg in the image: add psycopg[binary] to the dependencies") from None

SECRETS = Path("/run/secrets")
OWN = "db"  # the host of the PostgreSQL that Slipway runs
NAME_LIMIT = 5.0  # seconds that the name of a database elsewhere may be unknown
SCRATCH = "_scratch_"
MARK = "made by slipway, to try migrations on"
DROPS = 4  # times 5 s at most that somebody may be in it

VERSIONS = "alembic_version"
NOTED = f"""
    SELECT coalesce((SELECT n.nspname FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
                     WHERE c.oid = to_regclass('{VERSIONS}')), current_schema(), '')
"""  # noqa: S608

# By these, a server notices within half a minute that its client is gone, also without a word, as one whose machine was
# cut off; with the session end its locks. Else it would wait for two hours, or for as long as TCP repeats an answer.
NOTICES = {
    "client_connection_check_interval": "1000",
    "tcp_keepalives_idle": "10",
    "tcp_keepalives_interval": "5",
    "tcp_keepalives_count": "3",
    "tcp_user_timeout": "25000",
}

Connection = psycopg.Connection[tuple[Any, ...]]


class Refused(SystemExit):
    """End with a message on standard error, and status 1."""

    status = 1


class NotYet(Refused):
    """End with a message, and status 3: the rest has to wait."""

    status = NOT_YET


def variable(name: str, default: str | None = None) -> str:
    """Return a variable of the service: the environment's, else the file's under /run/secrets, as pydantic reads it.

    Raises Refused when there is none and no default.
    """
    if value := os.environ.get(name):
        return value
    for file in (SECRETS / name.lower(), SECRETS / name):
        with contextlib.suppress(OSError):
            return file.read_text(encoding="utf-8").strip()
    if default is None:
        raise Refused(f"{name} is not set: .env.example explains it.")
    return default


def name() -> str:
    """Return the database's name."""
    return variable("DATABASE_NAME")


def known() -> dict[str, str]:
    """Return what is known of the database, by the names DATABASE_*."""
    return {name: variable(name, "") for name, _ in entrypoint.PLACES.values()}


def lead_to(database: str) -> None:
    """Let the service's variables name a database of the same server, by whatever names it has for them.

    Raises Refused for templates that cannot be rendered.
    """
    os.environ["DATABASE_NAME"] = database
    try:
        os.environ.update(entrypoint.rendered(entrypoint.templates_of(os.environ), known()))
    except entrypoint.Unfit as unfit:
        raise Refused(str(unfit)) from None


def reach(limit: float) -> None:
    """Wait until the server listens, for at most `limit` seconds; raises Refused.

    A name that DNS doesn't know is told sooner; that of the container is not known before it starts.
    """
    host, port = variable("DATABASE_HOSTNAME"), variable("DATABASE_PORT", "5432")
    began = time.monotonic()
    while not host.startswith("/"):
        try:
            socket.create_connection((host, int(port)), timeout=3).close()
            return
        except OSError as error:
            most = min(limit, NAME_LIMIT) if host != OWN and _is_unknown(error) else limit
            if time.monotonic() - began > most:
                said = f"The database at {host}:{port} could not be reached in {most:.0f} s ({error})."
                where = "Check DATABASE_HOSTNAME and DATABASE_PORT, in .env or the environment, and that it runs."
                raise Refused(explained_here(said) if cause(said) else f"{said} {where}") from None
            time.sleep(0.5)


def _is_unknown(error: OSError) -> bool:
    # For good; EAI_AGAIN is for now.
    unknown = (socket.EAI_NONAME, getattr(socket, "EAI_NODATA", socket.EAI_NONAME))  # the second is not everywhere
    return isinstance(error, socket.gaierror) and error.errno in unknown


def connect(called: str, database: str = "") -> Connection:
    """Connect in autocommit; `called` is what the server shows of this connection.

    Raises Refused with what the server said.
    """
    try:
        made = psycopg.connect(
            host=variable("DATABASE_HOSTNAME"),
            port=int(variable("DATABASE_PORT", "5432")),
            user=variable("DATABASE_USERNAME"),
            password=variable("DATABASE_PASSWORD"),
            dbname=database or name(),
            sslmode=variable("DATABASE_SSLMODE", "prefer"),
            sslrootcert=variable("DATABASE_SSLROOTCERT", "") or None,
            application_name=called[:63],
            connect_timeout=10,
            keepalives_idle=10,
            keepalives_interval=5,
            keepalives_count=3,
            autocommit=True,
        )
        made.execute(set_all(NOTICES).encode())
        return made
    except psycopg.OperationalError as error:
        raise Refused(explained_here(f"{error}\nThe database {database or name()} could not be opened.")) from None


def set_all(values: Mapping[str, str]) -> str:
    """Return the statement that gives a session these settings, those of them that the server knows."""
    rows = ", ".join(f"('{name}', '{value}')" for name, value in values.items())
    return f"SELECT set_config(name, value, false) FROM (VALUES {rows}) v(name, value) JOIN pg_settings USING (name)"  # noqa: S608


def noted(connection: Connection) -> str:
    """Return the schema in which revisions are noted, or will be."""
    found = connection.execute(NOTED.encode()).fetchone()
    return str(found[0] if found else "")


def heads(connection: Connection) -> tuple[str, ...]:
    """Return the revisions that the database is at; none before the first migration."""
    found = connection.execute("SELECT to_regclass('alembic_version')").fetchone()
    if not found or not found[0]:
        return ()
    return tuple(sorted(str(row[0]) for row in connection.execute("SELECT version_num FROM alembic_version")))


def sizes(connection: Connection) -> dict[str, Size]:
    """Return the size of each table."""
    rows = connection.execute(
        """
        SELECT CASE WHEN n.nspname = 'public' THEN c.relname ELSE n.nspname || '.' || c.relname END,
               pg_total_relation_size(c.oid), c.reltuples::bigint
        FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
        WHERE c.relkind IN ('r', 'm', 'p') AND n.nspname !~ '^pg_' AND n.nspname <> 'information_schema'
        """
    )
    return {str(table): Size(int(size), int(count)) for table, size, count in rows}


class NoScratch(Refused):
    """End with a message, and status 4: the login may not create databases."""

    status = NO_SCRATCH


@contextlib.contextmanager
def scratch() -> Iterator[str]:
    """Give the name of an empty database on the same server, to which DATABASE_NAME points meanwhile.

    It is removed afterwards, and so is what a run that was killed left behind. Raises NoScratch when the login may
    not create databases.
    """
    real = name()
    new = f"{real[:40]}{SCRATCH}{secrets.token_hex(4)}"
    with connect(new) as server:
        for old in _left_behind(server, real):
            drop(server, old)
            say(f"  the scratch database {old} was left by a run that was killed: removed")
        try:
            server.execute(sql.SQL("CREATE DATABASE {}").format(sql.Identifier(new)))
        except psycopg.errors.InsufficientPrivilege:
            raise NoScratch(
                f"This needs a scratch database, which {variable('DATABASE_USERNAME')} may not create here. Let it: "
                f"ALTER ROLE {variable('DATABASE_USERNAME')} CREATEDB; or run this in development."
            ) from None
        lead_to(new)
        try:
            server.execute(sql.SQL("COMMENT ON DATABASE {} IS {}").format(sql.Identifier(new), MARK))
            yield new
        finally:
            lead_to(real)
            drop(server, new)


def drop(server: Connection, database: str) -> None:
    """Remove a database with all that is in it, unless it is gone; raises psycopg.Error.

    FORCE ends whose sessions the role may end, and refuses where an autovacuum worker is, which is no role's. Without
    it, PostgreSQL ends those, and waits 5 s for others to leave (CountOtherDBBackends in procarray.c).
    """
    by_force, kindly = (sql.SQL(f"DROP DATABASE IF EXISTS {{}}{how}") for how in (" WITH (FORCE)", ""))
    for statement in (by_force, kindly) * DROPS:
        try:
            server.execute(statement.format(sql.Identifier(database)))
            return
        except (psycopg.errors.InsufficientPrivilege, psycopg.errors.ObjectInUse) as error:
            refused = error
    raise refused


def _left_behind(server: Connection, real: str) -> list[str]:
    # Whoever made one is connected under its name for as long as it is used. A name alone proves nothing.
    rows = server.execute(
        """
        SELECT datname FROM pg_database
        WHERE starts_with(datname, %s) AND shobj_description(oid, 'pg_database') = %s
          AND datdba = (SELECT oid FROM pg_roles WHERE rolname = current_user)
          AND datname NOT IN (SELECT application_name FROM pg_stat_activity)
        """,
        [f"{real[:40]}{SCRATCH}", MARK],
    )
    return [str(row[0]) for row in rows]
