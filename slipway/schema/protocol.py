"""What `python -m slipway.schema` answers with `--json`: printed in an image, read outside.

The image may be another release's. Its answer says to which version of this protocol it keeps; an image that was made
before there were versions says none, and keeps to the first. A field that is added has a default and is ignored where
nobody knows it, so that the version stays. It is raised when a field goes, or comes to mean something else.
"""

import json
from dataclasses import dataclass, field, fields, is_dataclass
from typing import Any, TypeVar, cast, get_args, get_origin

from slipway.schema.phases import Revision

VERSION = 1

Answer = TypeVar("Answer")


class NewerVersion(ValueError):
    """An answer keeps to a version of the protocol that is not known here."""

    def __init__(self, version: int) -> None:
        super().__init__(f"it keeps to version {version} of the protocol, and {VERSION} is the newest known here")
        self.version = version


# What answers consist of


@dataclass(frozen=True)
class Change:
    """How one thing differs; `before` and `after` are definitions, or names when it was renamed.

    `fresh` says that its table, or every column that it is about, is as new as it is.
    """

    what: str  # added, dropped, renamed or changed
    kind: str
    name: str
    before: str = ""
    after: str = ""
    fresh: bool = False


@dataclass(frozen=True)
class Statement:
    """What a statement was, and which locks it took on tables that were there before.

    `locks` are by table; `holding` is the strongest lock that its transaction held already.
    """

    sql: str
    kind: str
    locks: dict[str, str] = field(default_factory=dict)
    holding: str = ""


@dataclass
class Trial:
    """What a revision did to a scratch database."""

    revision: str
    phase: str = ""
    message: str = ""
    ignores: dict[str, str] = field(default_factory=dict)
    sql: str = ""  # as `--sql` prints it
    offline: str = ""  # why there is none
    error: str = ""
    statements: list[Statement] = field(default_factory=list)
    rewrites: list[str] = field(default_factory=list)
    changes: list[Change] = field(default_factory=list)
    back: list[Change] = field(default_factory=list)  # what up and down again leaves behind
    irreversible: str = ""


@dataclass(frozen=True)
class Done:
    """A revision that was applied or taken back, how long that took, and how often it was tried."""

    revision: str
    phase: str = ""
    seconds: float = 0.0
    tries: int = 1


@dataclass(frozen=True)
class Size:
    """A table's size, indexes included, and about how many rows it has (-1: never counted)."""

    bytes: int
    rows: int = -1


@dataclass(frozen=True)
class Undone(Revision):
    """A revision that would be taken back, and by which SQL."""

    sql: str = ""


@dataclass(frozen=True)
class Loss:
    """A table or column that would go, and how many rows have something in it (None: that takes long to count)."""

    kind: str
    name: str
    rows: int | None = None


# The answers, by command


@dataclass(frozen=True)
class Upgraded:
    """What `upgrade` did: from where, to where, by which revisions, and which of them have to wait."""

    before: tuple[str, ...] = field(metadata={"key": "from"})
    to: tuple[str, ...]
    applied: tuple[Done, ...] = ()
    waiting: tuple[str, ...] = ()


@dataclass(frozen=True)
class Downgraded:
    """What `downgrade` did: from where, to where, by taking back which revisions."""

    before: tuple[str, ...] = field(metadata={"key": "from"})
    to: tuple[str, ...]
    undone: tuple[Done, ...] = field(default=(), metadata={"key": "taken back"})


@dataclass(frozen=True)
class State:
    """Where the database is, and what is pending: what is applied now, what waits, why not more, and sizes by table."""

    at: tuple[str, ...]
    heads: tuple[str, ...] = ()
    pending: tuple[Revision, ...] = ()
    apply: tuple[str, ...] = ()
    waiting: tuple[str, ...] = ()
    refused: str = ""
    sizes: dict[str, Size] = field(default_factory=dict)


@dataclass(frozen=True)
class Plan(State):
    """What is pending, and what it did on a scratch database."""

    trials: tuple[Trial, ...] = ()


@dataclass(frozen=True)
class Known:
    """How a release stands to the database, as far as that `can_tell` which revisions both know.

    `lost` are the applied revisions that took something away and that the release doesn't know, `missing` those that it
    needs and that are not applied.
    """

    at: tuple[str, ...]
    can_tell: bool = False
    lost: tuple[str, ...] = ()
    missing: tuple[str, ...] = ()


@dataclass(frozen=True)
class Checked:
    """The newest revisions, how the models differ from them, and all revisions tried on a fresh database."""

    heads: tuple[str, ...]
    models: str = ""
    trials: tuple[Trial, ...] = ()
    unimported: tuple[str, ...] = ()  # modules that define tables, and that env.py doesn't import


@dataclass(frozen=True)
class Revised:
    """The files that `revise` wrote (none where nothing differs), modules as in `Checked`, and what else to say."""

    files: tuple[str, ...] = ()
    unimported: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()


@dataclass(frozen=True)
class Drift:
    """How the database differs from what its revisions make."""

    at: tuple[str, ...]
    changes: tuple[Change, ...] = ()


@dataclass(frozen=True)
class Undo:
    """What `downgrade` would take back, and what data that deletes (None: that cannot be told)."""

    at: tuple[str, ...]
    undone: tuple[Undone, ...] = ()
    lost: tuple[Loss, ...] | None = None


def as_json(value: Any) -> Any:
    """Return an answer as plain values."""
    if is_dataclass(value):
        return {_key(one): as_json(getattr(value, one.name)) for one in fields(value)}
    if isinstance(value, dict):
        return {key: as_json(inner) for key, inner in value.items()}
    return [as_json(inner) for inner in value] if isinstance(value, list | tuple) else value


def written(answer: Any) -> str:
    """Return an answer as it is printed."""
    return json.dumps({"version": VERSION, **as_json(answer)})


def read(kind: type[Answer], text: str) -> Answer:
    """Read an answer that was printed.

    Raises NewerVersion when it keeps to a newer version than this one, ValueError for what is no such answer.
    """
    found = json.loads(text)
    if not isinstance(found, dict):
        raise ValueError(f"{text[:100]!r} is no answer")
    try:
        version = int(found.get("version", 1))
        if version > VERSION:
            raise NewerVersion(version)
        made: Answer = _value(kind, found)
    except (TypeError, AttributeError) as error:
        raise ValueError(f"it is no answer of the kind {kind.__name__}: {error}") from None
    return made


def _key(of: Any) -> str:
    return str(of.metadata.get("key", of.name))


def _value(kind: Any, value: Any) -> Any:
    # What is unknown here is left out, and what is missing has its default.
    origin, inner = get_origin(kind), get_args(kind)
    if is_dataclass(kind):
        known, make = {_key(one): one for one in fields(kind)}, cast(type[Any], kind)
        return make(**{known[key].name: _value(known[key].type, given) for key, given in value.items() if key in known})
    if origin in (tuple, list):
        return origin(_value(inner[0], one) for one in value)
    if origin is dict:
        return {key: _value(inner[1], one) for key, one in value.items()}
    if type(None) in inner:
        return None if value is None else _value(inner[0], value)
    return value
