"""Projects to run the verbs on, and what tests do with them."""

import contextlib
import fcntl
import os
import pwd
import random
import shutil
import socket
import subprocess
import sys
import tempfile
import time
import venv as environment
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

import psutil

from slipway.project.dotenv import schema
from slipway.runtime.identity import closed_folders
from slipway.virtualenv import mark, python, venv

ROOT = Path(__file__).resolve().parents[1]
USER = "slipway-tests"
PROCESSES = "# What works beside the service"
LITTLE = Path(__file__).parent / "slipway" / "little"
PATIENT = 60  # seconds that an answer may take: a disk that is written to by others lets a COMMIT wait


@dataclass
class Checkout:
    """A project in a folder, and how to call its verbs."""

    root: Path
    env: dict[str, str] = field(default_factory=dict)
    prefix: list[str] = field(default_factory=list)  # of every command line

    def inv(self, *args: str, **env: str) -> subprocess.CompletedProcess[str]:
        """Run a verb with this environment's Invoke; wait for its end."""
        return subprocess.run(
            self.command(*args), cwd=self.root, env=self.environ(**env), stdin=subprocess.DEVNULL,
            capture_output=True, text=True, check=False, timeout=300,
        )  # fmt: skip

    def start(self, *args: str, **env: str) -> "subprocess.Popen[str]":
        """Run a verb in a process group of its own, as a terminal does; don't wait."""
        return subprocess.Popen(
            self.command(*args), cwd=self.root, env=self.environ(**env), stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, start_new_session=True,
        )  # fmt: skip

    def command(self, *args: str) -> list[str]:
        """Return a verb's command line."""
        return [*self.prefix, sys.executable, "-m", "invoke", *args]

    def by_an_ordinary_user(self) -> "Checkout":
        """Give the folder to an ordinary user, who calls the verbs from now on: root may not run production here."""
        if os.geteuid() == 0:
            self.prefix = as_ordinary_user(self.root)
            self.env["HOME"] = str(self.root)
        return self

    def environ(self, **env: str) -> dict[str, str]:
        """Return the caller's environment without this project's own variables.

        Tests that are run in there have their folders apart: pytest closes the one that it has to all other users.
        """
        known = schema((ROOT / ".env.example").read_text())
        ours = known.required.keys() | known.optional | {"SLIPWAY_ENV", "COMPOSE_PROJECT_NAME"}
        apart = {"PYTEST_DEBUG_TEMPROOT": str(self.root.parent)}
        return {k: v for k, v in os.environ.items() if k not in ours} | apart | self.env | env

    def up(self, *args: str, **env: str) -> subprocess.CompletedProcess[str]:
        """Start the service on the host; it has to work."""
        done = self.inv("up", "--runtime", "host", *args, **env)
        assert done.returncode == 0, done.stderr
        return done

    @property
    def url(self) -> str:
        """Where the service is."""
        return f"http://127.0.0.1:{self.env['PORT']}"

    def edit(self, name: str, old: str, new: str) -> None:
        """Change a file of the project."""
        path = self.root / name
        text = path.read_text()
        assert old in text
        path.write_text(text.replace(old, new))

    def write(self, name: str, text: str) -> None:
        """Write a file of the project."""
        path = self.root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)


def as_ordinary_user(root: Path) -> list[str]:
    """Give a folder to an ordinary user, who is made; return what that user's command lines begin with."""
    with (Path(tempfile.gettempdir()) / f"{USER}.lock").open("w") as lock:  # other workers want the same one
        fcntl.flock(lock, fcntl.LOCK_EX)
        if USER not in {entry.pw_name for entry in pwd.getpwall()}:
            made = ["useradd", "--system", "--user-group", "--home-dir", "/nonexistent", USER]
            subprocess.run(made, check=True, timeout=60, capture_output=True)
    subprocess.run(["chown", "-R", f"{USER}:", str(root)], check=True, timeout=60)
    while closed := closed_folders([root]):
        closed[0].chmod(closed[0].stat().st_mode | 0o001)
    # An interpreter below /root is another user's to read with that capability alone.
    unreadable = closed_folders([Path(sys.executable).resolve(), Path(sys.prefix, "bin")])
    reading = ["--inh-caps", "+dac_read_search", "--ambient-caps", "+dac_read_search"] if unreadable else []
    return ["setpriv", "--reuid", USER, "--regid", USER, "--init-groups", *reading, "--"]


def processes_of(root: Path) -> list[psutil.Process]:
    """Return what runs in a folder."""
    found = []
    for process in psutil.process_iter():
        try:
            if Path(process.cwd()).is_relative_to(root) and process.status() != psutil.STATUS_ZOMBIE:
                found.append(process)
        except (psutil.Error, OSError):
            continue
    return found


def wait_for(condition: Callable[[], bool], limit: float = 60) -> None:
    """Wait for a condition."""
    end, pause = time.monotonic() + limit, 0.02
    while not condition():
        assert time.monotonic() < end, "the condition did not come true"
        time.sleep(pause)
        pause = min(2 * pause, 0.25)  # looking costs: a program is started, say


def free_port() -> int:
    """Return a port that nothing listens on; none of those that the kernel gives to clients meanwhile."""
    while True:
        port = random.randint(10_000, 32_000)
        with contextlib.suppress(OSError), socket.socket() as probe:
            probe.bind(("127.0.0.1", port))
            return port


def machinery(root: Path) -> None:
    """Put into a folder what another project takes from this one."""
    for name in ("inv", "tasks.py", "gunicorn.conf.py", "Dockerfile", "poetry.lock", "slipway.lock"):
        shutil.copy(ROOT / name, root / name)
    shutil.copytree(ROOT / "slipway", root / "slipway", ignore=shutil.ignore_patterns("__pycache__"))


def launched(root: Path) -> None:
    """Give a project an environment of Slipway's with this one's packages."""
    own = venv.own(root)
    environment.create(own.path, with_pip=False, symlinks=True)
    made = python.ask(own.python)
    ours = [str(root), *map(str, python.ask(Path(sys.executable)).sites)]
    (made.sites[0] / "all.pth").write_text("".join(f"{site}\n" for site in ours))
    mark.finish(own, "", made, (), {})


def processes_table() -> str:
    """Return what pyproject.toml says of what works beside the service."""
    text = (ROOT / "pyproject.toml").read_text()
    return text[text.index(PROCESSES) : text.index("[tool.slipway.tests]")]


def without_processes(root: Path) -> None:
    """Take what works beside the service out of a copy: each start would wait for it to settle."""
    path, table = root / "pyproject.toml", processes_table()
    text = path.read_text()
    assert table in text
    path.write_text(text.replace(table, ""))


def copy(root: Path, beside: bool = False) -> Path:
    """Copy this project into a new folder, with what works beside the service or without it."""
    root.mkdir()
    machinery(root)
    for name in ("app", "alembic"):
        shutil.copytree(ROOT / name, root / name, ignore=shutil.ignore_patterns("__pycache__"))
    for name in ("pyproject.toml", ".env.example", ".dockerignore", "compose.yaml", "compose.override.yaml"):
        shutil.copy(ROOT / name, root / name)
    if not beside:
        without_processes(root)
    return root


def random_values(count: int) -> list[str]:
    """Return random values, rich in what needs care."""
    source = random.Random(20)
    pieces = [*"$#'\"\\ \t\n=;&|{}()`!%*~äöü€漢😀", "${", "$$", "a", "B", "7", " #", "\\n", "export "]
    return ["".join(source.choices(pieces, k=source.randint(1, 12))) for _ in range(count)]
