"""A second Docker Engine, in a mount and a network namespace of its own: a machine elsewhere."""

import contextlib
import ctypes
import os
import shutil
import signal
import socket
import socketserver
import subprocess
import threading
import time
from collections.abc import Callable, Iterator
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
        self.forwards: list[socketserver.ThreadingTCPServer] = []
        (folder / "empty").mkdir()

    @property
    def host(self) -> str:
        """The engine's address, as DOCKER_HOST has it."""
        return f"unix://{self.folder}/sock"

    def start(self, *options: str, builds: bool = False) -> None:
        """Start it, and wait until it answers; one that `builds` has the network that builds run in.

        `options` are more of dockerd's.
        """
        paths = [*(f"{PREFIX}/{name}" for name in ("sbin", "bin")), os.environ["PATH"]]
        init = shutil.which("tini-static") or "/usr/bin/docker-init"
        dockerd = ["dockerd", "--init-path", init, "--host", self.host]
        dockerd += [] if builds else ["--bridge", "none"]
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
        while self.forwards:
            server = self.forwards.pop()
            server.shutdown()
            server.server_close()

    def load(self, *images: str) -> None:
        """Bring images of this machine's engine to it."""
        with subprocess.Popen(["docker", "save", *images], stdout=subprocess.PIPE) as saving:
            subprocess.run(
                ["docker", "--host", self.host, "load"], stdin=saving.stdout, capture_output=True, check=True
            )

    def reaches(self, port: int) -> None:
        """Let it reach a port of this machine's loopback, under the same address."""
        server = self.there(lambda: socketserver.ThreadingTCPServer(("127.0.0.1", port), _Forward))
        self.forwards.append(server)
        threading.Thread(target=server.serve_forever).start()

    @contextlib.contextmanager
    def online(self) -> Iterator[None]:
        """Let it reach what this machine reaches."""
        assert self.process
        pid, number = self.process.pid, self.process.pid % 16384
        name, net = f"elsewhere{number}", f"10.213.{number // 64}.{number % 64 * 4}/30"
        mine, theirs = (f"10.213.{number // 64}.{number % 64 * 4 + host}" for host in (1, 2))
        there = ["nsenter", f"--net=/proc/{pid}/ns/net", "ip"]
        run("ip", "link", "add", name, "type", "veth", "peer", "name", "eth0", "netns", str(pid))
        run("ip", "address", "add", f"{mine}/30", "dev", name)
        run("ip", "link", "set", name, "up")
        run(*there, "address", "add", f"{theirs}/30", "dev", "eth0")
        run(*there, "link", "set", "eth0", "up")
        run(*there, "route", "add", "default", "via", mine)
        rules = [["POSTROUTING", "--table", "nat", "--source", net, "--jump", "MASQUERADE"]]
        rules += [["FORWARD", way, name, "--jump", "ACCEPT"] for way in ("--in-interface", "--out-interface")]
        for rule in rules:
            run("iptables", "--wait", "--insert", *rule)
        try:
            yield
        finally:
            for rule in rules:
                run("iptables", "--wait", "--delete", *rule)
            run("ip", "link", "delete", name)

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


class _Forward(socketserver.BaseRequestHandler):
    """Joins a connection to the same port of this machine's loopback."""

    def handle(self) -> None:
        """Let bytes pass both ways until both ends are done."""
        with socket.create_connection(self.server.server_address) as server:  # type: ignore[arg-type]
            back = threading.Thread(target=_pump, args=(server, self.request))
            back.start()
            _pump(self.request, server)
            back.join()


def _pump(one: socket.socket, other: socket.socket) -> None:
    with contextlib.suppress(OSError):
        while data := one.recv(65536):
            other.sendall(data)
        other.shutdown(socket.SHUT_WR)
