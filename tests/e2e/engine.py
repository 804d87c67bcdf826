"""A second Docker Engine, in a mount and a network namespace of its own: a machine elsewhere."""

import ctypes
import os
import shutil
import signal
import subprocess
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import TypeVar

from tests.e2e.support import run

PREFIX = "/opt/docker-engine/usr"  # where .ci/engine unpacks it
CLONE_NEWNET = 0x40000000
T = TypeVar("T")


class Engine:
    """A second engine that cannot see a folder of this machine."""

    def __init__(self, folder: Path, hidden: Path) -> None:
        self.folder = folder
        self.hidden = hidden
        self.process: subprocess.Popen[bytes] | None = None
        (folder / "empty").mkdir()

    @property
    def host(self) -> str:
        """The engine's address, as DOCKER_HOST has it."""
        return f"unix://{self.folder}/sock"

    def start(self, *options: str) -> None:
        """Start it, and wait until it answers; `options` are more of dockerd's."""
        paths = [*(f"{PREFIX}/{name}" for name in ("sbin", "bin")), os.environ["PATH"]]
        init = shutil.which("tini-static") or "/usr/bin/docker-init"
        dockerd = ["dockerd", "--init-path", init, "--bridge", "none", "--host", self.host]
        for option in ("data-root", "exec-root", "pidfile"):
            dockerd += [f"--{option}", f"{self.folder}/{option}"]
        dockerd += options
        script = f'ip link set lo up; mount --bind "{self.folder}/empty" "{self.hidden}"; exec "$@"'
        with (self.folder / "log").open("ab") as log:
            self.process = subprocess.Popen(
                ["unshare", "--mount", "--net", "sh", "-ec", script, "sh", *dockerd],
                env={**os.environ, "PATH": ":".join(paths)}, stdin=subprocess.DEVNULL, stdout=log, stderr=log,
                start_new_session=True,
            )  # fmt: skip
        end = time.monotonic() + 60
        while subprocess.run(["docker", "--host", self.host, "info"], capture_output=True, check=False).returncode:
            assert self.process.poll() is None and time.monotonic() < end, (self.folder / "log").read_text()
            time.sleep(0.1)

    def stop(self) -> None:
        """Stop it as a machine that is shut down does: its containers end with it."""
        if self.process:
            self.process.send_signal(signal.SIGTERM)
            self.process.wait(timeout=90)

    def load(self, *images: str) -> None:
        """Bring images of this machine's engine to it."""
        with subprocess.Popen(["docker", "save", *images], stdout=subprocess.PIPE) as saving:
            subprocess.run(
                ["docker", "--host", self.host, "load"], stdin=saving.stdout, capture_output=True, check=True
            )

    def docker(self, *args: str) -> str:
        """Run a docker command on it; return its output."""
        return run("docker", "--host", self.host, *args)

    def there(self, ask: Callable[[], T]) -> T:
        """Call a function where the engine's ports are: on that machine."""
        assert self.process
        return inside(self.process.pid, ask)


def inside(pid: int, ask: Callable[[], T]) -> T:
    """Call a function in the network of a process."""
    with ThreadPoolExecutor(1, initializer=_enter, initargs=(pid,)) as pool:
        return pool.submit(ask).result()


def _enter(pid: int) -> None:
    with open(f"/proc/{pid}/ns/net") as namespace:  # noqa: PTH123
        assert ctypes.CDLL(None, use_errno=True).setns(namespace.fileno(), CLONE_NEWNET) == 0
