"""What verbs have run, whole, and what that printed: a file of the last runs."""

import contextlib
import fcntl
import os
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import BinaryIO

from slipway.core import printable
from slipway.core.kept import Kept

HEAD = b"=== "
RUNS = 20
LARGEST = 5_000_000  # bytes


@dataclass
class Log:
    """The record of one run in a file that others write to as well; without a path, of none.

    It begins with the first command: a verb that only looks leaves nothing. What cannot be written is left out, and
    fails nobody. It takes text that has no secrets.
    """

    path: Path | None = None
    called: str = ""  # the command line
    redact: Callable[[str], str] = str
    kept: Kept = field(default_factory=Kept)  # of this run, whether there is a file or not
    _waits: str = ""
    _begun: bool = False
    _end: int = -1  # where in the file this run has written last

    @property
    def is_kept(self) -> bool:
        """Whether there is a file of it."""
        return self.path is not None and self._end >= 0

    def add(self, text: str) -> None:
        """Write a text of one or more lines, once a command was run."""
        self.kept.add(text)
        self._waits += f"{text}\n"
        if self._begun and self.path:
            try:
                self._write(self.path)
            except BlockingIOError:
                pass  # another run writes: next time
            except OSError:  # a full disk, a folder that is somebody else's or cannot be written to
                self.path = None

    def command(self, text: str) -> None:
        """Write a command."""
        self._begun = True
        self.add(text)

    def _write(self, path: Path) -> None:
        path.parent.mkdir(parents=True, exist_ok=True)
        opened = os.open(path, os.O_RDWR | os.O_APPEND | os.O_CREAT | os.O_CLOEXEC, 0o600)
        with os.fdopen(opened, "a+b") as file:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            who = f"{printable.line(self.redact(self.called))} (process {os.getpid()})"
            text = self._waits.encode(errors="backslashreplace")
            if self._end < 0:
                keep(file, RUNS - 1)
                text = HEAD + f"{time.strftime('%F %T')} {who}\n".encode() + text
            elif file.seek(0, os.SEEK_END) != self._end:  # another one has written meanwhile
                text = f"--- {who} goes on\n".encode() + text
            file.write(text)
            file.flush()
            if file.tell() > LARGEST:
                keep(file, RUNS)
            self._end, self._waits = file.tell(), ""


def keep(file: BinaryIO, runs: int) -> None:
    """Leave the last runs in the file, and of those the last half of what it may hold, if it is too large."""
    with contextlib.suppress(ValueError):
        file.seek(0)
        text = file.read()
        heads = [0] if text.startswith(HEAD) else []
        at = text.find(b"\n" + HEAD)
        while at >= 0:
            heads.append(at + 1)
            at = text.find(b"\n" + HEAD, at + 1)
        begin = heads[-runs] if len(heads) > runs else 0
        if len(text) - begin > LARGEST:
            begin = text.index(b"\n", len(text) - LARGEST // 2) + 1
        if begin:
            file.truncate(0)
            file.write(text[begin:])
            file.flush()
