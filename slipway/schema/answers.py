"""What the commands of `python -m slipway.schema` answer, and what answers consist of.

How they are printed, and read from an image of another release, is in protocol.py: a field that is added has a default.
"""

from dataclasses import dataclass, field

from slipway.schema.phases import Revision

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
