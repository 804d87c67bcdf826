"""Indexes that are built CONCURRENTLY: what a broken build left, and what is there already."""

import pytest
from psycopg.errors import UniqueViolation

from tests.slipway.schema.support import CONCURRENTLY, Service


def test_a_unique_index_that_cannot_be_built_leaves_nothing(service: Service) -> None:
    service.begin()
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
    service.begin()
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
    with pytest.raises(UniqueViolation):  # what a build leaves that was killed
        service.do('CREATE UNIQUE INDEX CONCURRENTLY "I ""x" ON "S"."T t" (a)')
    assert service.ask(left) == [(False,)]
    service.do('DELETE FROM "S"."T t"')
    assert service.run("upgrade").returncode == 0
    assert service.ask(left) == [(True,)]


def test_an_index_is_recognised_with_a_percent_sign_in_it(service: Service) -> None:
    where = CONCURRENTLY.replace("(a)", "(lower(a), id) WHERE a LIKE 'x%' AND a <> ';--'")
    service.revision("0002", where.replace('"', '"""'))
    service.begin()
    service.do("CREATE INDEX ix_a ON t (lower(a), id) WHERE a LIKE 'x%' AND a <> ';--'")

    done = service.run("upgrade")

    assert done.returncode == 0, done.stderr
    assert "the index ix_a is there already: kept" in done.stderr


def test_an_index_without_a_name_is_refused(service: Service) -> None:
    service.revision("0002", CONCURRENTLY.replace("ix_a ", ""))

    failed = service.run("upgrade")

    assert failed.returncode == 1
    assert "needs a name" in failed.stderr
