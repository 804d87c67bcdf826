"""Migrations that are killed or interrupted, and what the next one makes of that."""

from tests.slipway.schema.support import CONCURRENTLY, Service, killed
from tests.support import wait_for


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
    with killed(service, "query LIKE '%pg_sleep(600)%'"):
        assert service.at == "0001"
        (service.root / "wait").unlink()

    assert service.at == "0002"
    assert not service.sees("query LIKE '%pg_sleep(600)%'")


def test_killed_while_an_index_is_built_concurrently(service: Service) -> None:
    service.begin()
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
    service.begin()
    service.revision("0002", CONCURRENTLY)
    service.do("CREATE INDEX ix_a ON t (a)")

    assert service.run("upgrade").returncode == 0
    assert service.at == "0002"


def test_an_interrupted_migration_takes_its_revision_back(service: Service) -> None:
    service.revision("0002", 'op.execute("CREATE TABLE u (a int)")', 'op.execute("SELECT pg_sleep(600)")')
    process = service.start("upgrade")
    wait_for(lambda: service.sees("query LIKE '%pg_sleep(600)%'"))
    process.terminate()
    _, said = process.communicate()

    assert process.returncode == 130
    assert "Stopped" in said
    assert service.at == "0001"


def test_the_server_is_told_to_notice_that_a_migration_is_cut_off(service: Service) -> None:
    told = "SELECT current_setting('tcp_user_timeout') a, current_setting('tcp_keepalives_idle') b"
    service.revision(
        "0002",
        "from slipway.schema.database import connect",
        f'op.execute("CREATE TABLE seen AS {told}")',
        f"with connect(\"beside\") as other: op.execute(\"INSERT INTO seen VALUES ('%s', '%s')\" % "
        f'other.execute("{told}").fetchone())',
    )
    done = service.run("upgrade")
    assert done.returncode == 0, done.stderr
    assert service.ask("SELECT * FROM seen") == [("25000", "10"), ("25000", "10")]
