"""What the linter says of what a revision did."""

from typing import Any

import pytest

from slipway.database.lint import Finding, by_effect, judge, lint, unless_ignored


def change(what: str, kind: str, before: str = "", after: str = "", fresh: bool = False) -> dict[str, Any]:
    """Return a change as `slipway.schema` prints it."""
    return {"what": what, "kind": kind, "name": "posts.a", "before": before, "after": after, "fresh": fresh}


def trial(**given: Any) -> dict[str, Any]:
    """Return a trial of a revision in which nothing is wrong."""
    nothing: dict[str, Any] = {
        "revision": "0003", "phase": "expand", "message": "m", "ignores": {}, "sql": "", "offline": "", "error": "",
        "statements": [], "rewrites": [], "changes": [], "back": [], "irreversible": "",
    }  # fmt: skip
    return nothing | given


@pytest.mark.parametrize(
    ("changed", "rule"),
    [
        (change("dropped", "column"), "drops"),
        (change("dropped", "table"), "drops"),
        (change("dropped", "view"), "drops"),
        (change("dropped", "unique"), "drops"),
        (change("dropped", "index"), None),
        (change("dropped", "check"), None),
        (change("renamed", "column", "posts.a", "posts.b"), "renames"),
        (change("renamed", "table", "posts", "articles"), "renames"),
        (change("renamed", "index", "ix_a", "ix_b"), None),
        (change("added", "check", after="CHECK ((a IS NOT NULL))", fresh=True), "narrows"),
        (change("changed", "column", "text default 'x'", "text"), "narrows"),
        (change("changed", "column", "numeric(5,2)", "numeric(8,2)"), None),
        (change("changed", "column", "numeric(5,2)", "numeric"), None),
        (change("changed", "column", "numeric(5,2)", "numeric(8,3)"), "narrows"),
        (change("changed", "foreign key", "FOREIGN KEY (a) NOT VALID", "FOREIGN KEY (a)"), None),
        (change("changed", "foreign key", "FOREIGN KEY (a)", "FOREIGN KEY (b)"), "narrows"),
        (change("changed", "table", "FOR VALUES IN (1)", ""), "drops"),
        (change("changed", "trigger", "CREATE TRIGGER t", "CREATE TRIGGER t D"), "drops"),
        (change("changed", "function", "CREATE\n RETURNS int\n AS 1", "CREATE\n RETURNS text\n AS 1"), "narrows"),
        (change("added", "column", after="text"), None),
        (change("added", "column", after="text not null"), "narrows"),
        (change("added", "column", after="text not null default ''::text"), None),
        (change("added", "column", after="bigint not null identity always"), None),
        (change("added", "column", after="text not null generated (a || b)"), None),
        (change("added", "column", after="text not null", fresh=True), None),
        (change("added", "check", after="CHECK (a > 0)"), "narrows"),
        (change("added", "check", after="CHECK (a > 0)", fresh=True), None),
        (change("added", "unique index", after="CREATE UNIQUE INDEX"), "narrows"),
        (change("added", "index", after="CREATE INDEX"), None),
        (change("added", "foreign key", after="FOREIGN KEY"), "narrows"),
        (change("added", "table"), None),
        (change("added", "trigger"), None),
        (change("changed", "column", "text", "text not null"), "narrows"),
        (change("changed", "column", "text not null", "text"), "narrows"),
        (change("changed", "column", "text not null default ''", "text not null"), "narrows"),
        (change("changed", "column", "text", "text default ''"), None),
        (change("changed", "column", "character varying(10)", "character varying(20)"), None),
        (change("changed", "column", "character varying(10)", "text"), None),
        (change("changed", "column", "character varying", "text"), None),
        (change("changed", "column", "character varying", "character varying(20)"), "narrows"),
        (change("changed", "column", "character varying(20)", "character varying(10)"), "narrows"),
        (change("changed", "column", "bigint", "integer"), "narrows"),
        (change("changed", "column", "bigint identity", "bigint identity always"), "narrows"),
        (change("changed", "enum", "'a', 'b'", "'a', 'c', 'b'"), None),
        (change("changed", "enum", "'a', 'b'", "'a', 'c'"), "narrows"),
        (change("changed", "table", "", "row security"), "narrows"),
        (change("changed", "function", "one", "other"), None),
    ],
)
def test_judge(changed: dict[str, Any], rule: str | None) -> None:
    judged = judge(changed)

    assert (judged[0] if judged else None) == rule


def test_a_contract_revision_may_take_away() -> None:
    taken = [change("dropped", "column"), change("renamed", "column", "a", "b")]

    assert [f.rule for f in by_effect(trial(changes=taken))] == ["drops", "renames"]
    assert by_effect(trial(changes=taken, phase="contract")) == []


def test_a_phase_is_asked_for() -> None:
    assert [f.rule for f in by_effect(trial(phase=""))] == ["no-phase"]


def statement(sql: str, kind: str, holding: str = "") -> dict[str, Any]:
    """Return a statement of a trial."""
    return {"sql": sql, "kind": kind, "locks": {}, "holding": holding}


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
def test_what_a_transaction_holds_on_to(statements: list[dict[str, Any]], rules: list[str]) -> None:
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


def test_what_postgresql_cannot_undo_is_not_asked_of_a_downgrade() -> None:
    back = [
        change("changed", "enum", "'a'", "'a', 'b'"),
        change("changed", "check", "CHECK (a) NOT VALID", "CHECK (a)"),
    ]

    assert by_effect(trial(back=back)) == []


def test_squawk_is_asked_about_locks() -> None:
    here: Any = None  # only told when there is no squawk
    sql = "BEGIN;\n\nCREATE INDEX ix ON posts (title);\n\nCOMMIT;"

    found = lint(here, [trial(sql=sql), trial(revision="0004", sql="BEGIN;\n\nCREATE TABLE t (a int);\n\nCOMMIT;")])

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
