"""What Alembic finds different, in few words."""

from typing import Any

import pytest
from sqlalchemy import CheckConstraint, Column, Index, Integer, MetaData, String, Table, UniqueConstraint, column

from slipway.schema.differences import told

BILL = Table("bills", MetaData(schema="shop"), Column("id", Integer, primary_key=True), Column("name", String(30)))
BY_NAME = Index("ix_bills_name", BILL.c.name)
ALONE = CheckConstraint(column("a") > 0, name="c")
NAMELESS = UniqueConstraint(BILL.c.id, BILL.c.name)


@pytest.mark.parametrize(
    ("difference", "said"),
    [
        pytest.param(("add_table", BILL), "add_table shop.bills", id="table"),
        pytest.param(("remove_table_comment", BILL), "remove_table_comment shop.bills", id="comment"),
        pytest.param(("add_index", BY_NAME), "add_index ix_bills_name of shop.bills", id="index"),
        pytest.param(("add_constraint", NAMELESS), "add_constraint (id, name) of shop.bills", id="nameless"),
        pytest.param(("remove_constraint", ALONE), "remove_constraint c", id="alone"),
        pytest.param(("add_column", None, "bills", Column("a", Integer)), "add_column bills.a", id="column"),
        pytest.param(
            [
                ("modify_type", "shop", "bills", "name", {}, String(30), String(60)),
                ("modify_default", "shop", "bills", "name", {}, None, object()),
            ],
            "modify_type shop.bills.name from String(length=30) to String(length=60), modify_default shop.bills.name",
            id="changed",
        ),
        pytest.param(("create_function", 7), "('create_function', 7)", id="extension"),
    ],
)
def test_a_difference_is_named(difference: Any, said: str) -> None:
    assert told(difference) == said
