"""What a statement is: how long it may wait and run, how it is mended."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Annotated, Literal

Seconds = Annotated[int, range(1, 1_000_001)]  # PostgreSQL takes 0 for no limit at all, and two million at most
Kind = Literal["schema", "data", "validate", "concurrent"]

# https://www.postgresql.org/docs/current/sql-syntax-lexical.html: what is no code; a comment may hold others.
_NO_CODE = re.compile(
    r"""
    (?P<comment>--[^\n]*|/\*)
    | (?P<string>(?<![\w$])[eE]'(?:[^'\\]|\\.|'')*' | '(?:[^']|'')*'
        | (?<![\w$])\$(?P<tag>(?:[^\W\d]\w*)?)\$.*?\$(?P=tag)\$)
    | (?P<name>"(?:[^"]|"")*")
    """,
    re.DOTALL | re.VERBOSE,
)
_EDGE = re.compile(r"/\*|\*/")
_RUNS = re.compile(r"(?:^|;)\s*(?:DO|CALL)\b", re.IGNORECASE)  # what runs what its strings hold
_DATA = ("SELECT", "INSERT", "UPDATE", "DELETE", "MERGE", "WITH", "COPY", "VALUES", "TABLE", "EXPLAIN", "DO", "CALL")
_GAP = r"(?:\s|--[^\n]*\n|/\*(?:[^*]|\*(?!/))*\*/)"  # between words: space and comments
_NAME = r'(?:"(?:[^"]|"")+"|(?!\d)[\w$]+)'
_DOTTED = rf"{_NAME}(?:{_GAP}*\.{_GAP}*{_NAME})?"
_CREATE_INDEX = re.compile(
    rf"(?P<create>{_GAP}*CREATE{_GAP}+(?P<unique>UNIQUE{_GAP}+)?INDEX{_GAP}+CONCURRENTLY){_GAP}+"
    rf"(?:IF{_GAP}+NOT{_GAP}+EXISTS{_GAP}+)?(?:(?P<name>(?!ON\b){_NAME}){_GAP}+)?ON{_GAP}+"
    rf"(?:ONLY{_GAP}+)?(?P<table>{_DOTTED})(?P<rest>.*)",
    re.IGNORECASE | re.DOTALL,
)
_DROP_INDEX = re.compile(
    rf"(?P<drop>{_GAP}*DROP{_GAP}+INDEX{_GAP}+CONCURRENTLY){_GAP}+(?:IF{_GAP}+EXISTS{_GAP}+)?(?={_DOTTED})",
    re.IGNORECASE,
)
_SET = re.compile(r"\s*SET\s+(?:LOCAL\s+|SESSION\s+)?(lock|statement)_timeout\b", re.IGNORECASE)


@dataclass(frozen=True)
class Limits:
    """How long statements may wait and run, in seconds, and how often a revision is tried.

    `lock_timeout` bounds the wait for a lock, behind which every request to the table queues. `statement_timeout` is
    for what keeps a lock while it runs, `data_timeout` for reading and writing rows, `online_timeout` for what lets the
    service work meanwhile: CONCURRENTLY, and VALIDATE CONSTRAINT.
    """

    lock_timeout: Seconds = 2
    statement_timeout: Seconds = 30
    data_timeout: Seconds = 600
    online_timeout: Seconds = 3600
    tries: Annotated[int, range(1, 1001)] = 5


def kind(sql: str) -> Kind:
    """Tell what kind of statement this is, by its words.

    `concurrent` blocks nobody while it waits; `validate` blocks no rows while it runs; `data` reads or writes rows;
    everything else is `schema`, a DO or CALL whose text changes a schema too.
    """
    text = " ".join(code(sql).upper().split())
    if re.match(r"(CREATE (UNIQUE )?INDEX|DROP INDEX|REINDEX|REFRESH MATERIALIZED VIEW)\b.*\bCONCURRENTLY\b", text):
        return "concurrent"
    if re.match(r"ALTER TABLE .* DETACH PARTITION .* CONCURRENTLY", text):
        return "concurrent"
    if re.match(r"ALTER TABLE [^,]* VALIDATE CONSTRAINT [^,]*$", text):
        return "validate"
    first = text.partition(" ")[0].rstrip(";(")
    if first in ("DO", "CALL") and re.search(r"\b(ALTER|CREATE|DROP|TRUNCATE|LOCK)\b", text):
        return "schema"
    return "data" if first in _DATA else "schema"


def timeouts(of: Kind, limits: Limits) -> tuple[int, int]:
    """Return lock_timeout and statement_timeout, in seconds; 0 is none."""
    return {
        "schema": (limits.lock_timeout, limits.statement_timeout),
        "data": (limits.lock_timeout, limits.data_timeout),
        "validate": (limits.lock_timeout, limits.online_timeout),
        "concurrent": (0, limits.online_timeout),
    }[of]


def sets_timeout(sql: str) -> str:
    """Return the timeout that a revision sets for itself, or ""."""
    found = _SET.match(code(sql))
    return f"{found[1].lower()}_timeout" if found else ""


@dataclass(frozen=True)
class Index:
    """What a CREATE INDEX CONCURRENTLY makes: names as written ("" for none), and what follows the table's."""

    name: str
    table: str
    unique: bool
    rest: str

    @property
    def plain(self) -> str:
        """The name as the catalogue has it."""
        text = self.name[1:-1].replace('""', '"') if self.name.startswith('"') else self.name.lower()
        return text.encode()[:63].decode(errors="ignore")  # PostgreSQL cuts it, too


def created_index(sql: str) -> Index | None:
    """Return what a CREATE INDEX CONCURRENTLY makes, or None."""
    found = _CREATE_INDEX.match(sql)
    return Index(found["name"] or "", found["table"], bool(found["unique"]), found["rest"]) if found else None


def plain(sql: str) -> str:
    """Return a statement as PostgreSQL sees it: SQLAlchemy writes a percent sign twice for the driver."""
    return sql.replace("%%", "%")


def code(sql: str) -> str:
    """Return the code of a statement: without comments, its strings and quoted names empty.

    What a DO or CALL is given is run, or may be: it is appended, without its comments.
    """
    empty = {"comment": " ", "string": "''", "name": '""'}
    text = "".join(empty.get(kind, part) for kind, part in _parts(sql)).strip()
    if not _RUNS.search(text):
        return text
    given = (without_comments(_inside(part)) for kind, part in _parts(sql) if kind == "string")
    return " ".join([text, *given])


def without_comments(sql: str) -> str:
    """Return a statement without its comments; what looks like one in a string stays."""
    return "".join(" " if kind == "comment" else part for kind, part in _parts(sql)).strip()


def unless_there(sql: str) -> str:
    """Return a CREATE INDEX CONCURRENTLY that keeps an index of that name."""
    found = _CREATE_INDEX.match(sql)
    return f"{found['create']} IF NOT EXISTS {sql[found.start('name') :]}" if found and found["name"] else sql


def unless_gone(sql: str) -> str:
    """Return a DROP INDEX CONCURRENTLY that minds nothing when there is none."""
    found = _DROP_INDEX.match(sql)
    return f"{found['drop']} IF EXISTS {sql[found.end() :]}" if found else sql


def _parts(sql: str) -> Iterator[tuple[str, str]]:
    # A statement part by part: each is a comment, a string, a quoted name or code ("").
    at = 0
    while found := _NO_CODE.search(sql, at):
        yield "", sql[at : found.start()]
        at = _end(sql, found.end()) if found[0] == "/*" else found.end()
        yield found.lastgroup or "", sql[found.start() : at]
    yield "", sql[at:]


def _end(sql: str, at: int) -> int:
    # Where a comment ends that has begun.
    depth = 1
    for edge in _EDGE.finditer(sql, at):
        depth += 1 if edge[0] == "/*" else -1
        if not depth:
            return edge.end()
    return len(sql)


def _inside(string: str) -> str:
    if string.startswith("$"):
        mark = string[: string.index("$", 1) + 1]
        return string[len(mark) : -len(mark)]
    return string[string.index("'") + 1 : -1].replace("''", "'")
