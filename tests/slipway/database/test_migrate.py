"""What the verbs of the schema decide and show, without a database."""

from typing import Any

import pytest

from slipway.core.errors import Problem
from slipway.database.lint import Finding
from slipway.database.migrate import Options, described, options, summary
from slipway.database.revise import Wanted, command
from slipway.schema.catalogue import Thing, between, differences
from slipway.schema.words import in_environment

PLAN: dict[str, Any] = {
    "at": ["0002"],
    "pending": [{"id": "0003"}, {"id": "0004"}],
    "apply": ["0003"],
    "refused": "",
    "sizes": {"posts": {"rows": 1200, "bytes": 5_600_000}, "users": {"rows": -1, "bytes": 8192}},
    "trials": [
        {
            "revision": "0003", "phase": "expand", "message": "add a mood", "rewrites": [],
            "statements": [{"sql": "ALTER TABLE posts\n ADD mood text", "locks": {"posts": "AccessExclusiveLock"}}],
        },
        {
            "revision": "0004", "phase": "", "message": "more", "rewrites": ["users"],
            "statements": [{"sql": "UPDATE users SET a = 1", "locks": {"users": "RowExclusiveLock"}}],
        },
    ],
}  # fmt: skip


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
    assert described(PLAN | {"pending": []}, []) == ["at 0002: nothing is pending"]


def test_options_that_exclude_each_other() -> None:
    assert options("0003", True, {"plan": True, "drift": False}) == Options("0003", True)
    with pytest.raises(Problem, match="--plan and --sql exclude each other"):
        options("", False, {"plan": True, "sql": True})
    with pytest.raises(Problem, match="--drift takes neither"):
        options("0003", False, {"drift": True})


@pytest.mark.parametrize(
    ("done", "said"),
    [
        ({"to": ["0002"], "applied": [], "waiting": []}, "at head, 0002"),
        ({"to": ["0002"], "applied": [], "waiting": ["0003"]}, "at 0002, 0003 waits"),
        ({"to": ["0002"], "applied": [{"revision": "0002"}], "waiting": []}, "at 0002: 1 applied"),
        ({"to": [], "applied": [], "waiting": []}, "at head, no revisions"),
    ],
)
def test_summary(done: dict[str, Any], said: str) -> None:
    assert summary(done) == said


@pytest.mark.parametrize(
    ("wanted", "expected"),
    [
        (Wanted("m", "", "autogenerate"), ["revision", "--message", "m", "--autogenerate"]),
        (Wanted("m", "expand", "empty"), ["-x", "phase=expand", "revision", "--message", "m"]),
        (Wanted("m", "expand", "merge"), ["-x", "phase=expand", "merge", "--message", "m", "heads"]),
    ],
)
def test_the_command_that_makes_a_revision(wanted: Wanted, expected: list[str]) -> None:
    assert command(wanted) == expected


def test_messages_name_their_environment() -> None:
    text = "Wait, then: ./inv migrate --contract, or ./inv restore; ./inv check"

    assert in_environment(text, "dev") == text
    assert (
        in_environment(text, "prod")
        == "Wait, then: ./inv migrate --prod --contract, or ./inv restore --prod; ./inv check"
    )


TABLE = Thing("table", "posts", "", "1", "1")
COLUMN = Thing("column", "posts.a", "text", "1.1", "1")


def test_what_has_changed_in_one_database() -> None:
    renamed = Thing("column", "posts.b", "text", "1.1", "1")
    added = Thing("column", "posts.c", "int", "1.2", "1")
    check = Thing("check", "posts.ck", "CHECK (c > 0)", "c7", "1", ("1.2",))

    changes = between([TABLE, COLUMN], [TABLE, renamed, added, check])

    assert [(one.what, one.kind, one.before, one.after, one.fresh) for one in changes] == [
        ("renamed", "column", "posts.a", "posts.b", False),
        ("added", "column", "", "int", False),
        ("added", "check", "", "CHECK (c > 0)", True),
    ]


def test_a_dropped_table_is_one_change_and_a_renamed_one_too() -> None:
    articles = [Thing("table", "articles", "", "1", "1"), Thing("column", "articles.a", "text", "1.1", "1")]

    assert [(one.what, one.name) for one in between([TABLE, COLUMN], [])] == [("dropped", "posts")]
    assert [(one.what, one.after) for one in between([TABLE, COLUMN], articles)] == [("renamed", "articles")]


def test_what_is_replaced_is_judged_by_its_definition() -> None:
    old, new = Thing("view", "v", "SELECT a", "2", "2"), Thing("view", "v", "SELECT a, b", "3", "3")

    assert [(one.what, one.before, one.after) for one in between([old], [new])] == [
        ("changed", "SELECT a", "SELECT a, b")
    ]
    assert between([old], [Thing("view", "v", "SELECT a", "3", "3")]) == []


def test_what_differs_between_two_databases_goes_by_names() -> None:
    live = [TABLE, Thing("column", "posts.a", "int", "9.1", "9"), Thing("index", "mine", "CREATE INDEX", "5")]
    fresh = [TABLE, COLUMN, Thing("index", "ours", "CREATE INDEX", "6")]

    assert [(one.what, one.name) for one in differences(live, fresh)] == [
        ("changed", "posts.a"), ("added", "mine"), ("dropped", "ours"),
    ]  # fmt: skip
