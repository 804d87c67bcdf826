"""How one version of Slipway asks another what it writes into a project: JSON, a request in and an answer out.

Whoever asks runs the wheel's module `slipway.template`. The wheel lies in no environment, so what answers uses the
standard library alone. `made_by` are the words that made the project, as slipway.lock has them ("new", "shop",
"--empty"): the wheel that is asked understands its own. A field that is added has a default, and is ignored where
nobody knows it; the number is raised when one goes, or comes to mean something else.
"""

import base64
import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from pathlib import PurePosixPath
from typing import Any

VERSION = 1
MADE_BY = "# The project's files: slipway "  # begins the line of slipway.lock that says so
CLOSED = (".git", ".slipway")  # folders into which no version writes


class Kind(StrEnum):
    """What is at a path."""

    FILE = "file"
    EXECUTABLE = "executable"
    LINK = "link"  # its content is where it leads to
    OTHER = "other"  # a folder, or what is behind a link that leads elsewhere: nothing that is written


@dataclass(frozen=True)
class File:
    """A file: its content, and what it is."""

    content: bytes
    kind: Kind = Kind.FILE


@dataclass(frozen=True)
class Made:
    """What a version writes: its files by path, slipway.lock, and the changelog that says what has changed up to it."""

    version: str
    files: Mapping[str, File] = field(default_factory=dict)
    lock: str = ""
    changelog: str = ""


# What a version makes, of the words that made the project, and the line of slipway.lock that names Slipway itself.
# Without words, where nobody knows them, that is slipway.lock alone.
Maker = Callable[[Sequence[str], str], Made]


def asked(made_by: Sequence[str], source: str) -> str:
    """Return a request."""
    return json.dumps({"protocol": VERSION, "made-by": list(made_by), "source": source})


def answer(request: str, make: Maker) -> str:
    """Answer a request; what is wrong with it is the answer, too."""
    try:
        given = json.loads(request)
        if given["protocol"] > VERSION:
            raise ValueError(f"it knows version {VERSION} of the protocol, and was asked in {given['protocol']}")
        made = make([str(word) for word in given["made-by"]], str(given["source"]))
    except (ValueError, LookupError, TypeError) as error:
        return json.dumps({"protocol": VERSION, "error": str(error)})
    files = {path: _spelled(file) for path, file in made.files.items()}
    told = {"version": made.version, "files": files, "lock": made.lock, "changelog": made.changelog}
    return json.dumps({"protocol": VERSION} | told)


def read(text: str) -> Made:
    """Read an answer; raises ValueError with what it says is wrong, and for what is no answer."""
    try:
        found: dict[str, Any] = json.loads(text)
        if found["protocol"] > VERSION:
            raise ValueError(f"it answers in version {found['protocol']} of the protocol; {VERSION} is known here")
        if "error" in found:
            raise ValueError(str(found["error"]))
        files = {_inside(path): _file(one) for path, one in found["files"].items()}
        return Made(str(found["version"]), files, str(found["lock"]), str(found.get("changelog", "")))
    except (KeyError, TypeError, AttributeError) as error:
        raise ValueError(f"it is no answer: {error!r}") from None


def _spelled(file: File) -> dict[str, str]:
    return {"kind": str(file.kind), "content": base64.b64encode(file.content).decode()}


def _file(given: Mapping[str, str]) -> File:
    return File(base64.b64decode(given["content"], validate=True), Kind(given["kind"]))


def _inside(path: str) -> str:
    # What is written lies in the project's folder, and in none that is git's or Slipway's own.
    parts = PurePosixPath(path).parts
    if not parts or path.startswith("/") or ".." in parts or parts[0] in CLOSED or "\\" in path:
        raise ValueError(f"it would write {path!r}")
    return "/".join(parts)
