"""What the linter says of what a revision did."""

import json
from pathlib import Path

import pytest

from slipway.core.shell import Shell
from slipway.core.steps import Steps
from slipway.database import squawk
from slipway.database.findings import NO_EXCUSE, Finding, broken, unless_ignored
from slipway.database.lint import by_effect, lint
from slipway.schema.answers import Statement
from tests.slipway.database.support import change, trial


def test_a_contract_revision_may_take_away() -> None:
    taken = [change("dropped", "column"), change("renamed", "column", "a", "b")]

    assert [f.rule for f in by_effect(trial(changes=taken))] == ["drops", "renames"]
    assert by_effect(trial(changes=taken, phase="contract")) == []


def test_a_phase_is_asked_for() -> None:
    assert [f.rule for f in by_effect(trial(phase=""))] == ["no-phase"]


def statement(sql: str, kind: str, holding: str = "") -> Statement:
    """Return a statement of a trial."""
    return Statement(sql, kind, holding=holding)


@pytest.mark.parametrize(
    ("statements", "rules"),
    [
        ([statement("CREATE INDEX CONCURRENTLY i ON t (a)", "concurrent")], []),
        ([statement("CREATE INDEX CONCURRENTLY i ON t (a)", "concurrent"), statement("ALTER", "schema")], ["mixes"]),
        ([statement("ALTER", "schema"), statement("UPDATE t", "data", "AccessExclusiveLock")], ["rows-under-lock"]),
        ([statement("ALTER", "schema"), statement("SELECT 1", "data", "AccessExclusiveLock")], []),
        ([statement("UPDATE t", "data", "RowExclusiveLock")], []),
    ],
)
def test_what_a_transaction_holds_on_to(statements: list[Statement], rules: list[str]) -> None:
    assert [f.rule for f in by_effect(trial(statements=statements))] == rules


@pytest.mark.parametrize(
    "sql",
    [
        "DELETE FROM t",
        "truncate t",
        "/* x */ DELETE FROM t",
        "DO $$ BEGIN DELETE FROM t; END $$",
        "WITH d AS (DELETE FROM t RETURNING 1) SELECT 1",
        "UPDATE t SET a = 1; DELETE FROM t",
        "/* a /* nested */ comment */ DELETE FROM t",
        "DELETE /* all */ FROM t",
        "-- an 'odd quote\nDELETE FROM t",
        "INSERT INTO t VALUES ('it''s'); DELETE FROM t",
        "INSERT INTO t VALUES (E'it\\'s'); DELETE FROM t",
        "DO $x$ BEGIN EXECUTE 'DELETE FROM t'; END $x$",
        "DO 'BEGIN DELETE FROM t; END'",
        "UPDATE t SET a = 1; DO $$ BEGIN DELETE FROM t; END $$",
    ],
)
def test_rows_are_deleted_once_no_release_needs_them(sql: str) -> None:
    deletes = [statement(sql, "data")]

    assert [f.rule for f in by_effect(trial(statements=deletes, rewrites=["t"]))][:1] == ["deletes"]
    assert "deletes" not in [f.rule for f in by_effect(trial(statements=deletes, phase="contract"))]


def test_what_takes_no_rows_away_deletes_nothing() -> None:
    body = "CREATE FUNCTION f() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN DELETE FROM t; RETURN NULL; END $$"
    grant = "GRANT TRUNCATE ON t TO x"

    assert by_effect(trial(statements=[statement(body, "schema"), statement(grant, "schema")])) == []


@pytest.mark.parametrize(
    "sql",
    [
        "INSERT INTO t VALUES ('DELETE FROM x')",
        "INSERT INTO t VALUES ('it''s DELETE FROM x')",
        "INSERT INTO t VALUES (E'\\' DELETE FROM x')",
        "INSERT INTO t VALUES ($$DELETE FROM x$$)",
        "INSERT INTO t VALUES ($a$ $$ TRUNCATE x $a$)",
        'INSERT INTO t ("DELETE FROM x") VALUES (1)',
        "UPDATE t SET a = 1 /* then /* later */ DELETE FROM x */",
        "UPDATE t SET a = 1 -- and DELETE FROM x",
        "DO $$ BEGIN UPDATE t SET a = 1; -- no DELETE FROM x\n END $$",
    ],
)
def test_words_in_strings_names_and_comments_delete_nothing(sql: str) -> None:
    assert by_effect(trial(statements=[statement(sql, "data")])) == []


def test_a_table_that_is_emptied_is_written_anew_and_one_that_is_spoken_of_is_not() -> None:
    emptied = trial(phase="contract", rewrites=["t"], statements=[statement("TRUNCATE t", "schema")])
    spoken = trial(rewrites=["t"], statements=[statement("INSERT INTO t VALUES ('TRUNCATE t')", "data")])

    assert by_effect(emptied) == []
    assert [f.rule for f in by_effect(spoken)] == ["rewrites"]


def test_what_postgresql_cannot_undo_is_not_asked_of_a_downgrade() -> None:
    back = [
        change("changed", "enum", "'a'", "'a', 'b'"),
        change("changed", "check", "CHECK (a) NOT VALID", "CHECK (a)"),
    ]

    assert by_effect(trial(back=back)) == []


def test_squawk_is_asked_about_locks(tmp_path: Path) -> None:
    shell = Shell(tmp_path, Steps())
    sql = "BEGIN;\n\nCREATE INDEX ix ON posts (title);\n\nCOMMIT;"

    found = lint(shell, [trial(sql=sql), trial(revision="0004", sql="BEGIN;\n\nCREATE TABLE t (a int);\n\nCOMMIT;")])

    assert [(f.revision, f.rule) for f in found] == [("0003", "require-concurrent-index-creation")]
    assert "CREATE INDEX ix ON posts (title);" in found[0].text


def test_what_goes_wrong_in_the_trial_is_found() -> None:
    left = change("added", "index")

    assert [f.rule for f in by_effect(trial(error="no such table"))] == ["fails"]
    assert [f.rule for f in by_effect(trial(offline="needs rows"))] == ["offline"]
    assert [f.rule for f in by_effect(trial(rewrites=["posts"]))] == ["rewrites"]
    assert [f.rule for f in by_effect(trial(irreversible="NotImplementedError"))] == ["downgrade"]
    assert [f.text for f in by_effect(trial(back=[left]))] == ["leaves the index posts.a"]


def test_an_ignore_needs_a_reason_and_something_to_ignore() -> None:
    found = [Finding("0003", "drops", "the column a"), Finding("0004", "drops", "of another revision")]

    assert unless_ignored(trial(), found) == found[:1]
    assert unless_ignored(trial(ignores={"drops": "nobody reads it since 0.2.0"}), found) == []
    without = unless_ignored(trial(ignores={"drops": "  "}), found)
    assert [f.rule for f in without] == ["drops", "ignores"]
    assert [f.rule for f in unless_ignored(trial(ignores={"renames": "x"}), found)] == ["drops", "ignores"]


def test_that_a_revision_fails_is_excused_by_nothing_and_an_ignore_of_that_is_told() -> None:
    ignores = {"fails": "it is old", "rewrites": "12 rows", "drops": ""}
    fails = Finding("0003", "fails", "division by zero")

    told = [(f.rule, f.text) for f in unless_ignored(trial(ignores=ignores, error="division by zero"), [fails])]

    assert told == [("fails", fails.text), ("ignores", NO_EXCUSE), ("ignores", "drops is ignored without a reason")]
    assert [f.text for f in unless_ignored(trial(ignores={"fails": "it is old"}), [])] == [NO_EXCUSE]
    assert broken(trial(ignores=ignores, error=fails.text)) == [fails, Finding("0003", "ignores", NO_EXCUSE)]
    assert broken(trial(ignores=ignores)) == []


def test_an_ignore_is_offered_where_there_can_be_one() -> None:
    of = [Finding("-", "models", "x"), Finding("0003", "fails", "x"), Finding("0003", "ignores", "x")]

    assert not any(one.can_be_ignored for one in of)
    assert Finding("0003", "drops", "x").can_be_ignored


@pytest.mark.parametrize(
    ("asked", "offline", "told"), [(True, "", 1), (False, "", 0), (True, "it reads rows", 0)],
    ids=["asked", "no squawk", "no SQL"],
)  # fmt: skip
def test_what_squawk_was_not_asked_is_not_called_nothing(asked: bool, offline: str, told: int) -> None:
    of = trial(ignores={"require-concurrent-index-creation": "a new table", "drops": "x"}, offline=offline)

    said = [one.text for one in unless_ignored(of, [], asked)]

    assert len(said) == 1 + told
    assert said[-1] == "drops is ignored, and there is nothing of it"


def test_squawk_is_asked_once_for_all_files() -> None:
    command = squawk.squawk_command(Path("/bin/squawk"), ["0.sql", "1.sql"])

    assert command[:3] == ["/bin/squawk", "--reporter", "json"]
    assert command[3].startswith("--exclude=require-lock-timeout,")
    assert set(command[3].partition("=")[2].split(",")) == set(squawk.LEFT_OUT)
    assert command[4:] == ["0.sql", "1.sql"]


def test_what_squawk_says_is_told_with_its_line() -> None:
    said = {"file": "0.sql", "line": 2, "line_end": 3, "message": "Mind the lock.", "help": None, "rule_name": "mind"}
    files = {"0.sql": trial(sql="BEGIN;\n\nCREATE INDEX ix\n    ON posts (title);\n\nCOMMIT;")}

    assert squawk.found(json.dumps([said, said]), files) == [
        Finding("0003", "mind", "Mind the lock. In: CREATE INDEX ix ON posts (title);")
    ]
