"""Files that are written at once: shown as a diff before, and taken back when one of them fails."""

import contextlib
import difflib
import os
import re
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from slipway.adopt.findings import Refused
from slipway.core.secrecy import HIDDEN, PLAIN, tells
from slipway.project import dotenv

VALUE = re.compile(r"^([ +-]?\s*(?:#\s*)?(?:export\s+)?[\"']?([A-Za-z_][\w-]*)[\"']?\s*[=:]\s*)(.+)$")
VARIABLE = re.compile(r'\+[A-Z][A-Z0-9_]* = "')  # one of the service's, with a text
MOST = 400  # lines of a diff that are shown of one file


@dataclass(frozen=True)
class Change:
    """A file as it is (None for one that is not there) and as it becomes; `mode` is that of a new one.

    `begun` names a file that a new one begins with, and has what that says. `secrets` are variables whose values are
    never shown, whatever their names look like.
    """

    name: str
    before: bytes | None
    after: bytes
    mode: int = 0o644
    begun: tuple[str, bytes] | None = None
    secrets: frozenset[str] = frozenset()

    @property
    def is_text(self) -> bool:
        """Whether it can be shown."""
        return b"\0" not in self.after[:8000] and not self.name.endswith((".whl", ".lock", "inv"))


def diff(change: Change) -> list[str]:
    """Return the lines of a change as `diff -u` shows it, the values of secrets left out."""
    if not change.is_text:
        return [f"+++ {change.name}  ({_size(len(change.after))})"]
    # Latin-1 reads everything; what is shown of it is harmless.
    old, was = change.begun or (change.name if change.before is not None else "/dev/null", change.before or b"")
    before, after = (_decoded(content).splitlines() for content in (was, change.after))
    is_private = dotenv.is_private(change.name.rpartition("/")[2])
    # Of a file with settings, nothing that was there: a line of a secret that has several looks like any other.
    lines = list(difflib.unified_diff(before, after, old, change.name, lineterm="", n=0 if is_private else 2))
    if not lines:
        return [f"+++ {change.name}  (as {old} is)"]
    more = [f"... and {len(lines) - MOST} lines more"] if len(lines) > MOST else []
    # What is added to other files is Slipway's own, and no secret; but for variables that a script gives the tests.
    own = () if change.name.rpartition("/")[2].startswith(".env") else ("+",)
    shown = (
        line if line.startswith(own) and not VARIABLE.match(line) else redacted(line, change.secrets)
        for line in lines[:MOST]
    )
    return [*shown, *more]


def _decoded(content: bytes) -> str:
    try:
        return content.decode()
    except UnicodeDecodeError:
        return content.decode("latin-1")


def _size(count: int) -> str:
    return f"{count / 1000:.0f} kB" if count >= 1000 else f"{count} bytes"


def redacted(line: str, secrets: Collection[str] = ()) -> str:
    """Return a line without the value that it gives a secret; templates and numbers are none, unless it is declared."""
    found = VALUE.match(line)
    if not found:
        return line
    is_plain = PLAIN.fullmatch(found[3].strip()) or "{password}" in found[3]
    is_secret = found[2] in secrets or (tells(found[2], found[3]) and not is_plain)
    return f"{found[1]}{HIDDEN}" if is_secret else line


def write(root: Path, changes: Sequence[Change]) -> None:
    """Write all files, or none: what was written is taken back when one fails; raises Refused, which says which.

    A file that is another one than it was when the change was made is not written over.
    """
    done: list[Change] = []
    folders: list[Path] = []
    try:
        for change in changes:
            _same(root, change)
            folders += _made(root / change.name)
            _put(root / change.name, change.after, None if change.before is not None else change.mode)
            done.append(change)
    except BaseException as error:  # also of who is interrupted
        for change in reversed(done):
            with contextlib.suppress(OSError):
                _take_back(root / change.name, change.before)
        for folder in reversed(folders):
            with contextlib.suppress(OSError):
                folder.rmdir()
        if not isinstance(error, OSError):
            raise
        failed = changes[len(done)].name
        raise Refused(f"{failed} could not be written: {error.strerror or error}. Nothing was changed.") from None


def _same(root: Path, change: Change) -> None:
    path = root / change.name
    now = path.read_bytes() if path.exists() else None
    if now != change.before:
        raise FileExistsError(0, "somebody else has changed it meanwhile")


def _made(path: Path) -> list[Path]:
    missing = [folder for folder in (path.parent, *path.parent.parents) if not folder.exists()]
    path.parent.mkdir(parents=True, exist_ok=True)
    return missing[::-1]


def _put(path: Path, content: bytes, mode: int | None) -> None:
    with _beside(path) as temporary:
        temporary.touch(0o600)  # from its first byte on
        temporary.write_bytes(content)
        if mode is None:
            temporary.chmod(path.stat().st_mode & 0o7777)
            if os.geteuid() == 0:
                os.chown(temporary, path.stat().st_uid, path.stat().st_gid)
        else:
            temporary.chmod(mode)
        temporary.replace(path.resolve() if path.is_symlink() else path)


@contextlib.contextmanager
def _beside(path: Path) -> Iterator[Path]:
    temporary = path.with_name(f"{path.name}.{os.getpid()}.new")
    try:
        yield temporary
    finally:
        temporary.unlink(missing_ok=True)


def _take_back(path: Path, before: bytes | None) -> None:
    if before is None:
        path.unlink()
    else:
        _put(path, before, None)
