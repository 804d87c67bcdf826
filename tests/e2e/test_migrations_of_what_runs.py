"""Migrations of what runs: phases, rehearsals, backups, and the service while a lock cannot be had."""

import json
import re
import subprocess
from base64 import b64decode
from pathlib import Path

import httpx2
import pytest

from tests.e2e import changes
from tests.e2e.load import under_load
from tests.e2e.support import NAME, commit, containers, run
from tests.e2e.talk import ask, conversation, done, token
from tests.support import PATIENT, Checkout, wait_for

pytestmark = pytest.mark.minutes(3)
PROPERTIES = """
    SELECT datconnlimit, (SELECT array_agg(a::text ORDER BY 1) FROM unnest(datacl) a WHERE a::text !~ '^slipway='),
           (SELECT array_agg(setrole::regrole || setconfig::text ORDER BY 1) FROM pg_db_role_setting
            WHERE setdatabase = d.oid)
    FROM pg_database d WHERE datname = 'slipway'
"""
CHECKSUMS = "SELECT count(*), md5(string_agg(p::text, '' ORDER BY id)) FROM posts p"


def backup_drop_restore(checkout: Checkout, *there: str) -> None:
    """Back up beside what is there, lose data, restore; then try to restore a broken backup."""
    fill(checkout)
    before = ask(checkout, CHECKSUMS)
    done(
        checkout, "psql", "--", "-qc",
        "ALTER DATABASE slipway SET search_path = public, pg_catalog; ALTER DATABASE slipway CONNECTION LIMIT 90;"
        "REVOKE CONNECT ON DATABASE slipway FROM PUBLIC; GRANT CONNECT ON DATABASE slipway TO pg_monitor;"
        "ALTER ROLE slipway IN DATABASE slipway SET work_mem = '8MB'",
    )  # fmt: skip
    of_itself = ask(checkout, PROPERTIES)
    file = checkout.root / "copy of it.dump"
    backup = done(checkout, "backup", "--output", str(file)).stdout.strip()
    assert re.fullmatch(r"\d{8}T\d{6}Z-0002\.dump", backup)
    assert file.stat().st_mode & 0o777 == 0o600
    assert backups(checkout) == [*there, backup]

    done(checkout, "psql", "--", "-qc", "DELETE FROM posts WHERE id > 3; DROP TABLE login_attempts")
    damaged = ask(checkout, CHECKSUMS)
    assert "say --yes" in checkout.inv("restore").stderr
    whole = file.read_bytes()
    is_no_backup(checkout, file, whole[: len(whole) * 2 // 3], "the data is as it was")
    is_no_backup(checkout, file, b"no dump at all", "")
    assert ask(checkout, CHECKSUMS) == damaged

    restored = done(checkout, "restore", "--yes")
    assert "  schema     is current: at head, 0002\n" in restored.stderr
    assert ask(checkout, CHECKSUMS) == before
    assert ask(checkout, PROPERTIES) == of_itself
    conversation(checkout.url)  # the service was there all the time
    (kept,) = re.findall(r"is the database (\w+)\.", restored.stderr)
    assert done(checkout, "psql", "--", "-d", kept, "-Atc", CHECKSUMS).stdout.strip() == damaged
    file.write_bytes(whole)
    done(checkout, "restore", "--file", str(file), "--yes")
    assert ask(checkout, CHECKSUMS) == before
    assert backups(checkout) == [*there, backup]
    names = ask(checkout, "SELECT datname FROM pg_database WHERE datname LIKE '%restored%'")
    assert names == ""


def fill(checkout: Checkout) -> None:
    """Create some posts."""
    headers = token(checkout.url)
    for number in range(20):
        answer = httpx2.post(
            f"{checkout.url}/posts",
            json={"title": str(number), "content": "x" * 5000},
            headers=headers,
            timeout=PATIENT,
        )
        assert answer.status_code == 201


def backups(checkout: Checkout) -> list[str]:
    """Return the names of the backups."""
    return [one["name"] for one in json.loads(done(checkout, "backup", "--list", "--json").stdout)["backups"]]


def is_no_backup(checkout: Checkout, file: Path, content: bytes, said: str) -> None:
    """Check that a file is not restored."""
    file.write_bytes(content)
    broken = checkout.inv("restore", "--file", str(file), "--yes")
    assert broken.returncode != 0
    assert said in broken.stderr


def test_backup_drop_restore_on_the_host(service: Checkout) -> None:
    service.up()
    backup_drop_restore(service)
    done(service, "downgrade", "--to", "0001", "--yes")
    older = done(service, "backup").stdout.strip()
    done(service, "migrate")
    said = done(service, "restore", "--backup", older, "--yes").stderr
    assert "runs and needs 0002, and the backup is at 0001" in said
    assert said.index("the backup is at 0001") < said.index("restore    ")
    assert said.endswith("  next       ./inv migrate: 0002 pending\n")
    done(service, "migrate")
    done(service, "down", "--volumes", "--yes")
    assert list((service.root / ".slipway/dev/backups").iterdir())


def a_dump_that_would_run_a_program_is_harmless(docker: Checkout, target: Path) -> None:
    """Restore a dump whose check of a row runs a program, as a superuser has made it."""
    database = f"{NAME}-db-1"

    def in_it(*command: str) -> str:
        return run("docker", "exec", "--user", "postgres", database, *command)

    program = "COPY (SELECT 1) TO PROGRAM 'cat >/tmp/was-here'"
    check = f"CREATE FUNCTION f() RETURNS bool LANGUAGE plpgsql AS $$BEGIN {program}; RETURN true; END$$"
    for name, sql in (
        ("postgres", "CREATE DATABASE evil"), ("evil", check),
        ("evil", "CREATE TABLE t (a int CHECK (f()))"), ("evil", "INSERT INTO t VALUES (1)"),
    ):  # fmt: skip
        in_it("psql", "-XqU", "superuser", "-d", name, "-c", sql)
    in_it("rm", "/tmp/was-here")
    in_it("pg_dump", "-U", "superuser", "--format=custom", "--file=/tmp/evil.dump", "evil")
    target.write_bytes(b64decode(in_it("base64", "/tmp/evil.dump")))
    refused = docker.inv("restore", "--file", str(target), "--yes")
    assert refused.returncode != 0
    assert "permission denied to COPY" in refused.stderr
    assert "the data is as it was" in refused.stderr
    assert "was-here" not in in_it("ls", "/tmp")
    in_it("psql", "-XqU", "superuser", "-d", "postgres", "-c", "DROP DATABASE evil")


def test_backup_drop_restore_on_docker(docker: Checkout, tmp_path: Path) -> None:
    done(docker, "up")
    a_dump_that_would_run_a_program_is_harmless(docker, tmp_path / "evil.dump")
    ahead = "20990101T000000Z-0001.dump"  # made by one whose clock was wrong, before backups had an order
    run("docker", "run", "--rm", "--volume", f"{NAME}-backups:/backups", "postgres:17", "touch", f"/backups/{ahead}")
    backup_drop_restore(docker, ahead)


@pytest.mark.full  # its order is tested without an engine; a release's gate rehearses, and is made to fail
def test_the_previous_release_is_rehearsed_on_the_new_schema(docker: Checkout) -> None:
    first = docker.inv("migrate", "--rehearse")
    assert first.returncode == 0, first.stderr
    assert "there is no previous release" in first.stderr

    run("git", "tag", "--annotate", "v0.1.0", "--message", "0.1.0", cwd=docker.root)
    done(docker, "build")
    run("docker", "build", "--quiet", "--target", "test", "--tag", f"{NAME}:0.1.0-test", ".", cwd=docker.root)
    changes.rename_step_by_step(docker)
    commit(docker, "Rename it step by step")
    whole = docker.inv("migrate", "--rehearse", "--json")
    assert whole.returncode == 0, whole.stderr
    outcomes = json.loads(whole.stdout)["outcomes"]
    assert [(one["schema"], one["passed"], one["needed"]) for one in outcomes] == [
        ("0002, as it is", True, True), ("0004", True, True), ("0004", True, True), ("0005", True, True),
        ("0005", False, False),
    ]  # fmt: skip


def test_behind_a_long_query_the_migration_gives_up_and_the_service_goes_on(service: Checkout) -> None:
    done(service.by_an_ordinary_user(), "up", "--prod", "--runtime", "host", WEB_CONCURRENCY="2")
    headers = token(service.url)
    changes.revision(service, "0003", "0002", "expand", changes.ADD, changes.TAKE_BACK)
    with under_load(service.url, headers, 10) as load:
        wait_for(lambda: len(load.stored) > 20)
        query = ["psql", "--prod", "--", "-qc", "SELECT count(*), pg_sleep(60) FROM posts GROUP BY id LIMIT 1"]
        with service.start(*query) as reading:
            running = "SELECT pid FROM pg_stat_activity WHERE query LIKE '%pg_sleep(60)%' AND wait_event = 'PgSleep'"
            wait_for(lambda: ask(service, running, "--prod") != "")
            pid = ask(service, running, "--prod")
            given_up = service.inv("migrate", "--prod")
            assert reading.poll() is None
            ask(service, f"SELECT pg_cancel_backend({pid})", "--prod")
        done(service, "migrate", "--prod")

    assert given_up.returncode == 1
    assert f"0003 did not get its lock in 5 tries of 2 s: it is held by process {pid}" in given_up.stderr
    assert given_up.stderr.count("again in") == 4
    assert load.failed == []
    stored = ask(service, "SELECT count(*) FROM posts", "--prod")
    assert int(stored) == len(load.stored)
    assert ask(service, "SELECT version_num FROM alembic_version", "--prod") == "0003"
    done(service, "down", "--prod")


INDEX = """    with op.get_context().autocommit_block():
        op.create_index("ix_posts_created_at", "posts", ["created_at"], postgresql_concurrently=True)
"""
NO_INDEX = """    with op.get_context().autocommit_block():
        op.drop_index("ix_posts_created_at", "posts", postgresql_concurrently=True)
"""


@pytest.mark.full  # the same happens without an engine in tests/slipway/schema
def test_of_five_at_once_one_applies(docker: Checkout) -> None:
    done(docker, "up")
    changes.revision(docker, "0003", "0002", "expand", changes.ADD, changes.TAKE_BACK)
    changes.revision(docker, "0004", "0003", "expand", INDEX, NO_INDEX)

    started = [
        subprocess.Popen(
            docker.command("migrate", "--json"), cwd=docker.root, env=docker.environ(), stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
        )
        for _ in range(5)
    ]  # fmt: skip
    ended = [process.communicate(timeout=300) for process in started]

    assert [process.returncode for process in started] == [0] * 5, ended
    applied = [[one["revision"] for one in json.loads(out)["applied"]] for out, _ in ended]
    assert sorted(applied) == [[], [], [], [], ["0003", "0004"]]
    assert all("at head" in err for (_, err), those in zip(ended, applied, strict=True) if not those)
    conversation(docker.url)


@pytest.mark.full  # likewise
def test_a_container_killed_while_it_builds_an_index_is_made_up_for(docker: Checkout) -> None:
    done(docker, "up")
    conversation(docker.url)
    changes.revision(docker, "0003", "0002", "expand", INDEX, NO_INDEX)
    hold = "BEGIN; UPDATE posts SET title = title; SELECT pg_sleep(600)"
    with docker.start("psql", "--", "-qc", hold) as writing:
        holding = "SELECT pid FROM pg_stat_activity WHERE query LIKE '%pg_sleep(600)%' AND wait_event = 'PgSleep'"
        wait_for(lambda: ask(docker, holding) != "")
        with docker.start("migrate") as killed:
            building = "SELECT 1 FROM pg_stat_activity WHERE query LIKE 'CREATE INDEX%' AND wait_event = 'virtualxid'"
            wait_for(lambda: ask(docker, building) != "")
            (container,) = [name for name in containers() if "-migrate-" in name]
            run("docker", "kill", "--signal", "KILL", container)
            assert killed.stdout
            assert "Once it is mended: ./inv migrate" in killed.stdout.read()
        assert killed.returncode == 137
        assert ask(docker, "SELECT indisvalid FROM pg_index WHERE indexrelid = 'ix_posts_created_at'::regclass") == "f"
        assert ask(docker, "SELECT version_num FROM alembic_version") == "0002"
        ask(docker, f"SELECT pg_terminate_backend({ask(docker, holding)})")
    assert writing.returncode != 0

    done(docker, "migrate")
    assert ask(docker, "SELECT indisvalid FROM pg_index WHERE indexrelid = 'ix_posts_created_at'::regclass") == "t"
    assert ask(docker, "SELECT version_num FROM alembic_version") == "0003"
    assert not [name for name in containers() if "-migrate-" in name]
