"""Run other programs: echoed, without orphans, without a shell."""

import os
import signal
import subprocess
import sys
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import IO, Any, NoReturn

from slipway.core import limits, terminal
from slipway.core.errors import Problem
from slipway.core.limits import Late, Limit
from slipway.core.programs import attend, captured, ended, started, status_of, talk, unstarted
from slipway.core.pythons import own_first
from slipway.core.relay import ERR, OUT, relayed
from slipway.core.signals import interrupted
from slipway.core.steps import Steps
from slipway.core.still import Still


@dataclass(frozen=True)
class Ran:
    """How a job ended: its status, what it printed, and when the status is not 0, its last lines."""

    status: int
    output: str = ""
    said: str = ""


def tokens(*parts: str | Sequence[str] | None) -> list[str]:
    """Return one flat command line; None is dropped."""
    flat: list[str] = []
    for part in parts:
        if part is not None:
            flat.extend([part] if isinstance(part, str) else part)
    return flat


class Shell:
    """Runs programs in the project's folder.

    `env` arguments are laid over the environment and shown: never put a secret there, that is what `hidden` is for.
    """

    def __init__(self, root: Path, steps: Steps) -> None:
        self.root, self.steps = root, steps
        # What is run, but for what only asks, keeps these files open as well while it runs, and has these variables.
        self.held: list[int] = []
        self.mark: Callable[[Limit], dict[str, str]] = lambda _: {}
        self.beneath, self.private = dict[str, str](), dict[str, str]()  # beneath the environment's; the latter hidden

    def run(
        self,
        argv: Sequence[str],
        *,
        env: Mapping[str, str] | None = None,
        hidden: Mapping[str, str] | None = None,
        cwd: Path | None = None,
        failed: str | None = None,
    ) -> None:
        """Run a program with this terminal; it prints for itself.

        Raises Problem with the text `failed` and the program's own status when that is not 0.
        """
        status = self.status(argv, env=env, hidden=hidden, cwd=cwd)
        if status:
            raise Problem(failed or f"{argv[0]} ended with status {status}.", status)

    def status(
        self,
        argv: Sequence[str],
        *,
        env: Mapping[str, str] | None = None,
        hidden: Mapping[str, str] | None = None,
        cwd: Path | None = None,
        ask: signal.Signals = signal.SIGTERM,
        stdin: IO[bytes] | None = None,
        stdout: IO[bytes] | None = None,
        echo: bool = True,
        limit: Limit | None = None,
    ) -> int:
        """Run a program with this terminal, or these files; return its exit status.

        What it shows is without secrets, what it writes into a file is as it is. `ask` is the signal by which it ends
        tidily; where that is Ctrl-C's own, it shows nothing any more then. One that was ended by a signal gives 128 +
        its number. Raises Problem when its time is over.
        """
        limit = limit or limits.of(argv)
        if echo:
            self.steps.command(argv, env)
        with relayed(self.steps, echo, hushed=ask is signal.SIGINT) as relay:
            err = relay.end(ERR)
            out = relay.end(OUT) if stdout is None else err if stdout is sys.stderr.buffer else stdout
            start = self._start(argv, env, hidden, cwd, limit, stdin=stdin, stdout=out, stderr=err)
            with ended(start, ask, limit) as process:
                relay.started()
                attend(argv, process.pid, limit, process.wait)
        return status_of(process)

    def output(
        self,
        argv: Sequence[str],
        *,
        env: Mapping[str, str] | None = None,
        hidden: Mapping[str, str] | None = None,
        cwd: Path | None = None,
        echo: bool = False,
        failed: str | None = None,
        given: str | None = None,
        limit: Limit | None = None,
    ) -> str:
        """Run a program and return its standard output, stripped.

        It reads `given`. Raises Problem with `failed` and what the program printed when its status is not 0.
        """
        try:
            status, out, err = self.probe(argv, env=env, hidden=hidden, cwd=cwd, echo=echo, given=given, limit=limit)
        except Late as late:
            late.message = f"{late.message}\n{failed}" if failed else late.message
            raise
        if status:
            said = self.steps.redact(err.strip() or out)
            raise Problem(f"{said}\n{failed or f'{argv[0]} ended with status {status}.'}", status)
        return out

    def quietly(
        self,
        argv: Sequence[str],
        *,
        env: Mapping[str, str] | None = None,
        cwd: Path | None = None,
        failed: str | None = None,
    ) -> None:
        """Run a program; on a terminal it shows its progress, elsewhere a line tells now and then how far it is.

        Raises Problem with `failed`, below all that it printed, when its status is not 0.
        """
        run: Callable[..., object] = self.run if terminal.draws(sys.stderr) else partial(self.output, echo=True)
        run(argv, env=env, cwd=cwd, failed=failed)

    def answer(
        self,
        argv: Sequence[str],
        *,
        env: Mapping[str, str] | None = None,
        hidden: Mapping[str, str] | None = None,
        cwd: Path | None = None,
        given: str | None = None,
        apart: bool = False,
        limit: Limit | None = None,
        heard: list[str] | None = None,
    ) -> tuple[int, str]:
        """Run a program, which reads `given`; return its status and its output.

        What it says beside that goes to standard error as it comes, and the end of it is added to what was `heard`. One
        that is `apart` hears nothing of a terminal's Ctrl-C. Raises Problem when its time is over.
        """
        limit = limit or limits.of(argv)
        self.steps.command(argv, env)
        with relayed(self.steps) as relay:
            pipe, stdin, err = subprocess.PIPE, None if given is None else subprocess.PIPE, relay.end(ERR)
            start = self._start(argv, env, hidden, cwd, limit, stdin=stdin, stdout=pipe, stderr=err, apart=apart)
            with ended(start, limit=limit) as process:
                relay.started()
                out, _ = attend(argv, process.pid, limit, talk(process, given))
        self.steps.printed(out)
        if heard is not None:
            heard.append(relay.heard.get(ERR, b"").decode(errors="replace"))
        return status_of(process), out.strip()

    def probe(
        self,
        argv: Sequence[str],
        *,
        env: Mapping[str, str] | None = None,
        hidden: Mapping[str, str] | None = None,
        cwd: Path | None = None,
        echo: bool = False,
        given: str | None = None,
        apart: bool = False,
        limit: Limit | None = None,
    ) -> tuple[int, str, str]:
        """Run a program that reads `given`; return its status, output and errors.

        One that is `apart` hears nothing of a terminal's Ctrl-C. Raises Problem when its time is over: that says
        nothing of what it was to tell. One that only asks is asked once more before.
        """
        if echo:
            self.steps.command(argv, env)
        limit = limit or limits.of(argv)
        pipe, still = subprocess.PIPE, Still(self.steps, argv) if echo else None
        ends = {"stdin": subprocess.DEVNULL if given is None else pipe, "stdout": pipe, "stderr": pipe}
        start = self._start(argv, env, hidden, cwd, limit, **ends, apart=apart)
        try:
            return captured(argv, start, given, limit, still)
        except Late:
            if not limit.asks or interrupted() is not None:
                raise
        return captured(argv, start, given, limit, still)

    def attempt(self, argv: Sequence[str], **how: Any) -> bool:
        """Run a program as `probe` does, which may fail; return whether it did not.

        It is for what tidies up: a Problem of that would hide why.
        """
        try:
            return not self.probe(argv, **how)[0]
        except Problem as problem:
            self.steps.say(f"  {problem.message}")
            return False

    def become(
        self,
        argv: Sequence[str],
        *,
        env: Mapping[str, str] | None = None,
        hidden: Mapping[str, str] | None = None,
        merged: bool = False,
    ) -> NoReturn:
        """Replace this process: terminal, signals and status are the program's own, and so is what it shows.

        With `merged`, what the program prints as errors goes to standard output as well.
        """
        self.steps.command(argv, env, becomes=True)
        sys.stdout.flush()
        if merged:
            os.dup2(1, 2)
        os.chdir(self.root)
        given = {**self.private, **self.beneath, **os.environ, **(hidden or {}), **(env or {})}
        try:
            os.execvpe(argv[0], list(argv), given | own_first(argv, given))  # noqa: S606
        except OSError as error:
            raise unstarted(argv[0], error) from None

    def _start(
        self,
        argv: Sequence[str],
        env: Mapping[str, str] | None,
        hidden: Mapping[str, str] | None,
        cwd: Path | None,
        limit: Limit,
        **ends: Any,
    ) -> "Callable[[], subprocess.Popen[str]]":
        held, mark = ([], {}) if limit.asks else (self.held, self.mark(limit))
        given = {**self.private, **self.beneath, **os.environ, **mark, **(hidden or {}), **(env or {})}
        given |= own_first(argv, given)
        return partial(started, argv, cwd=cwd or self.root, env=given, pass_fds=held, **ends)
