"""What Alembic finds different between models and database, in few words."""

from typing import Any

from sqlalchemy import Column, Constraint, Index, Table


def told(difference: Any) -> str:
    """Return what a revision would do, and to what.

    Alembic's own text has the whole of a table, with each column's types and defaults.
    """
    match difference:
        case list():  # all that changes in one column
            return ", ".join(map(told, difference))
        case (str(kind), Table() as table, *_):
            return f"{kind} {table.fullname}"
        case (str(kind), Index() | Constraint() as one):
            return f"{kind} {_named(one)}"
        case (str(kind), schema, str(table), Column() as column):
            return f"{kind} {_dotted(schema, table, column.name)}"
        case ("modify_type" | "modify_nullable" as kind, schema, str(table), str(column), _, old, new):
            return f"{kind} {_dotted(schema, table, column)} from {old!r} to {new!r}"
        case (str(kind), schema, str(table), str(column), *_):
            return f"{kind} {_dotted(schema, table, column)}"
    return str(difference)  # an extension's


def _named(one: Index | Constraint) -> str:
    columns = ", ".join(str(column.name) for column in getattr(one, "columns", ()))
    table = one.table if isinstance(one, Index) else getattr(one, "parent", None)  # a constraint's may be unset
    return f"{one.name or f'({columns})'}" + (f" of {table.fullname}" if isinstance(table, Table) else "")


def _dotted(*names: str | None) -> str:
    return ".".join(name for name in names if name)
