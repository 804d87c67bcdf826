"""What a statement is, and how it is made harmless to repeat."""

import pytest

from slipway.schema.statements import (
    Limits,
    code,
    created_index,
    kind,
    sets_timeout,
    timeouts,
    unless_gone,
    unless_there,
    without_comments,
)  # fmt: skip


@pytest.mark.parametrize(
    ("sql", "expected"),
    [
        ("ALTER TABLE t ADD COLUMN a int", "schema"),
        ("CREATE INDEX i ON t (a)", "schema"),
        ("CREATE INDEX CONCURRENTLY i ON t (a)", "concurrent"),
        ("create  unique\nindex /* big */ concurrently i on t (a)", "concurrent"),
        ("-- it is CONCURRENTLY elsewhere\nCREATE INDEX i ON t (a)", "schema"),
        ("DROP INDEX CONCURRENTLY i", "concurrent"),
        ("REINDEX INDEX CONCURRENTLY i", "concurrent"),
        ("REINDEX (VERBOSE) TABLE CONCURRENTLY t", "concurrent"),
        ("REFRESH MATERIALIZED VIEW CONCURRENTLY v", "concurrent"),
        ("ALTER TABLE t DETACH PARTITION p CONCURRENTLY", "concurrent"),
        ("ALTER TABLE t VALIDATE CONSTRAINT c", "validate"),
        ("ALTER TABLE t VALIDATE CONSTRAINT c, ADD COLUMN a int", "schema"),
        ("UPDATE t SET a = 1", "data"),
        ("WITH x AS (SELECT 1) UPDATE t SET a = 1", "data"),
        ("SELECT 1", "data"),
        ("TRUNCATE t", "schema"),
        ("LOCK TABLE t", "schema"),
        ("DO $$ BEGIN UPDATE t SET a = 1; END $$", "data"),
        ("DO $$ BEGIN ALTER TABLE t ADD a int; END $$", "schema"),
        ("/* a /* nested */ one */ UPDATE t SET a = 1", "data"),
        ("CREATE INDEX i ON t (a) WHERE a <> 'CONCURRENTLY'", "schema"),
        ('CREATE INDEX "CONCURRENTLY" ON t (a)', "schema"),
        ('ALTER TABLE "a,b" VALIDATE CONSTRAINT c', "validate"),
    ],
)
def test_kind(sql: str, expected: str) -> None:
    assert kind(sql) == expected


@pytest.mark.parametrize(
    ("sql", "expected"),
    [
        ("SELECT 1 -- one\n, 2", "SELECT 1  \n, 2"),
        ("/* a /* b */ c */ SELECT 1 /* the end", "SELECT 1"),
        ("SELECT '-- no comment' /* one */", "SELECT ''"),
        ("SELECT 'it''s', 'x'", "SELECT '', ''"),
        ("SELECT E'it\\'s', 'x\\'", "SELECT '', ''"),
        ("SELECT U&'\\0041', e'\\\\'", "SELECT U&'', ''"),
        ("SELECT name'x'", "SELECT name''"),
        ('SELECT "a ""b"" -- c" FROM t', 'SELECT "" FROM t'),
        ("SELECT $$it's$$, $a$ $$ $b$ $a$", "SELECT '', ''"),
        ("SELECT $1, a$b$c, 'x' WHERE b$d$ = 1", "SELECT $1, a$b$c, '' WHERE b$d$ = 1"),
        ("SELECT 'never ends", "SELECT 'never ends"),
        ("DO $$ BEGIN /* why */ PERFORM 'x'; END $$", "DO '' BEGIN   PERFORM 'x'; END"),
        ("SELECT 'do'; CALL f('x -- y')", "SELECT ''; CALL f('') do x"),
    ],
)
def test_code(sql: str, expected: str) -> None:
    assert code(sql) == expected


def test_what_looks_like_a_comment_in_a_string_stays() -> None:
    sql = "SELECT '/* x */', $$-- y$$, \"--z\" /* w */"

    assert without_comments(sql) == "SELECT '/* x */', $$-- y$$, \"--z\""


def test_only_what_blocks_nobody_waits_without_a_limit() -> None:
    limits = Limits(lock_timeout=2, statement_timeout=30, data_timeout=600, online_timeout=3600)

    assert timeouts("schema", limits) == (2, 30)
    assert timeouts("data", limits) == (2, 600)
    assert timeouts("validate", limits) == (2, 3600)
    assert timeouts("concurrent", limits) == (0, 3600)


@pytest.mark.parametrize(
    ("sql", "expected"),
    [
        ("SET lock_timeout = '5s'", "lock_timeout"),
        ("set local statement_timeout to 0", "statement_timeout"),
        ("SET SESSION statement_timeout = 1", "statement_timeout"),
        ("SET search_path = a", ""),
        ("SELECT 'SET lock_timeout = 1'", ""),
    ],
)
def test_a_revision_that_sets_a_timeout_keeps_it(sql: str, expected: str) -> None:
    assert sets_timeout(sql) == expected


@pytest.mark.parametrize(
    ("sql", "expected"),
    [
        ("CREATE INDEX CONCURRENTLY i ON t (a)", ("i", "t", False, " (a)")),
        (
            "-- why\ncreate unique /* ! */ index concurrently I on t using btree (a)",
            ("i", "t", True, " using btree (a)"),
        ),
        (
            'CREATE UNIQUE INDEX CONCURRENTLY IF NOT EXISTS "I "" x" ON ONLY s . "T" (a)',
            ('I " x', 's . "T"', True, " (a)"),
        ),
        ("CREATE INDEX CONCURRENTLY ON t (a)", ("", "t", False, " (a)")),
        (f"CREATE INDEX CONCURRENTLY {'i' * 70} ON t (a)", ("i" * 63, "t", False, " (a)")),
        ("CREATE INDEX i ON t (a)", None),
    ],
)
def test_created_index(sql: str, expected: tuple[str, str, bool, str] | None) -> None:
    found = created_index(sql)

    assert (found and (found.plain, found.table, found.unique, found.rest)) == expected


@pytest.mark.parametrize(
    ("sql", "expected"),
    [
        ("CREATE INDEX CONCURRENTLY i ON t (a)", "CREATE INDEX CONCURRENTLY IF NOT EXISTS i ON t (a)"),
        ("/* x */ CREATE INDEX CONCURRENTLY i ON t (a)", "/* x */ CREATE INDEX CONCURRENTLY IF NOT EXISTS i ON t (a)"),
        (
            'CREATE UNIQUE INDEX CONCURRENTLY IF NOT EXISTS "i" ON t (a)',
            'CREATE UNIQUE INDEX CONCURRENTLY IF NOT EXISTS "i" ON t (a)',
        ),
    ],
)
def test_an_index_that_is_there_is_kept(sql: str, expected: str) -> None:
    assert unless_there(sql) == expected


@pytest.mark.parametrize(
    ("sql", "expected"),
    [
        ("DROP INDEX CONCURRENTLY s.i", "DROP INDEX CONCURRENTLY IF EXISTS s.i"),
        ("DROP INDEX CONCURRENTLY IF EXISTS i", "DROP INDEX CONCURRENTLY IF EXISTS i"),
        ("REINDEX INDEX CONCURRENTLY i", "REINDEX INDEX CONCURRENTLY i"),
    ],
)
def test_an_index_that_is_gone_is_no_mistake(sql: str, expected: str) -> None:
    assert unless_gone(sql) == expected
