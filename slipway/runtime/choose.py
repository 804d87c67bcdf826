"""Which runtime is used: never one that would split the data silently."""

import contextlib
import os
from collections.abc import Iterator
from pathlib import Path

from slipway.core import given
from slipway.core.errors import Problem
from slipway.engine.client import FIXES, Engine
from slipway.project import formats

RUNTIMES = ("docker", "host")


def choose(requested: str, remembered: str, engine: Engine) -> tuple[str, str]:
    """Return the runtime to use, and why.

    Takes what the caller asked for ("" for nothing), where the project's data lives ("" for nowhere yet), and the
    engine. Raises Problem, which names each way on, when it cannot be chosen without splitting the data.
    """
    check(requested)
    wanted = requested or remembered
    if wanted == "host":
        return "host", "asked for" if requested else "the data is here"
    if engine.state == "ready":
        return "docker", engine.detail
    if wanted == "docker" or engine.state in ("no permission", "no compose"):
        why = "This project's data lives in Docker, and " if remembered == "docker" and not requested else ""
        other = "run without Docker, on a database of its own: ./inv up --runtime host"
        detail = engine.detail if why else engine.detail[:1].upper() + engine.detail[1:]
        raise Problem(f"{why}{detail}.\nEither {FIXES[engine.state]},\nor {other}")
    return "host", engine.detail


def check(requested: str) -> None:
    """Raise Problem for what is no runtime; "" is none that was asked for."""
    if requested and requested not in RUNTIMES:
        raise Problem(f"--runtime is {' or '.join(RUNTIMES)}, not {requested!r}.")


def check_user(runtime: str, production: bool, uid: int) -> None:
    """Raise Problem when root would run production on this machine: a mistake of the service would be root's."""
    if runtime == "host" and production and uid == 0:
        raise Problem(
            "Production without Docker is not for root: the service would be root, too. Make a user for it, who gets "
            "this folder (which has to lie where that user can enter), and call inv as that user:\n"
            "  ./inv down\n"
            "  useradd --system --create-home --shell /bin/sh slipway\n"
            "  chown -R slipway: .\n"
            "  su slipway -c './inv up'\n"
            "Or let Docker run it, as a user of its own: ./inv up --runtime docker"
        )


@contextlib.contextmanager
def given_back(root: Path) -> Iterator[None]:
    """Let what root leaves in another user's project be that user's in the end.

    Where root's own processes run, their records stay root's: by that they are known.
    """
    try:
        yield
    finally:
        state = root / ".slipway"
        if os.geteuid() == 0 and state.is_dir():
            left = {one.name for one in state.iterdir() if (one / "runtime").is_file() and Memory(one).is_hosts()}
            for one in [root / ".venv", *state.iterdir()]:  # Python has compiled in environments
                if one.name not in left:
                    given.give(one, root)
            given.give(state, root, within=False)


class Memory:
    """Which runtime holds an environment's data."""

    def __init__(self, state: Path) -> None:
        self.file = state / "runtime"
        self.format = state / "format"

    def read(self) -> str:
        """Return "docker", "host", or "" when nothing was started yet; raises Problem for what is a newer Slipway's."""
        with contextlib.suppress(FileNotFoundError):
            formats.check(self.format.read_text(), formats.STATE, f"What is in {self.format.parent}")
        try:
            text = self.file.read_text().strip()
        except FileNotFoundError:
            return ""
        return text if text in RUNTIMES else ""

    def is_hosts(self) -> bool:
        """Tell whether it is held without Docker, or may be."""
        try:
            return self.read() != "docker"
        except Problem:
            return True

    def write(self, runtime: str) -> None:
        """Remember the runtime."""
        self.file.parent.mkdir(parents=True, exist_ok=True)
        self.format.write_text(formats.line(formats.STATE))
        self.file.write_text(f"{runtime}\n")

    def forget(self) -> None:
        """Forget it: there is no data any more."""
        self.file.unlink(missing_ok=True)
        self.format.unlink(missing_ok=True)
