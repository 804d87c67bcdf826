"""What has changed for users between two versions, as the changelog says: all of it, and what is shown."""

import re
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from slipway.project.minimum import order

HEADING = re.compile(r"^## +\[?v?(?P<version>[0-9][^\s\])]*)")
FILE = ".slipway/changes.md"  # has all of it
MOST = 12  # changes that are shown; what asks something of users comes before what does not
FIRST = ("security", "removed", "deprecated", "changed", "added")


@dataclass(frozen=True)
class Entry:
    """A change: the heading of its version, the one of its kind, its text."""

    version: str
    kind: str
    text: str

    @property
    def rank(self) -> int:
        """Its place among those that are shown."""
        kind = self.kind.lstrip("# ").lower()
        return FIRST.index(kind) if kind in FIRST else len(FIRST)


def between(changelog: str, old: str, new: str, before: str = "") -> list[Entry]:
    """Return the changes after the version `old`, up to `new`; none when it has none of them.

    Those that the changelog of the old one, `before`, had already are left out: it may have been made before its
    release, and have the number of the new one.
    """
    known = {_words(one.text) for one in _entries(before)}
    found = (one for one in _entries(changelog) if _is_new(one, old, new, bool(before)))
    return [one for one in found if _words(one.text) not in known]


def text(entries: Sequence[Entry]) -> str:
    """Return changes as the changelog has them."""
    lines: list[str] = []
    above = ("", "")
    for one in entries:
        if one.version != above[0]:
            lines += [*([""] if lines else []), one.version]
        if (one.version, one.kind) != above:
            lines += ["", *([one.kind, ""] if one.kind else [])]
        above = (one.version, one.kind)
        lines.append(one.text)
    return "\n".join(lines)


def shown(entries: Sequence[Entry]) -> list[str]:
    """Return the lines that are shown: all changes if they are few, else the first, and where the others are."""
    chosen = sorted(range(len(entries)), key=lambda at: (entries[at].rank, at))[:MOST]
    lines = text([entries[at] for at in sorted(chosen)]).splitlines()
    others = Counter(one.kind.lstrip("# ").lower() for at, one in enumerate(entries) if at not in chosen)
    if others:
        named = ", ".join(f"{count} {kind}".rstrip() for kind, count in others.items())
        lines += ["", f"... and {others.total()} more ({named}): all of them are in {FILE}"]
    return lines


def _entries(changelog: str) -> Iterator[Entry]:
    version = kind = ""
    found: list[str] = []
    for line in [*changelog.splitlines(), "## "]:
        if found and (line.startswith(("- ", "#")) or (not line.strip() and not found[0].startswith("- "))):
            yield Entry(version, kind, "\n".join(found).rstrip())
            found = []
        if line.startswith("## "):
            version, kind = line, ""
        elif line.startswith("###"):
            kind = line
        elif version and (line.strip() or found):
            found.append(line)


def _is_new(one: Entry, old: str, new: str, is_known: bool) -> bool:
    named = HEADING.match(one.version)
    try:
        version = order(named["version"]) if named else None
        return version is not None and (order(old) < version <= order(new) or (is_known and version == order(new)))
    except ValueError:  # a heading that is none of a version
        return False


def _words(entry: str) -> str:
    return " ".join(entry.split())
