"""Revisions tried on a scratch database: plans, checks, drift, what going back deletes."""

import json
from pathlib import Path
from threading import Thread

import psycopg
from psycopg import sql

from slipway.project.database import Database
from slipway.runtime.postgres import FAST, Server
from slipway.schema.database import MARK, drop
from tests.slipway.schema.support import CONCURRENTLY, PYPROJECT, Service, connect
from tests.support import wait_for


def test_a_plan_shows_locks_rewrites_and_changes_and_changes_nothing(service: Service) -> None:
    service.begin()
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
    service.begin()
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
    service.follow("0002", "0001")
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


def test_older_revisions_are_applied_alone(service: Service) -> None:
    service.revision("0002", 'op.execute("CREATE TABLE u (a int)")')  # could not be applied again
    service.revision("0003", 'op.execute("CREATE INDEX IF NOT EXISTS ix_a ON t (a)")')
    (service.root / "pyproject.toml").write_text(f'{PYPROJECT}\n[tool.slipway.lint]\nafter = "0002"\n')

    first, second, third = service.json("check")["trials"]

    assert (first["sql"], second["error"], third["error"]) == ("", "", "")
    assert [one["name"] for one in third["back"]] == ["ix_a"]
    service.revision("0002", 'op.execute("SELECT 1/0")')
    service.follow("0002", "0001")
    assert [one["error"] for one in service.json("check")["trials"]] == ["", "division by zero"]


def merged(service: Service) -> None:
    """Write two revisions on top of the first, and one that joins them."""
    service.revision("000a", 'op.execute("CREATE TABLE ta (a int)")', down='op.drop_table("ta")')
    service.revision("000b", 'op.execute("CREATE TABLE tb (a int)")', down='op.drop_table("tb")')
    service.revision("0100")
    service.follow("000a", "0001")
    service.follow("000b", "0001")
    service.follow("0100", ("000a", "000b"))


def test_around_a_merge_each_revision_goes_alone(service: Service) -> None:
    merged(service)
    service.revision("0101")
    service.follow("0101", "0100")

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


def test_without_the_right_to_create_databases_it_migrates_all_the_same(service: Service, tmp_path: Path) -> None:
    server = Server(tmp_path / "elsewhere")
    login = Database("somebody", "a long enough word", "theirs")
    try:
        there = login.seen_at("127.0.0.1", server.start(login, settings=FAST)).variables
        server.as_superuser("ALTER ROLE somebody NOCREATEDB")

        assert service.run("upgrade", **there).returncode == 0
        planned = service.run("check", "--json", **there)
        told = service.run("undo", "--to", "base", "--json", **there)
    finally:
        server.stop()
    assert planned.returncode == 4
    assert "CREATEDB" in planned.stderr
    assert json.loads(told.stdout)["lost"] is None


def test_a_database_goes_with_a_session_in_it_that_the_role_may_not_end(tmp_path: Path) -> None:
    # As an autovacuum worker's: FORCE ends none of a superuser's.
    server = Server(tmp_path / "elsewhere")
    login = Database("somebody", "a long enough word", "theirs")
    try:
        port = server.start(login, settings=FAST)
        with psycopg.connect(
            host="127.0.0.1", port=port, user=login.username, password=login.password, dbname="theirs", autocommit=True
        ) as mine:
            mine.execute("CREATE DATABASE scratch")
            sleeps = Thread(target=lambda: sleep_until_it_is_asked_to_end(server))
            sleeps.start()
            wait_for(lambda: bool(mine.execute("SELECT 1 FROM pg_stat_activity WHERE datname = 'scratch'").fetchall()))

            drop(mine, "scratch")

            sleeps.join()
            assert mine.execute("SELECT 1 FROM pg_database WHERE datname = 'scratch'").fetchall() == []
    finally:
        server.stop()


def sleep_until_it_is_asked_to_end(server: Server) -> None:
    """Stay in the database, until somebody waits for whoever is in it."""
    waits = "EXISTS (SELECT 1 FROM pg_stat_activity WHERE query = 'DROP DATABASE IF EXISTS \"scratch\"')"
    loop = f"LOOP PERFORM pg_stat_clear_snapshot(); EXIT WHEN {waits}; PERFORM pg_sleep(0.05); END LOOP"
    server.as_superuser(f"DO $$ BEGIN {loop}; END $$", "scratch")
