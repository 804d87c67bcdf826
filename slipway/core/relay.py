"""What other programs print, on its way to this process's screen: without secrets, and as it comes."""

import codecs
import contextlib
import fcntl
import io
import os
import re
import select
import subprocess
import termios
import threading
from collections.abc import Iterator

from slipway.core.printable import UNFINISHED, drawn
from slipway.core.secrecy import PART, Secrets
from slipway.core.signals import interrupted
from slipway.core.steps import Steps

OUT, ERR = 1, 2
CHUNK = 65_536
SOON = 0.1  # seconds after which what may be the beginning of something is shown: a question waits for its answer
SHORTENED = re.compile(r"(?<!\.)\.{1,3}(?!\.)|…")  # what follows may be the end of a secret; see secrecy.CUT
AFTER = 1.0  # seconds in which more may come, once a program has ended and another holds its end


class Stream:
    """Text that is passed on in pieces; what may be a part of a secret waits for the next one."""

    def __init__(self, secrets: Secrets) -> None:
        self.secrets = secrets
        self.held = ""
        self._decoder = codecs.getincrementaldecoder("utf-8")("surrogateescape")

    def feed(self, data: bytes, last: bool = False) -> bytes:
        """Return what can be shown by now; with the `last` piece, all."""
        self.held += self._decoder.decode(data, last)
        return self._release(len(self.held) if last else self._safe(self.held))

    def pause(self) -> bytes:
        """Return what was held back, when nothing comes for a moment, but for what may be a part of a secret."""
        return self._release(len(self.held) - _tail(self.held, self.secrets, PART))

    def _release(self, at: int) -> bytes:
        for begin, end in self.secrets.found(self.held):
            if begin < at < end:
                at = end
        text, self.held = self.held[:at], self.held[at:]
        return drawn(self.secrets.redact(text)).encode("utf-8", "surrogateescape")

    def _safe(self, text: str) -> int:
        # Up to where nothing that follows changes what is shown.
        held = _tail(text, self.secrets, 1)
        if self.secrets.short and (word := re.search(r"[^\W_]+\Z", text)):
            held = max(held, len(word[0]))
        safe = text[: len(text) - held]
        safe = safe[: len(safe) - _shortened(safe, self.secrets)]
        unfinished = UNFINISHED.search(safe)
        return unfinished.start() if unfinished else len(safe)


def _tail(text: str, secrets: Secrets, least: int) -> int:
    # How many characters, `least` or more, may be the beginning of a secret; no spelling goes over the end of a line.
    rest = text[text.rfind("\n") + 1 :]
    held = secrets.begun(rest)
    return held if held >= least else 0


def _shortened(text: str, secrets: Secrets) -> int:
    # How many characters may be the ends of a secret with dots between them, which are not all there yet.
    longest = len(secrets.long[0]) if secrets.long else 0
    rest = text[text.rfind("\n") + 1 :][-3 * longest :]
    for dots in SHORTENED.finditer(rest) if longest else ():
        head, after = secrets.begun(rest[: dots.start()]), rest[dots.end() :]
        if len(after) < longest and (head >= PART or len(after) < PART or secrets.has_part(after[:PART])):
            return len(rest) - dots.start() + head
    return 0


class Relay:
    """Passes on what one program prints.

    It gets a terminal where this process has one, so that it draws and asks as it would there. What one that is
    `hushed` prints, once this process was told to end, is not shown: pytest's workers have a traceback each.
    """

    def __init__(self, secrets: Secrets, hushed: bool = False) -> None:
        self.secrets = secrets
        self.hushed = hushed
        self.heard: dict[int, bytes] = {}  # the end of what was shown, by where
        self._ends: dict[int, int] = {}
        self._threads: list[tuple[threading.Thread, threading.Event]] = []

    def end(self, screen: int) -> int:
        """Return where the program may write what is for a descriptor of this process's."""
        try:
            for other, end in self._ends.items():
                if os.path.sameopenfile(other, screen):
                    return end  # one way for both: what came first is shown first
            is_terminal = os.isatty(screen)
        except OSError:  # it is closed
            return subprocess.DEVNULL
        read, write = os.openpty() if is_terminal else os.pipe()
        if is_terminal:
            attributes = termios.tcgetattr(write)
            attributes[1] &= ~termios.OPOST  # the other terminal will do that
            termios.tcsetattr(write, termios.TCSANOW, attributes)
            _resize(read, screen)
        idle = threading.Event()
        thread = threading.Thread(target=self._pass_on, args=(read, screen, is_terminal, idle), daemon=True)
        self._ends[screen] = write
        self._threads.append((thread, idle))
        thread.start()
        return write

    def started(self) -> None:
        """Leave the ends to the program, which runs."""
        for end in self._ends.values():
            os.close(end)
        self._ends.clear()

    def close(self) -> None:
        """Wait until all is shown that was printed, however long its reader takes."""
        self.started()
        for thread, idle in self._threads:
            thread.join(AFTER)
            while thread.is_alive() and not idle.is_set():  # else what holds the end may print at any time
                thread.join(AFTER)

    def _pass_on(self, read: int, screen: int, is_terminal: bool, idle: threading.Event) -> None:
        stream, data = Stream(self.secrets), b"."
        # When nobody looks any more, the program is told in the same way: its end is closed.
        with (
            contextlib.suppress(OSError),
            io.FileIO(screen, "w", closefd=False) as shown,
            contextlib.closing(io.FileIO(read)) as ended,
        ):
            while data:
                if stream.held and not select.select([read], [], [], SOON)[0]:
                    self._show(shown, stream.pause())
                idle.set()
                select.select([read], [], [])
                idle.clear()
                data = _read(ended)
                if is_terminal:
                    _resize(read, screen)
                text = stream.feed(data, last=not data)
                self.heard[screen] = (self.heard.get(screen, b"") + text)[-CHUNK:]
                self._show(shown, text)

    def _show(self, shown: io.FileIO, text: bytes) -> None:
        if not (self.hushed and interrupted() is not None):
            _write(shown, text)


def _read(ended: io.FileIO) -> bytes:
    try:
        return ended.read(CHUNK) or b""
    except OSError:  # of a terminal whose other end is closed
        return b""


@contextlib.contextmanager
def relayed(steps: Steps, echo: bool = True, hushed: bool = False) -> Iterator[Relay]:
    """Give a relay; what was printed is shown when this ends, and the log has it, of a command that was shown."""
    relay = Relay(steps.secrets, hushed)
    try:
        yield relay
    finally:
        relay.close()
        if echo:
            steps.printed(*(text.decode(errors="replace") for text in relay.heard.values()))


def _write(shown: io.FileIO, data: bytes) -> None:
    while data:
        data = data[shown.write(data) or 0 :]


def _resize(terminal: int, like: int) -> None:
    with contextlib.suppress(OSError):
        fcntl.ioctl(terminal, termios.TIOCSWINSZ, fcntl.ioctl(like, termios.TIOCGWINSZ, b"\0" * 8))
