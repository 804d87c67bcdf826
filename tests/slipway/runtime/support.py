# ruff: noqa: D102  (as in Shell)
"""A project, and a shell that notes what would be run."""

import contextlib
from base64 import b64decode
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, NoReturn, Protocol

import psutil

from slipway.core.shell import Shell
from slipway.core.steps import Steps
from slipway.engine.stack import Stack
from slipway.project.checkout import Checkout
from slipway.project.config import load
from slipway.project.settings import Settings
from slipway.runtime.environment import Environment
from slipway.runtime.jobs import ComposeJobs

PROJECT = '[project]\nname = "shop"\nversion = "1.0.0"\n\n[tool.slipway.secrets]\nDATABASE_PASSWORD = 12\n'
EXAMPLE = (
    "DATABASE_HOSTNAME=db\nDATABASE_PORT=5432\nDATABASE_NAME=shop\nDATABASE_USERNAME=shop\n"
    "# DATABASE_SSLMODE=prefer\n# DATABASE_SSLROOTCERT=system\nDATABASE_PASSWORD=\n"
)
PASSWORD = "correct-horse-battery"


class Became(Exception):
    """This process would be another program now."""


@dataclass
class Call:
    """What would be run, and with which variables."""

    argv: list[str]
    env: Mapping[str, str] = field(default_factory=dict)
    hidden: Mapping[str, str] = field(default_factory=dict)
    cwd: Path | None = None
    given: str = ""


class Noting(Shell):
    """Runs nothing; `calls` are what would have been run.

    Programs print what they have in `says`, by a word of their command line.
    """

    def __init__(self, root: Path, **says: str) -> None:
        super().__init__(root, Steps())
        self.says = says
        self.calls: list[Call] = []

    def _note(
        self,
        argv: Sequence[str],
        env: Any = None,
        hidden: Any = None,
        cwd: Any = None,
        given: str | None = None,
        **_: Any,
    ) -> str:
        self.calls.append(Call(list(argv), dict(env or {}), dict(hidden or {}), cwd, given or ""))
        return next((text for word, text in self.says.items() if word in argv), "")

    def status(self, argv: Sequence[str], **how: Any) -> int:
        self._note(argv, **how)
        return 0

    def output(self, argv: Sequence[str], **how: Any) -> str:
        return self._note(argv, **how)

    def answer(self, argv: Sequence[str], **how: Any) -> tuple[int, str]:
        return 0, self._note(argv, **how)

    def probe(self, argv: Sequence[str], **how: Any) -> tuple[int, str, str]:
        return 0, self._note(argv, **how), ""

    def become(self, argv: Sequence[str], **how: Any) -> NoReturn:
        how.pop("merged", None)
        self._note(argv, **how)
        raise Became


def project(root: Path, hostname: str = "db", more: str = "") -> tuple[Checkout, Environment, Noting]:
    """Make a project with a database in development; return it with a shell that notes."""
    (root / "pyproject.toml").write_text(PROJECT + more)
    (root / ".env.example").write_text(EXAMPLE)
    (root / ".env").write_text(f"{EXAMPLE.rstrip()}{PASSWORD}\n".replace("=db\n", f"={hostname}\n"))
    (root / "compose.yaml").touch()
    of, shell = load(root), Noting(root, wait="0", inspect="[]")
    environment = Environment("dev", root / ".slipway" / "dev", Settings(of, shell.steps, lambda: False))
    return Checkout(of, shell), environment, shell


def on_engine(root: Path, hostname: str = "db", apart: bool = False, more: str = "") -> tuple[ComposeJobs, Noting]:
    """Return jobs in containers, and the shell that notes them."""
    checkout, environment, shell = project(root, hostname, more)
    stack = Stack(shell, checkout.project, "dev", lambda: {"IMAGE": "shop:dev"})
    return ComposeJobs(stack, environment.settings, apart), shell


def started(shell: Noting) -> Call:
    """Return the one-off that was started."""
    return next(call for call in shell.calls if "--detach" in call.argv)


def files_of(text: str) -> dict[str, str]:
    """Read secrets as they are given to a container."""
    lines = text.splitlines()
    assert lines.pop() == "."
    return {name: b64decode(value).decode() for name, _, value in (line.partition(" ") for line in lines)}


class Beside(Protocol):
    """What runs beside the service on this machine."""

    @property
    def begun(self) -> list[psutil.Popen]: ...

    def start(self, undo: contextlib.ExitStack) -> bool: ...

    def stop_all(self) -> None: ...


def start(beside: Beside) -> bool:
    """Start what doesn't run."""
    with contextlib.ExitStack() as undo:
        begun = beside.start(undo)
        undo.pop_all()
    return begun


def stop(made: Sequence[Beside]) -> None:
    """Stop all of it, and wait for its end."""
    for one in made:
        one.stop_all()
        for process in one.begun:
            process.wait()
