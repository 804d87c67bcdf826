"""What data a change of the schema would delete."""

from collections.abc import Iterable

import psycopg
from psycopg import sql

from slipway.schema.answers import Change, Loss
from slipway.schema.database import Connection

PATIENCE = "5s"  # for each count


def count(connection: Connection, changes: Iterable[Change]) -> tuple[Loss, ...]:
    """Return tables and columns that changes drop, and how many rows have something in them.

    `rows` is None where counting would take more than 5 seconds.
    """
    found = []
    for change in changes:
        if change.what != "dropped" or change.kind not in ("table", "column"):
            continue
        query = sql.SQL("SELECT count(*) FROM {}").format(sql.SQL(change.name))
        if change.kind == "column":
            table, _, column = change.name.rpartition(".")
            query = sql.SQL("SELECT count({}) FROM {}").format(sql.SQL(column), sql.SQL(table))
        rows = None
        try:
            with connection.transaction():
                connection.execute(f"SET LOCAL statement_timeout = '{PATIENCE}'")
                counted = connection.execute(query).fetchone()
                rows = counted[0] if counted else None
        except (psycopg.errors.QueryCanceled, psycopg.errors.LockNotAvailable):
            pass
        found.append(Loss(change.kind, change.name, rows))
    return tuple(found)
