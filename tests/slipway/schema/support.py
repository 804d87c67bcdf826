"""A project with migrations on a database of its own, and slipway.schema at work on it."""

import contextlib
import functools
import itertools
import json
import os
import select
import signal
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import psycopg
import pytest
from psycopg import sql

from tests.support import ROOT, wait_for

ENV = """
import os
from sqlalchemy import URL, MetaData, create_engine, pool
from alembic import context

if context.is_offline_mode():
    context.configure(dialect_name="postgresql", target_metadata=MetaData(), literal_binds=True)
    with context.begin_transaction():
        context.run_migrations()
else:
    url = URL.create(
        "postgresql+psycopg", os.environ["DATABASE_USERNAME"], os.environ["DATABASE_PASSWORD"],
        os.environ["DATABASE_HOSTNAME"], int(os.environ["DATABASE_PORT"]), os.environ["DATABASE_NAME"],
    )
    with create_engine(url, poolclass=pool.NullPool).connect() as connection:
        context.configure(connection=connection, target_metadata=MetaData())
        with context.begin_transaction():
            context.run_migrations()
"""
PYPROJECT = """
[tool.alembic]
script_location = "%(here)s/alembic"

[tool.slipway.migrate]
lock-timeout = 1
tries = 2
"""
CONCURRENTLY = 'with op.get_context().autocommit_block(): op.execute("CREATE INDEX CONCURRENTLY ix_a ON t (a)")'
FIRST = "CREATE TABLE t (id bigint PRIMARY KEY, a text)"  # what the revision 0001 does
EMPTY = r"""
DO $$ DECLARE one name; BEGIN
    FOR one IN SELECT nspname FROM pg_namespace WHERE nspname !~ '^pg_' AND nspname <> 'information_schema' LOOP
        EXECUTE format('DROP SCHEMA %I CASCADE', one);
    END LOOP;
    CREATE SCHEMA public;
END $$
"""
LIMIT = 60  # seconds for anything

Connection = psycopg.Connection[tuple[Any, ...]]


class Zygote:
    """The process whose forks are the commands of these tests; one for each worker of pytest."""

    def __init__(self) -> None:
        self.process = subprocess.Popen(
            [sys.executable, "-m", "tests.slipway.schema.zygote"], cwd=ROOT, stdin=subprocess.PIPE,
            stdout=subprocess.PIPE, text=True,
        )  # fmt: skip

    def tell(self, **order: Any) -> int:
        """Tell it what to do; return its answer."""
        assert self.process.stdin
        assert self.process.stdout
        self.process.stdin.write(json.dumps(order) + "\n")
        self.process.stdin.flush()
        ready, _, _ = select.select([self.process.stdout], [], [], LIMIT)
        assert ready, f"no answer to {order} in {LIMIT} s"
        return int(self.process.stdout.readline())


zygote = functools.cache(Zygote)


@dataclass
class Running:
    """A command of slipway.schema that was started."""

    pid: int
    out: Path
    err: Path
    returncode: int | None = None

    def kill(self) -> None:
        """Kill it."""
        os.kill(self.pid, signal.SIGKILL)

    def terminate(self) -> None:
        """Ask it to end."""
        os.kill(self.pid, signal.SIGTERM)

    @property
    def said(self) -> str:
        """Its errors so far."""
        return self.err.read_text() if self.err.exists() else ""

    def communicate(self) -> tuple[str, str]:
        """Wait for its end; return its output and its errors."""
        self.returncode = zygote().tell(wait=self.pid)
        return self.out.read_text(), self.said


@dataclass
class Service:
    """A project with migrations, on a database of its own."""

    root: Path
    database: str
    connection: Connection
    numbers: "itertools.count[int]" = field(default_factory=itertools.count)

    def revision(self, name: str, *upgrade: str, down: str = "pass", phase: str = "expand", extra: str = "") -> None:
        """Write a revision that follows the one before."""
        folder = self.root / "alembic/versions"
        before = repr(max((path.stem for path in folder.glob("*.py")), default=None))
        body = "\n    ".join(upgrade or ("pass",))
        (folder / f"{name}.py").write_text(
            f'"""what {name} does"""\nimport os, time\nimport sqlalchemy as sa\nfrom alembic import op\n'
            f"revision = {name!r}\ndown_revision = {before}\nphase = {phase!r}\n{extra}\n"
            f"def upgrade():\n    {body}\n\ndef downgrade():\n    {down}\n"
        )

    def follow(self, name: str, before: str | tuple[str, ...]) -> None:
        """Let a revision follow others than the one before."""
        path = self.root / f"alembic/versions/{name}.py"
        lines = path.read_text().splitlines(keepends=True)
        path.write_text("".join(f"down_revision = {before!r}\n" if "down_revision" in one else one for one in lines))

    def environ(self, **env: str) -> dict[str, str]:
        """Return the variables of a command."""
        return {**os.environ, "DATABASE_NAME": self.database, **env}

    def start(self, *args: str, **env: str) -> Running:
        """Run a command of slipway.schema; don't wait."""
        number = next(self.numbers)
        out, err = self.root / f"{number}.out", self.root / f"{number}.err"
        pid = zygote().tell(args=args, cwd=str(self.root), env=self.environ(**env), out=str(out), err=str(err))
        return Running(pid, out, err)

    def run(self, *args: str, **env: str) -> subprocess.CompletedProcess[str]:
        """Run a command of slipway.schema."""
        process = self.start(*args, **env)
        out, err = process.communicate()
        assert process.returncode is not None
        return subprocess.CompletedProcess(args, process.returncode, out, err)

    def json(self, *args: str) -> dict[str, Any]:
        """Run a command that has to succeed; return what it found."""
        done = self.run(*args, "--json")
        assert done.returncode == 0, done.stderr
        return dict(json.loads(done.stdout))

    def connect(self) -> Connection:
        """Connect to the database once more."""
        return connect(self.database)

    def ask(self, query: str) -> list[tuple[Any, ...]]:
        """Return the rows of a query."""
        return self.connection.execute(query.encode()).fetchall()

    def do(self, *statements: str) -> None:
        """Change the database."""
        for statement in statements:
            self.connection.execute(statement.encode())

    def begin(self) -> None:
        """Bring the database to the revision 0001, as an upgrade did it some time ago."""
        self.do(FIRST, "CREATE TABLE alembic_version (version_num varchar(32) PRIMARY KEY)")
        self.do("INSERT INTO alembic_version VALUES ('0001')")

    @property
    def at(self) -> str:
        """The revision that the database is at."""
        return str(self.ask("SELECT version_num FROM alembic_version")[0][0])

    def sees(self, condition: str) -> bool:
        """Tell whether another session of this database matches."""
        others = "datname = current_database() AND pid <> pg_backend_pid()"
        return bool(self.ask(f"SELECT 1 FROM pg_stat_activity WHERE {others} AND {condition}"))


def connect(database: str) -> Connection:
    """Connect to a database of the tests' server."""
    return psycopg.connect(
        host=os.environ["DATABASE_HOSTNAME"],
        port=os.environ["DATABASE_PORT"],
        user=os.environ["DATABASE_USERNAME"],
        password=os.environ["DATABASE_PASSWORD"],
        dbname=database,
        autocommit=True,
    )


@contextlib.contextmanager
def new_database() -> Iterator[str]:
    """Give the name of a database that several tests can use, one after the other."""
    if "DATABASE_HOSTNAME" not in os.environ:
        pytest.exit("These tests need a PostgreSQL in DATABASE_*: ./inv test starts one for them.", returncode=2)
    database = f"schema_{os.getpid()}"
    name = sql.Identifier(database)
    with connect("postgres") as server:
        server.execute(sql.SQL("CREATE DATABASE {}").format(name))
        try:
            yield database
        finally:
            server.execute(sql.SQL("DROP DATABASE {} WITH (FORCE)").format(name))


@contextlib.contextmanager
def made(root: Path, database: str) -> Iterator[Service]:
    """Give a project whose first revision makes a table, on a database that is made empty."""
    (root / "alembic/versions").mkdir(parents=True)
    (root / "alembic/env.py").write_text(ENV)
    (root / "pyproject.toml").write_text(PYPROJECT)
    with connect(database) as connection:
        connection.execute(EMPTY)
        service = Service(root, database, connection)
        service.revision("0001", f'op.execute("{FIRST}")', down='op.drop_table("t")')
        yield service
        left = service.ask(f"SELECT datname FROM pg_database WHERE starts_with(datname, '{database}_scratch')")
        assert left == []


@contextlib.contextmanager
def killed(service: Service, condition: str) -> Iterator[None]:
    """Kill a migration once a session of the database matches; afterwards, the next one has to do it."""
    process = service.start("upgrade")
    wait_for(lambda: service.sees(condition))
    process.kill()
    process.communicate()
    assert process.returncode == -signal.SIGKILL
    yield
    done = service.run("upgrade")
    assert done.returncode == 0, done.stderr
