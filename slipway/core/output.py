"""Standard output and error of `./inv`: what cannot be written there stops no verb, and is told at its end.

The launcher imports this, with the standard library alone.
"""

import errno
import io
import os
import sys
from typing import Any, TextIO

INPUT, OUTPUT, ERROR = 0, 1, 2
UNREAD = 141  # the status of a program that SIGPIPE has ended, as a shell has it


class Kept(io.FileIO):
    """A descriptor that takes all that is written; `lost` is the number of the error once some of it is gone."""

    def __init__(self, descriptor: int, was_closed: bool) -> None:
        super().__init__(descriptor, "w", closefd=False)
        self.was_closed = was_closed
        self.lost = 0

    def write(self, data: Any) -> int:
        """Write some bytes; after an error, to nowhere, and so does what is started from then on."""
        try:
            if self.was_closed:
                raise OSError(errno.EBADF, os.strerror(errno.EBADF))
            return super().write(data)
        except OSError as error:
            self.lost = self.lost or error.errno or errno.EIO
            os.dup2(os.open(os.devnull, os.O_WRONLY), self.fileno())
            return len(data)


def keep() -> Kept:
    """Let sys.stdout and sys.stderr take all that is written; return the former's descriptor.

    One that is closed (`>&-`) would become that of the next file that is opened: programs would print into it.
    """
    closed = [one for one in (INPUT, OUTPUT, ERROR) if not _is_open(one)]
    for _ in closed:  # an open file gets the lowest number that is free
        os.set_inheritable(os.open(os.devnull, os.O_RDWR), True)
    if INPUT in closed:
        sys.stdin = open(INPUT, encoding="utf-8", closefd=False)  # noqa: SIM115
    out, err = Kept(OUTPUT, OUTPUT in closed), Kept(ERROR, ERROR in closed)
    sys.stdout, sys.stderr = _text(out, sys.stdout, "strict"), _text(err, sys.stderr, "backslashreplace")
    return out


def status(out: Kept, ended: int) -> int:
    """Return with which status to end; a result that is lost is told, unless whoever read it ended (`| head`)."""
    sys.stdout.flush()
    if not out.lost:
        return ended
    if out.lost == errno.EPIPE:
        return ended or UNREAD
    why = "it is closed" if out.was_closed else os.strerror(out.lost)
    sys.stderr.write(f"Standard output could not be written: {why}.{'' if ended else ' Nothing else failed.'}\n")
    return ended or 1


def _is_open(descriptor: int) -> bool:
    try:
        os.fstat(descriptor)
    except OSError:
        return False
    return True


def _text(raw: Kept, like: TextIO | None, errors: str) -> TextIO:
    encoding, how = (like.encoding, like.errors) if like else ("utf-8", errors)
    lines = raw.isatty() or raw.fileno() == ERROR
    return io.TextIOWrapper(io.BufferedWriter(raw), encoding=encoding, errors=how, line_buffering=lines)
