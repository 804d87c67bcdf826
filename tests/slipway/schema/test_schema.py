"""Migrations on a real PostgreSQL: several at once, killed at every stage, behind locks, and what is told of them."""

import contextlib
import itertools
import json
import os
import re
import shutil
import signal
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import psycopg
import pytest
from psycopg import sql

from slipway.schema.database import MARK
from tests.conftest import ROOT, wait_for

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

_numbers = itertools.count()


@dataclass
class Service:
    """A project with migrations, on a database of its own."""

    root: Path
    database: str

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

    def start(self, *args: str, **env: str) -> "subprocess.Popen[str]":
        """Run a command of slipway.schema; don't wait."""
        return subprocess.Popen(
            [sys.executable, "-m", "slipway.schema", *args], cwd=self.root, text=True,
            env={**os.environ, "DATABASE_NAME": self.database, **env}, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
        )  # fmt: skip

    def run(self, *args: str, **env: str) -> subprocess.CompletedProcess[str]:
        """Run a command of slipway.schema."""
        process = self.start(*args, **env)
        out, err = process.communicate(timeout=60)
        return subprocess.CompletedProcess(args, process.returncode, out, err)

    def json(self, *args: str) -> dict[str, Any]:
        """Run a command that has to succeed; return what it found."""
        done = self.run(*args, "--json")
        assert done.returncode == 0, done.stderr
        return dict(json.loads(done.stdout))

    def connect(self) -> "psycopg.Connection[tuple[Any, ...]]":
        """Connect to the database."""
        return connect(self.database)

    def ask(self, query: str) -> list[tuple[Any, ...]]:
        """Return the rows of a query."""
        with self.connect() as connection:
            return connection.execute(query.encode()).fetchall()

    def do(self, *statements: str) -> None:
        """Change the database."""
        with self.connect() as connection:
            for statement in statements:
                connection.execute(statement.encode())

    @property
    def at(self) -> str:
        """The revision that the database is at."""
        return str(self.ask("SELECT version_num FROM alembic_version")[0][0])

    def sees(self, condition: str) -> bool:
        """Tell whether a session of this database matches."""
        return bool(self.ask(f"SELECT 1 FROM pg_stat_activity WHERE datname = current_database() AND {condition}"))


def connect(database: str) -> "psycopg.Connection[tuple[Any, ...]]":
    """Connect to a database of the tests' server."""
    return psycopg.connect(
        host=os.environ["DATABASE_HOSTNAME"],
        port=os.environ["DATABASE_PORT"],
        user=os.environ["DATABASE_USERNAME"],
        password=os.environ["DATABASE_PASSWORD"],
        dbname=database,
        autocommit=True,
    )


@pytest.fixture
def service(tmp_path: Path) -> Iterator[Service]:
    """Give a project whose first revision makes a table."""
    if "DATABASE_HOSTNAME" not in os.environ:
        pytest.exit("These tests need a PostgreSQL in DATABASE_*: ./inv test starts one for them.", returncode=2)
    (tmp_path / "alembic/versions").mkdir(parents=True)
    (tmp_path / "alembic/env.py").write_text(ENV)
    (tmp_path / "pyproject.toml").write_text(PYPROJECT)
    (tmp_path / "slipway").mkdir()
    shutil.copy(ROOT / "slipway/__init__.py", tmp_path / "slipway")
    shutil.copytree(ROOT / "slipway/schema", tmp_path / "slipway/schema")
    database = f"schema_{os.getpid()}_{next(_numbers)}"
    name = sql.Identifier(database)
    with connect("postgres") as server:
        server.execute(sql.SQL("CREATE DATABASE {}").format(name))
        made = Service(tmp_path, database)
        made.revision("0001", 'op.execute("CREATE TABLE t (id bigint PRIMARY KEY, a text)")', down='op.drop_table("t")')
        yield made
        left = server.execute("SELECT datname FROM pg_database WHERE starts_with(datname, %s)", [f"{database}_scratch"])
        assert left.fetchall() == []
        server.execute(sql.SQL("DROP DATABASE {} WITH (FORCE)").format(name))


def test_each_revision_is_applied_and_told(service: Service) -> None:
    service.revision("0002", 'op.execute("CREATE TABLE u (a int)")', 'print("a word on the way")')

    first, second = service.run("upgrade", "--json"), service.run("upgrade", "--json")

    assert [one["revision"] for one in json.loads(first.stdout)["applied"]] == ["0001", "0002"]
    assert "a word on the way" in first.stderr
    assert "what 0002 does" in first.stderr
    assert json.loads(second.stdout) == {"from": ["0002"], "to": ["0002"], "applied": [], "waiting": []}
    assert "at head" in second.stderr


def test_a_failing_revision_is_not_half_applied_and_those_before_it_are(service: Service) -> None:
    service.revision("0002", 'op.execute("CREATE TABLE u (a int)")')
    service.revision("0003", 'op.execute("CREATE TABLE v (a int)")', 'op.execute("SELECT 1/0")')

    failed = service.run("upgrade")

    assert failed.returncode == 1
    assert "division by zero" in failed.stderr
    assert "nothing of it was applied" in failed.stderr
    assert "Traceback" not in failed.stderr
    assert service.at == "0002"
    assert service.ask("SELECT to_regclass('v')") == [(None,)]


def test_a_mistake_in_a_revision_shows_where(service: Service) -> None:
    service.revision("0002", "nowhere()")

    failed = service.run("upgrade")

    assert failed.returncode == 1
    assert "0002.py" in failed.stderr
    assert "nowhere" in failed.stderr


@pytest.mark.parametrize("index", [False, True], ids=["in a transaction", "concurrently"])
def test_of_five_at_once_one_applies(service: Service, index: bool) -> None:
    service.revision("0002", 'op.execute("SELECT pg_sleep(1)")')
    service.revision("0003", CONCURRENTLY if index else 'op.execute("CREATE INDEX ix_a ON t (a)")')

    started = [service.start("upgrade", "--json", SLIPWAY_BY=f"ada@host{n}") for n in range(5)]
    ended = [process.communicate(timeout=60) for process in started]

    assert [process.returncode for process in started] == [0] * 5
    applied = [len(json.loads(out)["applied"]) for out, _ in ended]
    assert sorted(applied) == [0, 0, 0, 0, 3]
    said = [err for (_, err), count in zip(ended, applied, strict=True) if not count]
    assert all("at head    0003" in err for err in said)
    assert any("waiting for slipway: ada@host" in err for err in said)
    assert service.ask("SELECT indisvalid FROM pg_index WHERE indexrelid = 'ix_a'::regclass") == [(True,)]


def test_behind_a_lock_it_gives_up_and_names_who_holds_it(service: Service) -> None:
    service.run("upgrade", "--to", "0001")
    service.revision("0002", 'op.execute("ALTER TABLE t ADD COLUMN b int")')
    with service.connect() as reader, reader.transaction():
        reader.execute("SELECT * FROM t")
        failed = service.run("upgrade")
        pid = reader.info.backend_pid

    assert failed.returncode == 1
    assert f"process {pid} of PostgreSQL" in failed.stderr
    assert "2 tries of 1 s" in failed.stderr
    assert failed.stderr.count("again in") == 1
    assert service.at == "0001"
    assert service.run("upgrade").returncode == 0
    assert service.at == "0002"


@contextlib.contextmanager
def killed(service: Service, condition: str) -> Iterator[None]:
    """Kill a migration once a session of the database matches."""
    process = service.start("upgrade")
    wait_for(lambda: service.sees(condition))
    process.kill()
    process.communicate()
    assert process.returncode == -signal.SIGKILL
    yield
    done = service.run("upgrade")
    assert done.returncode == 0, done.stderr


def test_killed_between_revisions(service: Service) -> None:
    service.revision("0002", 'while os.path.exists("wait"): time.sleep(0.01)', 'op.execute("CREATE TABLE u (a int)")')
    (service.root / "wait").touch()
    process = service.start("upgrade")
    wait_for(lambda: service.ask("SELECT to_regclass('t')") != [(None,)])
    process.kill()
    process.communicate()

    assert service.at == "0001"
    (service.root / "wait").unlink()
    assert service.run("upgrade").returncode == 0
    assert service.at == "0002"


def test_killed_inside_a_revision(service: Service) -> None:
    asleep = 'if os.path.exists("wait"): op.execute("SELECT pg_sleep(600)")'
    service.revision("0002", 'op.execute("ALTER TABLE t ADD COLUMN b int")', asleep)
    (service.root / "wait").touch()
    with killed(service, "query LIKE '%pg_sleep(600)%' AND pid <> pg_backend_pid()"):
        assert service.at == "0001"
        (service.root / "wait").unlink()

    assert service.at == "0002"
    assert not service.sees("query LIKE '%pg_sleep(600)%' AND pid <> pg_backend_pid()")


def test_killed_while_an_index_is_built_concurrently(service: Service) -> None:
    service.run("upgrade", "--to", "0001")
    service.revision("0002", CONCURRENTLY)
    with service.connect() as writer:
        writer.execute("BEGIN")
        writer.execute("INSERT INTO t VALUES (1, 'x')")
        with killed(service, "query LIKE 'CREATE INDEX CONCURRENTLY%' AND wait_event = 'virtualxid'"):
            assert service.ask("SELECT indisvalid FROM pg_index WHERE indexrelid = 'ix_a'::regclass") == [(False,)]
            assert service.at == "0001"
            writer.execute("COMMIT")

    assert service.at == "0002"
    assert service.ask("SELECT indisvalid FROM pg_index WHERE indexrelid = 'ix_a'::regclass") == [(True,)]


def test_killed_after_an_index_was_built_and_before_that_was_noted(service: Service) -> None:
    service.run("upgrade", "--to", "0001")
    service.revision("0002", CONCURRENTLY)
    service.do("CREATE INDEX ix_a ON t (a)")

    assert service.run("upgrade").returncode == 0
    assert service.at == "0002"


def test_a_unique_index_that_cannot_be_built_leaves_nothing(service: Service) -> None:
    service.run("upgrade", "--to", "0001")
    service.do("INSERT INTO t VALUES (1, 'x'), (2, 'x')")
    service.revision("0002", CONCURRENTLY.replace("CREATE INDEX", "CREATE UNIQUE INDEX"))

    failed = service.run("upgrade")

    assert failed.returncode == 1
    assert "Key (a)=(x) is duplicated" in failed.stderr
    assert service.ask("SELECT to_regclass('ix_a')") == [(None,)]


@pytest.mark.parametrize(
    ("there", "said"),
    [
        ("CREATE INDEX ix_a ON other (a)", 'relation "ix_a" already exists'),
        ("CREATE INDEX ix_a ON t (id)", "There is another index ix_a on t already"),
        ("CREATE UNIQUE INDEX ix_a ON t (a)", "There is another index ix_a on t already"),
    ],
)
def test_another_index_of_that_name_is_not_taken_for_it(service: Service, there: str, said: str) -> None:
    service.run("upgrade", "--to", "0001")
    service.do("CREATE TABLE other (a text)", there)
    service.revision("0002", CONCURRENTLY)

    failed = service.run("upgrade")

    assert failed.returncode == 1
    assert said in failed.stderr
    assert "Traceback" not in failed.stderr
    assert service.at == "0001"


def test_an_index_is_repaired_however_it_is_written(service: Service) -> None:
    service.do('CREATE SCHEMA "S"', 'CREATE TABLE "S"."T t" (a int)', 'INSERT INTO "S"."T t" VALUES (1), (1)')
    statement = '-- why\\nCREATE UNIQUE INDEX /* big */ CONCURRENTLY "I ""x" ON "S" . "T t" (a)'
    service.revision("0002", f"with op.get_context().autocommit_block(): op.execute('{statement}')")
    left = "SELECT i.indisvalid FROM pg_index i JOIN pg_class c ON c.oid = i.indexrelid WHERE relname = 'I \"x'"

    assert service.run("upgrade").returncode == 1
    assert service.ask(left) == []
    service.do(
        'CREATE INDEX "I ""x" ON "S"."T t" (a)',
        'UPDATE pg_index SET indisvalid = false WHERE indexrelid = \'"S"."I ""x"\'::regclass',
    )
    service.do('DELETE FROM "S"."T t"')
    assert service.run("upgrade").returncode == 0
    assert service.ask(left) == [(True,)]


def test_an_index_is_recognised_with_a_percent_sign_in_it(service: Service) -> None:
    where = CONCURRENTLY.replace("(a)", "(lower(a), id) WHERE a LIKE 'x%' AND a <> ';--'")
    service.revision("0002", where.replace('"', '"""'))
    service.run("upgrade", "--to", "0001")
    service.do("CREATE INDEX ix_a ON t (lower(a), id) WHERE a LIKE 'x%' AND a <> ';--'")

    done = service.run("upgrade")

    assert done.returncode == 0, done.stderr
    assert "the index ix_a is there already: kept" in done.stderr


def test_an_index_without_a_name_is_refused(service: Service) -> None:
    service.revision("0002", CONCURRENTLY.replace("ix_a ", ""))

    failed = service.run("upgrade")

    assert failed.returncode == 1
    assert "needs a name" in failed.stderr


@pytest.mark.parametrize("way", ["sys.exit(0)", "sys.exit('out of here')", "raise KeyError('nowhere')"])
def test_a_revision_that_ends_the_process_fails(service: Service, way: str) -> None:
    service.revision("0002", "import sys", way)

    failed = service.run("upgrade", "--json")

    assert failed.returncode == 1
    assert "0002" in failed.stderr
    assert failed.stdout == ""
    assert service.at == "0001"


def test_what_a_revision_runs_may_print(service: Service) -> None:
    service.revision("0002", "import subprocess", "subprocess.run(['echo', 'hello'], check=True)")

    done = service.run("upgrade", "--json")

    assert "hello" in done.stderr
    assert json.loads(done.stdout)["to"] == ["0002"]


def merged(service: Service) -> None:
    """Write two revisions on top of the first, and one that joins them."""
    folder = service.root / "alembic/versions"
    service.revision("000a", 'op.execute("CREATE TABLE ta (a int)")', down='op.drop_table("ta")')
    service.revision("000b", 'op.execute("CREATE TABLE tb (a int)")', down='op.drop_table("tb")')
    for name in ("000a", "000b"):
        text = (folder / f"{name}.py").read_text()
        (folder / f"{name}.py").write_text(re.sub("down_revision = .*", "down_revision = '0001'", text))
    service.revision("0100")
    text = (folder / "0100.py").read_text()
    (folder / "0100.py").write_text(re.sub("down_revision = .*", "down_revision = ('000a', '000b')", text))


def test_around_a_merge_each_revision_goes_alone(service: Service) -> None:
    merged(service)
    service.revision("0101")
    text = (service.root / "alembic/versions/0101.py").read_text()
    (service.root / "alembic/versions/0101.py").write_text(re.sub("down_revision = .*", "down_revision = '0100'", text))

    assert [(one["error"], one["back"]) for one in service.json("check")["trials"]] == [("", [])] * 5
    assert len(service.json("upgrade")["applied"]) == 5
    told = service.json("undo", "--to", "000a")
    done = service.json("downgrade", "--to", "000a")

    assert [one["id"] for one in told["undone"]] == ["0101", "0100", "000b"]
    assert done["to"] == ["000a"]
    assert service.ask("SELECT to_regclass('ta')::text, to_regclass('tb')::text") == [("ta", None)]


def test_a_table_that_is_dropped_and_made_again_is_dropped(service: Service) -> None:
    again = 'op.execute("DROP TABLE t; CREATE TABLE t (id bigint PRIMARY KEY)")'
    service.revision("0002", again)
    service.revision("0003", 'op.execute("CREATE VIEW v AS SELECT 1 AS a, 2 AS b")', down='op.execute("DROP VIEW v")')
    service.revision("0004", 'op.execute("DROP VIEW v; CREATE VIEW v AS SELECT 1 AS a")')
    service.revision("0005", 'op.execute("CREATE SCHEMA s; ALTER TABLE t SET SCHEMA s")')

    changes = [one["changes"] for one in service.json("plan")["trials"]]

    assert ("dropped", "table", "t") in [(one["what"], one["kind"], one["name"]) for one in changes[1]]
    assert ("dropped", "column", "v.b") in [(one["what"], one["kind"], one["name"]) for one in changes[3]]
    assert ("renamed", "t", "s.t") in [(one["what"], one["before"], one["after"]) for one in changes[4]]


def test_going_forward_to_what_lies_behind_is_refused(service: Service) -> None:
    service.revision("0002")
    service.run("upgrade")

    failed = service.run("upgrade", "--to", "0001")

    assert failed.returncode == 1
    assert "./inv downgrade --to 0001" in failed.stderr


def test_an_interrupted_migration_takes_its_revision_back(service: Service) -> None:
    service.revision("0002", 'op.execute("CREATE TABLE u (a int)")', 'op.execute("SELECT pg_sleep(600)")')
    process = service.start("upgrade")
    wait_for(lambda: service.sees("query LIKE '%pg_sleep(600)%' AND pid <> pg_backend_pid()"))
    process.terminate()
    _, said = process.communicate(timeout=30)

    assert process.returncode == 130
    assert "Stopped" in said
    assert service.at == "0001"


def test_timeouts_are_set_by_kind_of_statement(service: Service) -> None:
    seen = "current_setting('lock_timeout') AS l, current_setting('statement_timeout') AS s"
    service.revision(
        "0002",
        f'op.execute("CREATE TABLE seen AS SELECT {seen}")',
        f'op.execute("INSERT INTO seen SELECT {seen}")',
        f'with op.get_context().autocommit_block(): op.execute("INSERT INTO seen SELECT {seen}")',
        "op.execute(\"SET LOCAL statement_timeout = '5min'\")",
        f'op.execute("INSERT INTO seen SELECT {seen}")',
    )

    assert service.run("upgrade").returncode == 0
    assert service.ask("SELECT l, s FROM seen") == [
        ("1s", "30s"), ("1s", "10min"), ("1s", "10min"), ("1s", "5min"),
    ]  # fmt: skip


def test_another_database_than_the_named_one_is_refused(service: Service) -> None:
    env = service.root / "alembic/env.py"
    env.write_text(env.read_text().replace('os.environ["DATABASE_NAME"]', '"postgres"'))

    failed = service.run("upgrade")

    assert failed.returncode == 1
    assert "alembic/env.py opens the database postgres" in failed.stderr


def test_a_database_of_a_newer_release_is_left_alone(service: Service) -> None:
    service.revision("0002")
    service.run("upgrade")
    (service.root / "alembic/versions/0002.py").unlink()

    failed = service.run("upgrade")

    assert failed.returncode == 1
    assert "at 0002, which is not among the revisions here" in failed.stderr


def test_what_takes_something_away_waits_for_the_release_that_needs_it(service: Service) -> None:
    service.revision("0002", 'op.execute("ALTER TABLE t ADD COLUMN b text")')
    service.revision("0003", 'op.drop_column("t", "a")', phase="contract")

    waits = service.run("upgrade", "--live", "app:0.1.0=0001", "--json")
    assert (waits.returncode, json.loads(waits.stdout)["waiting"]) == (0, ["0003"])
    assert service.at == "0002"
    refused = service.run("upgrade", "--live", "app:0.1.0=0002", "--contract")
    assert refused.returncode == 3
    assert "app:0.1.0, which is live, doesn't know 0003" in refused.stderr
    service.revision("0004")
    assert service.run("upgrade", "--live", "app:0.1.0=0001").returncode == 3
    assert service.run("upgrade", "--live", "app:0.2.0=0004", "--contract").returncode == 0
    assert service.at == "0004"


def test_a_plan_shows_locks_rewrites_and_changes_and_changes_nothing(service: Service) -> None:
    service.run("upgrade", "--to", "0001")
    service.do("INSERT INTO t SELECT n, 'x' FROM generate_series(1, 100) n", "ANALYZE t")
    service.revision(
        "0002", 'op.execute("ALTER TABLE t RENAME a TO b")', down='op.execute("ALTER TABLE t RENAME b TO a")'
    )
    service.revision(
        "0003",
        'op.execute("ALTER TABLE t ALTER b TYPE int USING 1")',
        down='op.execute("ALTER TABLE t ALTER b TYPE text")',
    )
    service.revision("0004", CONCURRENTLY.replace("(a)", "(b)"), down='op.execute("DROP INDEX ix_a")')

    plan = service.json("plan")

    assert service.at == "0001"
    assert plan["sizes"]["t"]["rows"] == 100
    renamed, rewritten, indexed = plan["trials"]
    assert renamed["statements"][0]["locks"] == {"t": "AccessExclusiveLock"}
    assert [(one["what"], one["before"], one["after"]) for one in renamed["changes"]] == [("renamed", "t.a", "t.b")]
    assert renamed["rewrites"] == []
    assert rewritten["rewrites"] == ["t"]
    assert indexed["statements"][0]["locks"] == {"t": "ShareUpdateExclusiveLock"}
    assert "ALTER TABLE t RENAME a TO b" in renamed["sql"]
    assert "alembic_version" not in renamed["sql"]


def test_the_sql_of_what_is_pending(service: Service) -> None:
    service.run("upgrade", "--to", "0001")
    service.revision("0002", 'op.execute("CREATE TABLE u (a int)")')

    shown = service.run("sql")

    assert "CREATE TABLE u (a int)" in shown.stdout
    assert "CREATE TABLE t" not in shown.stdout
    assert shown.stdout.startswith("-- 0002 (expand): what 0002 does")


def test_check_tells_what_does_not_come_back(service: Service) -> None:
    service.revision("0002", 'op.execute("CREATE INDEX ix_a ON t (a)")')
    service.revision("0003", down="raise NotImplementedError('there is no way back')")
    service.revision("0004", "op.get_bind().execute(sa.text('SELECT 1')).scalar_one()")

    found = service.json("check")["trials"]

    assert [(one["kind"], one["name"]) for one in found[1]["back"]] == [("index", "ix_a")]
    assert "cannot be applied again" in found[1]["error"]
    service.revision("0002", 'op.execute("CREATE INDEX ix_a ON t (a)")', down='op.execute("DROP INDEX ix_a")')
    (service.root / "alembic/versions/0002.py").write_text(
        (service.root / "alembic/versions/0002.py").read_text().replace("'0004'", "'0001'")
    )
    found = service.json("check")["trials"]
    assert [one["error"] for one in found] == [""] * 4
    assert found[2]["irreversible"]
    assert "NoneType" in found[3]["offline"]


def test_two_newest_revisions_are_named(service: Service) -> None:
    service.revision("0002")
    other = (service.root / "alembic/versions/0002.py").read_text().replace("'0002'", "'0003'")
    (service.root / "alembic/versions/0003.py").write_text(other)

    failed = service.run("upgrade")

    assert failed.returncode == 1
    assert "0002" in failed.stderr
    assert "0003" in failed.stderr
    assert service.json("check")["heads"] == ["0002", "0003"]


def test_drift_is_told_part_by_part(service: Service) -> None:
    service.run("upgrade")
    assert service.json("drift")["changes"] == []
    service.do("ALTER TABLE t ADD COLUMN c int", "ALTER TABLE t ALTER a SET DEFAULT 'x'", "CREATE INDEX mine ON t (a)")

    found = {(one["what"], one["kind"], one["name"]) for one in service.json("drift")["changes"]}

    assert found == {("added", "column", "t.c"), ("changed", "column", "t.a"), ("added", "index", "mine")}


def test_going_back_tells_what_it_deletes(service: Service) -> None:
    service.revision("0002", 'op.execute("ALTER TABLE t ADD COLUMN b text")', down='op.drop_column("t", "b")')
    service.revision("0003", 'op.execute("CREATE TABLE u (a int)")', down='op.drop_table("u")')
    service.run("upgrade")
    service.do("INSERT INTO t VALUES (1, 'x', 'y'), (2, 'x', NULL)", "INSERT INTO u VALUES (1)")

    told = service.json("undo", "--to", "0001")

    assert [one["id"] for one in told["undone"]] == ["0003", "0002"]
    assert "DROP TABLE u" in told["undone"][0]["sql"]
    assert {(one["kind"], one["name"], one["rows"]) for one in told["lost"]} == {
        ("table", "u", 1),
        ("column", "t.b", 1),
    }
    assert service.at == "0003"
    done = service.json("downgrade", "--to", "0001")
    assert (service.at, done["to"]) == ("0001", ["0001"])


def test_what_a_killed_trial_left_is_removed_by_the_next(service: Service) -> None:
    service.run("upgrade")
    with connect("postgres") as server:
        dead, mine = (sql.Identifier(f"{service.database}_scratch_{name}") for name in ("dead", "mine"))
        server.execute(sql.SQL("CREATE DATABASE {}").format(dead))
        server.execute(sql.SQL("COMMENT ON DATABASE {} IS {}").format(dead, MARK))
        server.execute(sql.SQL("CREATE DATABASE {}").format(mine))

        told = service.run("drift")

        left = server.execute("SELECT datname FROM pg_database WHERE starts_with(datname, %s)", [service.database])
        assert {name for (name,) in left} == {service.database, f"{service.database}_scratch_mine"}
        server.execute(sql.SQL("DROP DATABASE {}").format(mine))
    assert "scratch_dead was left by a run that was killed: removed" in told.stderr


def test_without_the_right_to_create_databases_it_migrates_all_the_same(service: Service) -> None:
    login, word = sql.Identifier(f"{service.database}_login"), "a long enough word"
    as_them = {"DATABASE_USERNAME": f"{service.database}_login", "DATABASE_PASSWORD": word}
    with connect("postgres") as server:
        server.execute(sql.SQL("CREATE ROLE {} LOGIN PASSWORD {}").format(login, sql.Literal(word)))
        server.execute(sql.SQL("ALTER DATABASE {} OWNER TO {}").format(sql.Identifier(service.database), login))
        service.do("GRANT ALL ON SCHEMA public TO PUBLIC")

        assert service.run("upgrade", **as_them).returncode == 0
        planned = service.run("check", "--json", **as_them)
        told = service.run("undo", "--to", "base", "--json", **as_them)

        service.do("DROP TABLE t, alembic_version")
        server.execute(sql.SQL("ALTER DATABASE {} OWNER TO CURRENT_USER").format(sql.Identifier(service.database)))
        server.execute(sql.SQL("DROP ROLE {}").format(login))
    assert planned.returncode == 4
    assert "CREATEDB" in planned.stderr
    assert json.loads(told.stdout)["lost"] is None
