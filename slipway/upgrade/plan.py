"""What becomes of each file that Slipway has written: decided of three versions of it, without touching anything."""

import tomllib
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from enum import Enum
from typing import Any

from slipway.template.protocol import File, Kind

PYPROJECT = "pyproject.toml"
LOCKS = {"poetry.lock": "poetry lock", "uv.lock": "uv lock"}  # what is made of pyproject.toml, and by which command

FEW = 10  # lines: of a file with fewer, a few changes are most of it

Tree = Mapping[str, File]
# Merges what the project has, what it was made of, and what Slipway has now; None where that cannot be merged.
Merge = Callable[[bytes, bytes, bytes], "tuple[bytes, bool] | None"]


class Fate(Enum):
    """What becomes of a file, for people."""

    REPLACED = "replaced"
    ADDED = "added"
    MERGED = "merged"
    CONFLICT = "conflict"  # with markers
    REMOVED = "removed"
    BESIDE = "kept as it is"  # and Slipway's is written beside the project, to be compared
    KEPT = "kept"  # Slipway has it no more
    GONE = "stays deleted"


# What the project's folder has to be looked at for afterwards.
OPEN = (Fate.CONFLICT, Fate.BESIDE)
WRITTEN = (Fate.REPLACED, Fate.ADDED, Fate.MERGED, Fate.CONFLICT, Fate.REMOVED)


@dataclass(frozen=True)
class Change:
    """What becomes of one file: what it is then (None for none), and why, where that says more than its fate."""

    path: str
    fate: Fate
    file: File | None = None
    why: str = ""
    resolves: bool = False  # whether it has to be made anew, of a pyproject.toml with other dependencies


def decide(base: Tree | None, theirs: Tree, ours: Tree, merge: Merge) -> list[Change]:
    """Return what becomes of the files, by path; what stays and is nobody's concern is left out.

    `base` is what the version before made, None where nobody knows: then nothing of the project's is touched. `ours` is
    what the project has, `theirs` what Slipway has now.
    """
    if base is None:
        return [_compared(path, ours.get(path), new) for path, new in sorted(theirs.items()) if ours.get(path) != new]
    found = {}
    for path in sorted({*base, *theirs}):
        if change := _one(path, base.get(path), theirs.get(path), ours.get(path), merge):
            found[path] = change
    return [_of_lock(one, base, theirs, ours, found) if one.path in LOCKS else one for one in found.values()]


def _compared(path: str, mine: File | None, new: File) -> Change:
    return Change(path, Fate.BESIDE, new, "it is another one" if mine else "you don't have it")


def _one(path: str, old: File | None, new: File | None, mine: File | None, merge: Merge) -> Change | None:
    if _same(old, new) or _same(mine, new):
        return None
    if mine is None:
        return Change(path, Fate.GONE, None, "Slipway's has changed") if old else Change(path, Fate.ADDED, new)
    if old is None:
        return Change(path, Fate.BESIDE, new, "it is new in Slipway, and you have another of that name")
    if new is None:
        is_mine = not _same(old, mine)
        return Change(path, Fate.KEPT, None, "Slipway has it no more") if is_mine else Change(path, Fate.REMOVED)
    return _merged(path, old, new, mine, merge)


def _merged(path: str, old: File, new: File, mine: File, merge: Merge) -> Change | None:
    # What it is and what is in it are changed by one side each, as a rule.
    if any(one.kind in (Kind.LINK, Kind.OTHER) for one in (old, new, mine)):
        if _same(old, mine):
            return Change(path, Fate.REPLACED, new)
        return Change(path, Fate.BESIDE, new, "a link, or a folder: nothing that can be merged")
    kind = new.kind if mine.kind == old.kind else mine.kind
    if unix(mine.content) == unix(old.content):
        return Change(path, Fate.REPLACED, File(ended_like(new.content, mine.content), kind))
    if unix(new.content) in (unix(old.content), unix(mine.content)):
        is_other = kind is not mine.kind
        return Change(path, Fate.REPLACED, File(mine.content, kind), "its mode alone") if is_other else None
    if is_anew(old.content, mine.content):
        return Change(path, Fate.BESIDE, new, "you have written it anew")
    end = ended_like if is_dos(mine.content) else _as_is
    one, other, base = ((unix(each.content) if is_dos(mine.content) else each.content) for each in (mine, new, old))
    found = merge(one, base, other)
    if found is None:
        return Change(path, Fate.BESIDE, new, "it is no text that could be merged")
    content, is_clean = found
    return Change(path, Fate.MERGED if is_clean else Fate.CONFLICT, File(end(content, mine.content), kind))


def is_anew(old: bytes, mine: bytes) -> bool:
    """Tell whether a file has less than half of the lines that it was made with: a merge would be one conflict.

    Another one of that name was never Slipway's, like a tasks.py that `slipway adopt` has found.
    """
    before, now = ({line.strip() for line in each.splitlines()} - {b""} for each in (old, mine))
    return len(before) >= FEW and 2 * len(before & now) < len(before)


def _of_lock(change: Change, base: Tree, theirs: Tree, ours: Tree, found: Mapping[str, Change]) -> Change:
    # It is made of pyproject.toml, and no merge of two is what a resolver would make of a third.
    becomes = found[PYPROJECT].file if PYPROJECT in found else ours.get(PYPROJECT)
    if change.fate is Fate.REPLACED and _same(becomes, theirs.get(PYPROJECT)):
        return change
    if change.fate is Fate.GONE or change.path not in ours:
        return change
    moved = dependencies(base.get(PYPROJECT)) != dependencies(theirs.get(PYPROJECT))
    why = f"never merged; then: {LOCKS[change.path]}" if moved else "never merged"
    return Change(change.path, Fate.KEPT, None, why, resolves=moved)


def dependencies(pyproject: File | None) -> Any:
    """Return what a pyproject.toml says of dependencies; None where it cannot be read."""
    try:
        document = tomllib.loads(pyproject.content.decode() if pyproject else "")
    except (UnicodeDecodeError, tomllib.TOMLDecodeError):
        return None
    project = document.get("project", {})
    named = [project.get(key) for key in ("requires-python", "dependencies", "optional-dependencies")]
    return [*named, document.get("dependency-groups"), document.get("tool", {}).get("poetry")]


def _same(one: File | None, other: File | None) -> bool:
    # Git may have given the project's files the line ends of Windows.
    if one is None or other is None:
        return one is other
    return one.kind == other.kind and unix(one.content) == unix(other.content)


def is_dos(content: bytes) -> bool:
    """Tell whether all lines end as on Windows."""
    return b"\r\n" in content and content.count(b"\r\n") == content.count(b"\n")


def unix(content: bytes) -> bytes:
    """Return a text with the line ends of Unix, where all of them are those of Windows."""
    return content.replace(b"\r\n", b"\n") if is_dos(content) and b"\0" not in content else content


def ended_like(content: bytes, mine: bytes) -> bytes:
    """Return a text with the line ends of another one."""
    return unix(content).replace(b"\n", b"\r\n") if is_dos(mine) and b"\0" not in mine + content else content


def _as_is(content: bytes, _: bytes) -> bytes:
    return content


def is_marked(content: bytes) -> bool:
    """Tell whether git has left the markers of a conflict in a file, which nobody has resolved yet."""
    lines = content.splitlines()
    begins = any(line.startswith(b"<<<<<<< ") for line in lines)
    return begins and b"=======" in lines and any(line.startswith(b">>>>>>> ") for line in lines)
