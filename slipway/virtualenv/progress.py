"""How far an installation is: a line that is rewritten on a terminal, and one every ten seconds elsewhere."""

import math
import os
import re
import subprocess
import sys
import tempfile
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from slipway.core.terminal import draw, draws

EVERY = 10.0  # seconds between lines where no terminal is
LOOK = 0.2
HELD: list[int] = []  # files that what is run keeps open as well
# What pip and uv print of each package; what is left says why they failed.
ROUTINE = re.compile(
    r"\s*(Collecting|Downloading|Downloaded|Using|Obtaining|Looking in|Processing|Install|Getting|Prepar"
    r"|Resolv|Checking if build|Requirement already|Building|Built|Saved|Successfully|[+~-] \S+==).*"
)
FETCHED = re.compile(r"(?m)^(?:Collecting|Requirement already satisfied:) ")
LARGE = re.compile(r"(?m)^Downloading (\S+) \(([^)]+)\)$")  # by uv, which says so of large files alone
LARGE_DONE = re.compile(r"(?m)^ *Downloaded (\S+)$")


class Line:
    """One line about something under way."""

    def __init__(self) -> None:
        self.draws = draws(sys.stderr)
        self._shown = ""
        self._last = time.monotonic()

    def show(self, text: str) -> None:
        """Show how far it is."""
        now = time.monotonic()
        if self.draws and text != self._shown:
            draw(text)
        elif not self.draws and now - self._last >= EVERY:
            sys.stderr.write(f"{text}\n")
            sys.stderr.flush()
            self._last = now
        self._shown = text

    def end(self) -> None:
        """Leave nothing behind of what was rewritten."""
        if self.draws and self._shown:
            draw("")
        self._shown = ""


@dataclass
class Progress:
    """Of `total` packages, which get into the folders `sites`; tells it in one line that begins with `doing`."""

    doing: str = "inv: making an environment"
    total: int = 0
    sites: Sequence[Path] = ()
    line: Line = field(default_factory=Line)

    def text(self, printed: str, installs: bool) -> str:
        """Return how far it is, by what the installer has printed and what is there."""
        there = len([one for site in self.sites for one in site.glob("*.dist-info")]) if installs else 0
        if there:
            return f"{self.doing}: {min(there, self.total)} of {self.total} packages"
        if fetched := len(FETCHED.findall(printed)):
            return f"{self.doing}: {min(fetched, self.total)} of {self.total} packages fetched"
        done = set(LARGE_DONE.findall(printed))
        if large := [f"{name} ({size})" for name, size in LARGE.findall(printed) if name not in done]:
            return f"{self.doing}: fetching {', '.join(large)}"
        return self.doing

    def run(
        self,
        argv: Sequence[str],
        env: Mapping[str, str] | None = None,
        installs: bool = False,
        seconds: float = math.inf,
    ) -> tuple[int, str]:
        """Run a program to its end, and tell how far it is; return its status and what it printed.

        One that takes more than `seconds` is ended.
        """
        with tempfile.TemporaryFile("w+", errors="replace") as output:
            process = subprocess.Popen(
                argv, env=env, stdin=subprocess.DEVNULL, stdout=output, stderr=subprocess.STDOUT, pass_fds=HELD
            )
            try:
                self._watch(process, output.fileno(), installs, time.monotonic() + seconds)
            except BaseException:
                process.terminate()
                process.wait()
                raise
            finally:
                self.line.end()
            output.seek(0)
            return process.returncode, output.read()

    def _watch(self, process: "subprocess.Popen[bytes]", output: int, installs: bool, until: float) -> None:
        while True:
            try:
                process.wait(LOOK)
                return
            except subprocess.TimeoutExpired:
                self.line.show(self.text(_so_far(output), installs))
            if time.monotonic() > until:
                process.terminate()


def _so_far(output: int) -> str:
    return os.pread(output, os.fstat(output).st_size, 0).decode(errors="replace")


def reasons(printed: str) -> str:
    """Return what an installer has printed, but for what it says of each package that it installs."""
    kept = [line for line in printed.splitlines() if line.strip() and not ROUTINE.fullmatch(line)]
    return "".join(f"{line}\n" for line in kept)
