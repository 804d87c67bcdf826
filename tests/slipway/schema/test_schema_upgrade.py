"""Revisions applied to a real PostgreSQL: each whole, several runs at once, behind locks."""

import json

import pytest

from tests.slipway.schema.support import CONCURRENTLY, Service
from tests.support import wait_for


def test_each_revision_is_applied_and_told(service: Service) -> None:
    service.revision("0002", 'op.execute("CREATE TABLE u (a int)")', 'print("a word on the way")')

    first, second = service.run("upgrade", "--json"), service.run("upgrade", "--json")

    assert [one["revision"] for one in json.loads(first.stdout)["applied"]] == ["0001", "0002"]
    assert "a word on the way" in first.stderr
    assert "what 0002 does" in first.stderr
    assert json.loads(second.stdout) == {"version": 1, "from": ["0002"], "to": ["0002"], "applied": [], "waiting": []}
    assert "at head" in second.stderr


def test_lines_have_their_columns_below_each_other_whatever_revisions_are_called(service: Service) -> None:
    names = ["0001", "0002_4f1c9a7e", "0003_what_every_customer_asked_1"]
    for name in names[1:]:
        service.revision(name, "pass")

    def columns(said: str) -> set[tuple[int, int, int]]:
        lines = [line for line in said.splitlines() if line.endswith(" s")]
        assert len(lines) == len(names), said
        return {(len(line), line.index("expand"), line.index("what ")) for line in lines}

    assert columns(service.run("upgrade").stderr) == {(95, 35, 44)}
    assert len(columns(service.run("downgrade", "--to", "base").stderr)) == 1


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
    service.revision("0002", 'while os.path.exists("wait"): time.sleep(0.01)')
    service.revision("0003", CONCURRENTLY if index else 'op.execute("CREATE INDEX ix_a ON t (a)")')
    (service.root / "wait").touch()

    started = [service.start("upgrade", "--json", SLIPWAY_BY=f"ada@host{n}") for n in range(5)]
    wait_for(lambda: sum("waiting for slipway: ada@host" in process.said for process in started) == 4)
    (service.root / "wait").unlink()
    ended = [process.communicate() for process in started]

    assert [process.returncode for process in started] == [0] * 5
    applied = [len(json.loads(out)["applied"]) for out, _ in ended]
    assert sorted(applied) == [0, 0, 0, 0, 3]
    said = [err for (_, err), count in zip(ended, applied, strict=True) if not count]
    assert all("at head    0003" in err for err in said)
    assert service.ask("SELECT indisvalid FROM pg_index WHERE indexrelid = 'ix_a'::regclass") == [(True,)]


def test_behind_a_lock_it_gives_up_and_names_who_holds_it(service: Service) -> None:
    service.begin()
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


def test_going_forward_to_what_lies_behind_is_refused(service: Service) -> None:
    service.revision("0002")
    service.run("upgrade")

    failed = service.run("upgrade", "--to", "0001")

    assert failed.returncode == 1
    assert "./inv downgrade --to 0001" in failed.stderr


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
    assert "env.py opens the database postgres" in failed.stderr


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
