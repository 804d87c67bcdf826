"""Native enums: values that models have and the database lacks, and types that are new.

Alembic compares neither, makes a type once for each table, and takes none back. PostgreSQL adds a value in an instant,
and without a lock on a table; it takes none away, and their order changes only with a type that is made anew.
"""

import re
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

import sqlalchemy as sa
from alembic.autogenerate import renderers
from alembic.autogenerate.api import AutogenContext
from alembic.operations.ops import (
    AddColumnOp,
    AlterColumnOp,
    CreateTableOp,
    ExecuteSQLOp,
    MigrateOperation,
    ModifyTableOps,
    OpContainer,
)
from alembic.runtime.migration import MigrationContext
from sqlalchemy.sql.type_api import TypeEngine

Key = tuple[str, str]  # schema and name
Values = Mapping[Key, tuple[str, ...]]

_THERE = sa.text(
    "SELECT n.nspname, t.typname, array_agg(e.enumlabel::text ORDER BY e.enumsortorder) FROM pg_enum e "
    "JOIN pg_type t ON t.oid = e.enumtypid JOIN pg_namespace n ON n.oid = t.typnamespace GROUP BY 1, 2"
)
_CHECKS = sa.text(
    "SELECT n.nspname, c.relname, a.attname, pg_get_constraintdef(k.oid) FROM pg_constraint k "
    "JOIN pg_class c ON c.oid = k.conrelid JOIN pg_namespace n ON n.oid = c.relnamespace "
    "JOIN pg_attribute a ON a.attrelid = c.oid AND k.conkey = ARRAY[a.attnum] WHERE k.contype = 'c'"
)


class Kept(MigrateOperation):
    """Says in a downgrade() why it does nothing."""


@renderers.dispatch_for(Kept)
def _render(_context: AutogenContext, _kept: Kept) -> list[str]:
    return ["# PostgreSQL takes no value away: what was added stays, and harms nobody who does not use it.", "pass"]


def native(kind: TypeEngine[Any], dialect: sa.Dialect) -> sa.Enum | None:
    """Return the native enum that a column's type is, or is a list of; None for another type."""
    if isinstance(kind, sa.TypeDecorator):
        return native(kind.type_engine(dialect), dialect)
    if isinstance(kind, sa.ARRAY):
        return native(kind.item_type, dialect)
    impl = kind.dialect_impl(dialect)
    return impl if isinstance(impl, sa.Enum) and impl.native_enum and impl.name else None


def there(context: MigrationContext) -> Values:
    """Return the enums of the database."""
    connection = context.connection
    rows = connection.execute(_THERE) if connection is not None else ()
    return {(schema, name): tuple(values) for schema, name, values in rows}


def wanted(context: MigrationContext, tables: list[sa.Table]) -> Values:
    """Return the enums of the models; one that several columns name has all that any of them has."""
    found = (native(column.type, context.dialect) for table in tables for column in table.columns)
    return _together([one for one in found if one is not None], context)


def added(context: MigrationContext, models: Values, database: Values) -> list[ExecuteSQLOp]:
    """Return what adds the values that models have, each at its place among those that are there."""
    found = []
    for key, values in models.items():
        has = list(database.get(key, values))
        for number, value in enumerate(values):
            if value not in has:
                after = next((one for one in values[number:] if one in has), None)
                before = f" BEFORE {_quoted(after)}" if after is not None else ""
                sql = f"ALTER TYPE {_named(key, context)} ADD VALUE IF NOT EXISTS {_quoted(value)}{before}"
                found.append(_execute(sql))
                has.append(value)
    return found


def kept(models: Values, database: Values) -> list[str]:
    """Say which values the database has and no model."""
    return [
        f"the type {key[1]} keeps {', '.join(sorted(left))}, which no model has: PostgreSQL takes no value away. "
        "docs/migrations.md has the way"
        for key, values in models.items()
        if (left := set(database.get(key, ())) - set(values))
    ]


def reordered(models: Values, database: Values) -> list[str]:
    """Say which types have their values in another order than the models, as far as both have them."""
    return [
        f"the type {key[1]} sorts its values as {', '.join(there)}, and the models as {', '.join(here)}: PostgreSQL "
        "changes no order. Where one is sorted or compared, docs/migrations.md has the way"
        for key, values in models.items()
        if (there := [one for one in database.get(key, ()) if one in values])
        != (here := [one for one in values if one in database.get(key, ())])
    ]


def unlisted(context: MigrationContext, tables: list[sa.Table]) -> list[str]:
    """Say which values of enums that are no types of PostgreSQL a CHECK of their column refuses."""
    columns = {
        (table.schema or context.dialect.default_schema_name, table.name, column.name): kind.enums
        for table in tables
        for column in table.columns
        if (kind := _checked(column.type, context.dialect))
    }
    found, connection = [], context.connection
    for *key, definition in connection.execute(_CHECKS) if connection is not None and columns else ():
        listed = {one.replace("''", "'") for one in re.findall(r"'((?:[^']|'')*)'", definition)}
        values = columns.get(tuple(key), [])
        if (left := [one for one in values if one not in listed]) and listed.intersection(values):
            found.append(
                f"the column {key[1]}.{key[2]} may not have {', '.join(left)}, as its model has: a CHECK lists the "
                "values, which Alembic does not compare. docs/migrations.md has the way"
            )
    return found


def _checked(kind: TypeEngine[Any], dialect: sa.Dialect) -> sa.Enum | None:
    if isinstance(kind, sa.TypeDecorator):
        return _checked(kind.type_engine(dialect), dialect)
    return kind if isinstance(kind, sa.Enum) and not kind.native_enum and kind.create_constraint else None


def make(context: MigrationContext, up: OpContainer, down: OpContainer, database: Values) -> None:
    """Let new types be made once, before what uses them, and be taken back after it."""
    found = (native(of, context.dialect) for of in _types(up))
    new = _together([kind for kind in found if kind is not None and _key(kind, context) not in database], context)
    for key, labels in new.items():
        values = ", ".join(map(_quoted, labels))
        up.ops.insert(0, _execute(f"CREATE TYPE {_named(key, context)} AS ENUM ({values})"))
        down.ops.append(_execute(f"DROP TYPE IF EXISTS {_named(key, context)}"))


def rendered(kind: Any, autogenerate: AutogenContext) -> str | None:
    """Return how a column names a native enum, which is made apart from it; None for another type."""
    if not isinstance(kind, sa.Enum) or not _is_ours(kind) or not (enum := native(kind, autogenerate.dialect)):
        return None
    autogenerate.imports.add("from sqlalchemy.dialects import postgresql")
    schema = f", schema={enum.schema!r}" if enum.schema else ""
    return f"postgresql.ENUM({', '.join(map(repr, enum.enums))}, name={enum.name!r}{schema}, create_type=False)"


def _is_ours(kind: Any) -> bool:
    # With its table, a decorator makes its type itself.
    inner = kind.item_type if isinstance(kind, sa.ARRAY) else kind
    return isinstance(inner, sa.Enum) and _is_made(inner)


def _is_made(kind: Any) -> bool:
    # Some types say that somebody else makes them.
    return bool(getattr(kind.item_type if isinstance(kind, sa.ARRAY) else kind, "create_type", True))


def _types(of: OpContainer) -> Iterator[Any]:
    for one in of.ops:
        if isinstance(one, CreateTableOp):
            types = (column.type for column in one.columns if isinstance(column, sa.Column))
            yield from (kind for kind in types if _is_ours(kind))
        elif isinstance(one, ModifyTableOps):
            types = (inner.column.type for inner in one.ops if isinstance(inner, AddColumnOp))
            changed = (inner.modify_type for inner in one.ops if isinstance(inner, AlterColumnOp))
            yield from (kind for kind in (*types, *changed) if kind is not None and _is_made(kind))


def _together(kinds: Iterable[sa.Enum], context: MigrationContext) -> dict[Key, tuple[str, ...]]:
    # A value that only a later one has stands before the next that both have.
    found: dict[Key, list[str]] = {}
    for kind in kinds:
        has = found.setdefault(_key(kind, context), [])
        for number, value in enumerate(kind.enums):
            if value not in has:
                after = next((one for one in kind.enums[number:] if one in has), None)
                has.insert(has.index(after) if after is not None else len(has), value)
    return {key: tuple(values) for key, values in found.items()}


def _key(of: sa.Enum, context: MigrationContext) -> Key:
    return of.schema or str(context.dialect.default_schema_name), str(of.name)


def _named(key: Key, context: MigrationContext) -> str:
    preparer, (schema, name) = context.dialect.identifier_preparer, key
    dot = "" if schema == context.dialect.default_schema_name else f"{preparer.quote_schema(schema)}."
    return f"{dot}{preparer.quote(name)}"


def _quoted(value: str) -> str:
    return "'" + value.replace("'", "''") + "'"


def _execute(sql: str) -> ExecuteSQLOp:
    return ExecuteSQLOp(re.sub(r":(?=\w)", r"\:", sql))  # a colon would name a parameter
