"""What is shown of a plan, of drift, and of what is deleted."""

from slipway.database.findings import Finding
from slipway.database.stage import Outcome
from slipway.schema.answers import Change, Loss, Plan, Size, Statement, Trial, Undo
from slipway.schema.phases import Revision
from slipway.verbs.migrations import deletes, described, differs, ended

PLAN = Plan(
    at=("0002",),
    pending=(Revision("0003"), Revision("0004")),
    apply=("0003",),
    sizes={"posts": Size(5_600_000, 1200), "users": Size(8192, -1)},
    trials=(
        Trial(
            "0003", "expand", "add a mood",
            statements=[Statement("ALTER TABLE posts\n ADD mood text", "schema", {"posts": "AccessExclusiveLock"})],
        ),
        Trial(
            "0004", "", "more", rewrites=["users"],
            statements=[Statement("UPDATE users SET a = 1", "data", {"users": "RowExclusiveLock"})],
        ),
    ),
)  # fmt: skip


def test_a_plan_says_what_is_locked_how_big_it_is_and_what_is_wrong() -> None:
    assert described(PLAN, [Finding("0004", "no-phase", "neither expand nor contract")]) == [
        "at 0002: 2 pending",
        "",
        "0003  expand  add a mood",
        "    ALTER TABLE posts ADD mood text;",
        "      ACCESS EXCLUSIVE on posts (about 1,200 rows, 5.6 MB)",
        "",
        "0004  no phase  more  (not now)",
        "    UPDATE users SET a = 1;",
        "      row exclusive on users (8.2 kB)",
        "      writes users anew (8.2 kB)",
        "    no-phase: neither expand nor contract",
    ]
    assert described(Plan(("0002",)), []) == ["at 0002: nothing is pending"]
    assert described(Plan((), pending=(Revision("0001"),), refused="not yet"), [])[-2:] == ["", "not yet"]


def test_what_has_drifted_is_shown_beside_what_it_should_be() -> None:
    assert list(differs(Change("changed", "column", "t.a", "text", "integer"))) == [
        "differs    column t.a",
        "             in the revisions: text",
        "             in the database:  integer",
    ]
    assert list(differs(Change("added", "table", "t"))) == ["only here  table t"]
    assert list(differs(Change("dropped", "index", "ix"))) == ["missing    index ix"]


def test_what_going_back_deletes() -> None:
    lost = (Loss("table", "t", 1200), Loss("column", "u.a", 3), Loss("table", "big"))

    assert deletes(Undo((), lost=lost)) == [
        "the table t, 1,200 rows",
        "the column u.a, 3 rows with a value",
        "the table big, a number of rows",
    ]
    assert deletes(Undo((), lost=())) == ["no table and no column"]
    assert deletes(Undo(())) == ["what the SQL says: the login may not create a scratch database to find out"]


def test_how_a_rehearsal_went() -> None:
    assert ended(Outcome("0.1.0", "0004", True, "9 passed")) == ("0.1.0", "0004", "works: 9 passed")
    assert ended(Outcome("0.1.0", "0005", False, "1 failed", needed=False)) == (
        "0.1.0", "0005", "breaks: 1 failed; it has to be gone by then, and cannot be rolled back to",
    )  # fmt: skip
    assert [Outcome("a", "b", passed, "", needed).broke for passed in (True, False) for needed in (True, False)] == [
        False, False, True, False,
    ]  # fmt: skip
