"""Programs that `bench/service.py` runs: gunicorn with an application, and wrk, which puts load on it."""

import contextlib
import http.client
import os
import re
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

import psutil

BIN = Path(sys.executable).parent
WORKERS = 2


@dataclass
class Load:
    """What wrk saw."""

    rate: float  # answers a second
    p99: float  # milliseconds
    failed: int


def wrk(url: str, seconds: int, connections: int, script: Path) -> Load:
    """Put load on an address of this machine."""
    argv = ["wrk", "--threads", "2", "--connections", str(connections), "--duration", f"{seconds}s", "--latency"]
    argv += ["--timeout", "10s", "--script", str(script), url]
    out = subprocess.run(argv, capture_output=True, text=True, check=True).stdout

    def numbers(pattern: str) -> list[str]:
        found = re.search(pattern, out)
        return list(found.groups()) if found else []

    value, unit = numbers(r"99%\s+([\d.]+)(us|ms|s|m)\b")
    sockets = numbers(r"Socket errors: connect (\d+), read (\d+), write (\d+), timeout (\d+)")
    failed = sum(map(int, [*sockets, *numbers(r"Non-2xx or 3xx responses: (\d+)")]))
    factor = {"us": 0.001, "ms": 1, "s": 1000, "m": 60_000}[unit]
    return Load(float(numbers(r"Requests/sec:\s+([\d.]+)")[0]), float(value) * factor, failed)


@dataclass
class Gunicorn:
    """A running gunicorn."""

    process: "subprocess.Popen[bytes]"
    port: int

    @property
    def url(self) -> str:
        """Where it answers."""
        return f"http://127.0.0.1:{self.port}"

    def workers(self) -> list[psutil.Process]:
        """Return its workers."""
        return psutil.Process(self.process.pid).children()

    def get(self, path: str, method: str = "GET", body: str | None = None, **headers: str) -> tuple[int, bytes]:
        """Ask it something."""
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=10)
        try:
            connection.request(method, path, body, headers)
            answer = connection.getresponse()
            return answer.status, answer.read()
        finally:
            connection.close()


@contextlib.contextmanager
def gunicorn(app: str, port: int, path: str, cwd: Path, env: Mapping[str, str], *options: str) -> Iterator[Gunicorn]:
    """Run gunicorn on a port; give it once `path` is answered."""
    argv = [str(BIN / "gunicorn"), app, *(option.format(port=port) for option in options)]
    env = {**os.environ, **env, "BIND": f"127.0.0.1:{port}", "WEB_CONCURRENCY": str(WORKERS)}
    with tempfile.TemporaryFile() as log:
        process = subprocess.Popen(argv, cwd=cwd, env=env, stdout=log, stderr=log)
        running = Gunicorn(process, port)
        try:
            wait(lambda: process.poll() is not None or answers(running, path), 30)
            if process.poll() is not None:
                log.seek(0)
                sys.exit(log.read().decode())
            yield running
        finally:
            process.terminate()
            process.wait()


def answers(running: Gunicorn, path: str) -> bool:
    """Say whether a path is answered."""
    try:
        return running.get(path)[0] == 200
    except OSError:
        return False


def wait(condition: Callable[[], bool], limit: float) -> float:
    """Wait for a condition; return the seconds that it took."""
    began = time.perf_counter()
    while not condition():
        if time.perf_counter() > began + limit:
            raise TimeoutError
        time.sleep(0.01)
    return time.perf_counter() - began
