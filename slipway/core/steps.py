"""What a verb prints while it works: one line a step, with its time.

Everything here goes to standard error; results (URLs, tables, JSON) go to standard output.
"""

import contextlib
import os
import shlex
import sys
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TextIO

from slipway.core import printable, secrecy
from slipway.core.log import Log
from slipway.core.scripts import Script
from slipway.core.secrecy import Secrets
from slipway.core.sources import FILE, in_file
from slipway.core.terminal import draws
from slipway.core.words import row

LOG = ".slipway/last.log"
WIDTH = 80  # columns, of a terminal that doesn't tell
MOST = 65_536  # characters of what a command has printed that the log has
GREEN, RED, DIM, BOLD, PLAIN = "\x1b[32m", "\x1b[31m", "\x1b[2m", "\x1b[1m", "\x1b[0m"


def written(stream: TextIO | None, text: str) -> None:
    """Write a line; when nobody reads it any more (`| head`), what is under way goes on, and the rest is dropped.

    A stream that was closed before (`>&-`) is None.
    """
    if stream is None:
        return
    try:
        encoding = stream.encoding or "utf-8"
        stream.write(text.encode(encoding, "backslashreplace").decode(encoding) + "\n")  # LC_ALL=C may mean ASCII
        stream.flush()
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), stream.fileno())


def is_coloured(stream: TextIO) -> bool:
    """Tell whether a stream is shown by a terminal that has colours, to somebody who wants them."""
    return draws(stream) and "NO_COLOR" not in os.environ


def fitting(text: str, stream: TextIO) -> str:
    """Return the line of a text that a terminal has room for; elsewhere the whole text."""
    if not stream.isatty():
        return text
    try:
        width = os.get_terminal_size(stream.fileno()).columns or WIDTH
    except (OSError, ValueError):
        width = WIDTH
    line = text.partition("\n")[0]
    return text if text == line and len(text) <= width else f"{line[: width - 1]}…"


@dataclass
class Step:
    """A step under way; what it did can be told in `detail`."""

    detail: str = ""


@dataclass
class Steps:
    """Prints steps and commands; knows what must never be shown, and keeps a log of it all.

    On a terminal, a command is cut to a line unless commands are shown `whole`: they would hide the steps. Elsewhere,
    where lines have no end and nobody comes back to the log, all of it is shown.
    """

    secrets: Secrets = field(default_factory=lambda: secrecy.SECRETS)
    began: float = field(default_factory=time.monotonic)
    times: dict[str, float] = field(default_factory=dict)  # of the steps that have ended, in seconds
    prefix: dict[str, str] = field(default_factory=dict)  # variables that every command shown needs
    log: Log = field(default_factory=Log)
    whole: bool = False
    file: str = FILE  # what the file of the settings is called
    named: Callable[[str], str] = str  # lets the verbs that a text advises name the environment that it is about
    is_cut: bool = False  # whether a command was not shown whole
    has_failed: bool = False  # whether a step has
    colour: bool = field(default_factory=lambda: is_coloured(sys.stderr))

    def say(self, text: str, style: str = "") -> None:
        """Print a line, or some."""
        text = self.shown(text)
        self.log.add(text)
        self._write(f"{style}{text}{PLAIN}" if self.colour and style else text)

    def note(self, name: str, text: str) -> None:
        """Print a line that looks like a step's, without a time."""
        self.say(f"  {row(name, printable.line(text))}")

    def shown(self, text: str) -> str:
        """Return the text as people see it: no secret, nothing that acts on a terminal, the settings' own file."""
        return printable.plain(self.redact(in_file(self.named(text), self.file)))

    def redact(self, text: str) -> str:
        """Return the text with every secret value replaced."""
        return self.secrets.redact(text)

    def command(self, argv: Sequence[str], env: Mapping[str, str] | None = None, becomes: bool = False) -> None:
        """Print a command so that it can be pasted into a shell, as far as there is room; the log has it whole.

        It has no more of one that this process `becomes`.
        """
        prefix = [f"{name}={self._quoted(value)}" for name, value in {**self.prefix, **(env or {})}.items()]
        words = [f'"$(cat {word.file})"' if isinstance(word, Script) else self._quoted(word) for word in argv]
        text = printable.plain(self.redact("  $ " + " ".join([*prefix, *words])))
        self.log.command(f"{text}\n    (what it prints is not here: it has the terminal)" if becomes else text)
        shown = text if self.whole else fitting(text, sys.stderr)
        self.is_cut |= shown != text
        self._write(f"{DIM}{shown}{PLAIN}" if self.colour else shown)

    def printed(self, *texts: str) -> None:
        """Let the log have what a command has printed: the end of it, in whole lines."""
        for text in texts:
            end = text if len(text) <= MOST else text[-MOST:].partition("\n")[2]
            if lines := printable.settled(self.redact(end)).split("\n") if end.strip() else []:
                self.log.add("\n".join(f"    {line}".rstrip() for line in lines).rstrip())

    @property
    def where(self) -> str:
        """A line that names the log, where it has more about a step that has failed than was shown."""
        told = self.has_failed and self.is_cut and self.log.is_kept
        return f"\nWhat was run, whole, and what it printed: {LOG}" if told else ""

    @contextlib.contextmanager
    def step(self, name: str, detail: str = "") -> Iterator[Step]:
        """Time a step and print its line when it ends."""
        began, step = time.monotonic(), Step(detail)
        try:
            yield step
        except BaseException:
            self.has_failed = True
            self._line(name, "failed", began, RED)
            raise
        self._line(name, step.detail, began, GREEN)

    @contextlib.contextmanager
    def silent(self) -> Iterator[Step]:
        """Give a step that prints no line."""
        yield Step()

    def total(self) -> None:
        """Print the time since the verb began."""
        self.say(f"  total      {'':<52} {time.monotonic() - self.began:6.1f} s", DIM)

    def _quoted(self, word: str) -> str:
        return shlex.quote(self.redact(word))  # in this order: quotes may split a secret

    def _line(self, name: str, detail: str, began: float, style: str) -> None:
        self.times[name] = took = time.monotonic() - began
        line = f"{printable.line(self.redact(in_file(detail, self.file))):<52} {took:6.1f} s"
        self.log.add(f"  {row(name, line)}")
        self._write(f"  {style}{name:<10}{PLAIN} {line}" if self.colour else f"  {row(name, line)}")

    def _write(self, text: str) -> None:
        written(sys.stderr, text)
