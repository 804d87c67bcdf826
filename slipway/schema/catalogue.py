"""What a schema consists of, and how two differ."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from importlib import resources

from slipway.schema.answers import Change
from slipway.schema.database import Connection


@dataclass(frozen=True)
class Thing:
    """One part of a schema.

    `id` stays the same when it is renamed, within one database. `table` is the id of the table that it belongs to, or
    "". `on` are the ids of the columns that a constraint or an index is about.
    """

    kind: str
    name: str
    definition: str
    id: str
    table: str = ""
    on: tuple[str, ...] = ()


def read(connection: Connection) -> list[Thing]:
    """Return all that the database's schema consists of, but alembic_version."""
    rows = connection.execute((resources.files("slipway.schema") / "catalogue.sql").read_bytes())
    return [
        Thing(kind, name, definition or "", id_, table, tuple(on)) for kind, name, definition, id_, table, on in rows
    ]


def between(before: Iterable[Thing], after: Iterable[Thing]) -> list[Change]:
    """Return what has changed in one database, renames included.

    What belongs to a table that was dropped, added or renamed is not listed besides. A view, function, constraint or
    index that was dropped and made again is compared with what it was; a table or column is gone, with its rows.
    """
    old, new = {thing.id: thing for thing in before}, {thing.id: thing for thing in after}
    named = {(thing.kind, thing.name): thing for id_, thing in new.items() if id_ not in old}
    again = {
        id_: named[thing.kind, thing.name]
        for id_, thing in old.items()
        if id_ not in new and (thing.kind, thing.name) in named and _made_again(thing, old, new)
    }
    changes = []
    for id_, thing in old.items():
        now = new.get(id_) or again.get(id_)
        if not now:
            if thing.table in ("", id_) or thing.table in new or thing.table in again:
                changes.append(Change("dropped", thing.kind, thing.name, thing.definition))
            continue
        if _called(now) != _called(thing):
            changes.append(Change("renamed", thing.kind, thing.name, thing.name, now.name))
        if now.definition != thing.definition and not _follows(thing, now, old, new):
            changes.append(Change("changed", thing.kind, now.name, thing.definition, now.definition))
    known = {thing.id for thing in again.values()}
    for thing in named.values():
        fresh = thing.table not in old and thing.table not in known if thing.table else False
        if thing.id not in known and (thing.table in ("", thing.id) or not fresh):
            fresh = fresh or (bool(thing.on) and not any(column in old for column in thing.on))
            changes.append(Change("added", thing.kind, thing.name, "", thing.definition, fresh))
    return changes


def differences(live: Iterable[Thing], fresh: Iterable[Thing]) -> list[Change]:
    """Return how a live schema differs from a fresh one, by names.

    `added` is what only the live one has, `dropped` what it lacks.
    """
    theirs = {(thing.kind, thing.name): thing.definition for thing in live}
    ours = {(thing.kind, thing.name): thing.definition for thing in fresh}
    changes = []
    for key in sorted(theirs.keys() | ours.keys()):
        if key not in ours:
            changes.append(Change("added", *key, after=theirs[key]))
        elif key not in theirs:
            changes.append(Change("dropped", *key, before=ours[key]))
        elif ours[key] != theirs[key]:
            changes.append(Change("changed", *key, ours[key], theirs[key]))
    return changes


def _made_again(thing: Thing, old: Mapping[str, Thing], new: Mapping[str, Thing]) -> bool:
    # Rows are not made again: those of a table are gone, and so are a column's, unless it is a view's.
    owner = old.get(thing.table)
    if thing.kind == "column":
        return owner is not None and owner.id not in new and owner.kind in ("view", "materialized view")
    return thing.kind not in ("table", "foreign table", "sequence", "schema")


def _called(thing: Thing) -> str:
    # What is moved to another schema is called otherwise; what belongs to a table moves with it.
    belongs = thing.table not in ("", thing.id) or thing.kind == "column"
    return thing.name.rpartition(".")[2] if belongs else thing.name


def _follows(thing: Thing, now: Thing, old: dict[str, Thing], new: dict[str, Thing]) -> bool:
    # A definition that reads otherwise only because what it names was renamed.
    names = {old[id_].name.rpartition(".")[2]: new[id_].name.rpartition(".")[2] for id_ in old.keys() & new.keys()}
    renamed = {before: after for before, after in names.items() if before != after}
    text = thing.definition
    for before, after in renamed.items():
        text = text.replace(before, after)
    return bool(renamed) and text == now.definition
