"""Run other programs: echoed, without orphans, without a shell."""

import os
import signal
import subprocess
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import IO, NoReturn

from slipway.core.errors import Problem
from slipway.core.processes import ended
from slipway.core.relay import ERR, OUT, relayed
from slipway.core.steps import Steps


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

    `env` arguments are laid over the environment; what they hold is echoed (never put a secret there: that is what
    `hidden` is for).
    """

    def __init__(self, root: Path, steps: Steps) -> None:
        self.root = root
        self.steps = steps
        self.held: list[int] = []  # open files that what is run keeps open as well, for as long as it runs

    def run(
        self,
        argv: Sequence[str],
        *,
        env: Mapping[str, str] | None = None,
        hidden: Mapping[str, str] | None = None,
        cwd: Path | None = None,
        failed: str | None = None,
        ask: signal.Signals = signal.SIGTERM,
    ) -> None:
        """Run a program with this terminal; it prints for itself.

        `ask` is the signal by which it ends tidily. Raises Problem with the text `failed` and the program's own status
        when that is not 0.
        """
        status = self.status(argv, env=env, hidden=hidden, cwd=cwd, ask=ask)
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
    ) -> int:
        """Run a program with this terminal, or these files; return its exit status.

        What it shows is without secrets, what it writes into a file is as it is. One that was ended by a signal gives
        128 + its number.
        """
        if echo:
            self.steps.command(argv, env)
        with relayed(self.steps.secrets) as relay:
            err = relay.end(ERR)
            out = relay.end(OUT) if stdout is None else err if stdout is sys.stderr.buffer else stdout
            start = partial(self._popen, argv, env, hidden, cwd, stdin=stdin, stdout=out, stderr=err)
            with ended(start, ask) as process:
                relay.started()
                process.wait()
        return _status(process)

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
    ) -> str:
        """Run a program and return its standard output, stripped.

        It reads `given`. Raises Problem with `failed` and what the program printed when its status is not 0.
        """
        status, out, err = self.probe(argv, env=env, hidden=hidden, cwd=cwd, echo=echo, given=given)
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
        """Run a program; on a terminal it shows its progress, elsewhere only its failure.

        Raises Problem with `failed` when its status is not 0.
        """
        if sys.stderr.isatty():
            self.run(argv, env=env, cwd=cwd, failed=failed)
        else:
            self.output(argv, env=env, cwd=cwd, echo=True, failed=failed)

    def answer(
        self,
        argv: Sequence[str],
        *,
        env: Mapping[str, str] | None = None,
        hidden: Mapping[str, str] | None = None,
        cwd: Path | None = None,
        given: str | None = None,
        apart: bool = False,
    ) -> tuple[int, str]:
        """Run a program, which reads `given`; return its status and its output.

        What it says beside that goes to standard error as it comes. One that is `apart` hears nothing of a terminal's
        Ctrl-C.
        """
        self.steps.command(argv, env)
        pipe, stdin = subprocess.PIPE, None if given is None else subprocess.PIPE
        with relayed(self.steps.secrets) as relay:
            ends = {"stdin": stdin, "stdout": pipe, "stderr": relay.end(ERR)}
            with ended(partial(self._popen, argv, env, hidden, cwd, **ends, apart=apart)) as process:
                relay.started()
                out, _ = process.communicate(given)
        return _status(process), out.strip()

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
    ) -> tuple[int, str, str]:
        """Run a program that reads `given`; return its status, output and errors.

        One that is `apart` hears nothing of a terminal's Ctrl-C.
        """
        if echo:
            self.steps.command(argv, env)
        stdin = subprocess.DEVNULL if given is None else subprocess.PIPE
        pipe = subprocess.PIPE
        with ended(
            lambda: self._popen(argv, env, hidden, cwd, stdin=stdin, stdout=pipe, stderr=pipe, apart=apart)
        ) as process:
            out, err = process.communicate(given)
        return _status(process), out.strip(), err

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
        self.steps.command(argv, env)
        sys.stdout.flush()
        if merged:
            os.dup2(1, 2)
        os.chdir(self.root)
        try:
            os.execvpe(argv[0], list(argv), {**os.environ, **(hidden or {}), **(env or {})})  # noqa: S606
        except FileNotFoundError:
            raise Problem(f"{argv[0]} is not installed.") from None

    def _popen(
        self,
        argv: Sequence[str],
        env: Mapping[str, str] | None,
        hidden: Mapping[str, str] | None,
        cwd: Path | None,
        stdin: IO[bytes] | int | None = None,
        stdout: IO[bytes] | int | None = None,
        stderr: int | None = None,
        apart: bool = False,
    ) -> "subprocess.Popen[str]":
        try:
            return subprocess.Popen(
                argv,
                cwd=cwd or self.root,
                env={**os.environ, **(hidden or {}), **(env or {})},
                stdin=stdin,
                stdout=stdout,
                stderr=stderr,
                text=True,
                errors="replace",
                pass_fds=self.held,
                start_new_session=apart,
            )
        except FileNotFoundError:
            raise Problem(f"{argv[0]} is not installed.") from None


def _status(process: "subprocess.Popen[str]") -> int:
    # As a shell has it: 128 and the signal's number for one that was ended by a signal.
    return process.returncode if process.returncode >= 0 else 128 - process.returncode
