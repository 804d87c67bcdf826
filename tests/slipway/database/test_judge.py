"""What a change of the schema breaks for the release before."""

import pytest

from slipway.database.judge import judge
from slipway.schema.answers import Change
from tests.slipway.database.support import change


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
def test_judge(changed: Change, rule: str | None) -> None:
    judged = judge(changed)

    assert (judged[0] if judged else None) == rule
