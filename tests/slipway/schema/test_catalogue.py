"""What has changed between two schemas, and messages that name their environment."""

import pytest

from slipway.schema.catalogue import Thing, between, differences
from slipway.schema.words import in_environment, say

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


def test_messages_name_their_environment() -> None:
    text = "Wait, then: ./inv migrate --contract, or ./inv restore; ./inv check"

    assert in_environment(text, "dev") == text
    assert (
        in_environment(text, "prod")
        == "Wait, then: ./inv migrate --prod --contract, or ./inv restore --prod; ./inv check"
    )


def test_what_is_said_on_the_way_names_it_too(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SLIPWAY_ENV", "prod")
    say("Afterwards: ./inv migrate --contract")
    monkeypatch.delenv("SLIPWAY_ENV")
    say("./inv up")
    assert capsys.readouterr().err == "Afterwards: ./inv migrate --prod --contract\n./inv up\n"


def test_what_deploys_names_an_environment_that_is_not_usual_or_has_to_be_named() -> None:
    text = "./inv rollback goes back; ./inv status says what runs"

    assert in_environment(text, "prod") == "./inv rollback goes back; ./inv status --prod says what runs"
    staging = "./inv rollback --env staging goes back; ./inv status --env staging says what runs"
    assert in_environment(text, "staging") == in_environment(staging, "staging") == staging
    assert in_environment(text, "prod", required=True) == staging.replace("staging", "prod")
    assert (
        in_environment(text, "dev", required=True) == "./inv rollback goes back; ./inv status --env dev says what runs"
    )
