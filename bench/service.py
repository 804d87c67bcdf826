"""How fast the service is, as shares of what is possible, and its two kinds of worker side by side.

Needs `wrk` (`apt install wrk`). Runs a PostgreSQL of its own that doesn't wait for a disk (so that the programs are
what is measured), and gunicorn with two workers, which hold as many connections as four do by default. What is
compared takes turns; figures are medians.

    .venv/bin/python bench/service.py [ROUNDS] [SECONDS]
"""

import contextlib
import http.client
import importlib.metadata
import json
import os
import re
import secrets
import shutil
import signal
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from dataclasses import dataclass, field
from pathlib import Path

from pairs import ROOT
from serving import BIN, WORKERS, Gunicorn, answers, gunicorn, wait, wrk

sys.path.insert(0, str(ROOT))
from slipway.core.ports import free_port
from slipway.project.database import Database
from slipway.runtime.postgres import Server

FAST = ("fsync=off", "synchronous_commit=off", "max_connections=300")
LOGIN = Database("bench", secrets.token_urlsafe(), "bench")
CONNECTIONS = 20
REGISTRATIONS = 5  # at once; a worker hashes one and lets five wait
UVICORN, ASGI = "uvicorn_worker.UvicornWorker", "asgi"
# Without gunicorn.conf.py, and so without a line for each request.
PLAIN = ["--worker-class", UVICORN, "--workers", str(WORKERS), "--bind", "127.0.0.1:{port}", "--no-control-socket"]
POST = json.dumps({"title": "On engines", "content": "They weave algebraic patterns. " * 10})
USER = {"email": "bench@example.com", "password": secrets.token_urlsafe()}


@dataclass
class Bench:
    """The database, who is logged in, and where wrk's scripts are."""

    folder: Path
    env: dict[str, str]
    dsn: str
    token: str = ""
    scripts: dict[str, Path] = field(default_factory=dict)

    def service(self, worker: str, *options: str) -> contextlib.AbstractContextManager[Gunicorn]:
        """Run the service with a kind of worker."""
        env = self.env | {"WORKER_CLASS": worker}
        return gunicorn("app.main:app", free_port(), "/health/ready", ROOT, env, *options)

    def template(self) -> contextlib.AbstractContextManager[Gunicorn]:
        """Run the same in the style of well-known templates."""
        env = self.env | {"PYTHONPATH": str(ROOT)}
        return gunicorn("template:app", free_port(), "/docs", ROOT / "bench", env, *PLAIN)

    def limit(self) -> contextlib.AbstractContextManager[Gunicorn]:
        """Run what it is measured against."""
        env = {"DSN": self.dsn, "CONNECTIONS": str(CONNECTIONS)}
        return gunicorn("limit:app", free_port(), "/rows", ROOT / "bench", env, *PLAIN)

    def prepare(self) -> None:
        """Migrate, register, and write some posts."""
        subprocess.run([BIN / "alembic", "upgrade", "head"], cwd=ROOT, env=os.environ | self.env, check=True,
                       capture_output=True)  # fmt: skip
        with self.service(UVICORN) as service:
            service.get("/users", "POST", json.dumps(USER), **{"Content-Type": "application/json"})
            form = f"username={USER['email']}&password={USER['password']}"
            answer = service.get("/users/token", "POST", form, **{"Content-Type": "application/x-www-form-urlencoded"})
            self.token = json.loads(answer[1])["access_token"]
            for _ in range(100):
                headers = {"Authorization": f"Bearer {self.token}", "Content-Type": "application/json"}
                service.get("/posts", "POST", POST, **headers)
        get = f'wrk.headers["Authorization"] = "Bearer {self.token}"\n'
        post = f'wrk.method = "POST"\nwrk.headers["Content-Type"] = "application/json"\nwrk.body = [[{POST}]]\n'
        for name, text in (("GET", get), ("POST", get + post)):
            self.scripts[name] = self.folder / f"{name}.lua"
            self.scripts[name].write_text(text)


def shares(bench: Bench, rounds: int, seconds: int) -> None:
    """Print the service's rates as shares of the limit's."""
    line("GET of 20 posts and POST, authenticated", "GET", "POST")
    with (
        bench.service(UVICORN) as service,
        bench.service(ASGI) as asgi,
        bench.template() as template,
        bench.limit() as limit,
    ):
        compared = {
            "service / bare Starlette and psycopg": (service, limit, "/rows"),
            "service / the same, JSON made by PostgreSQL": (service, limit, "/json"),
            "service, worker `asgi` / bare Starlette and psycopg": (asgi, limit, "/rows"),
            "service / the style of well-known templates": (service, template, "/posts"),
        }
        ratios: dict[str, dict[str, list[float]]] = {name: {"GET": [], "POST": []} for name in compared}
        for _ in range(rounds):
            for method, script in bench.scripts.items():
                rates: dict[str, float] = {}
                for name, (ours, other, path) in compared.items():
                    for url in (ours.url + "/posts", other.url + path):
                        if url not in rates:
                            load = wrk(url, seconds, 32, script)
                            if load.failed:
                                sys.exit(f"{method} {url}: {load.failed} requests failed.")
                            rates[url] = load.rate
                    ratios[name][method].append(rates[ours.url + "/posts"] / rates[other.url + path])
        for name, each in ratios.items():
            line(name, *(f"{statistics.median(each[method]):.2f}" for method in ("GET", "POST")))


def behaviour(bench: Bench, seconds: int) -> None:
    """Print how the two kinds of worker do under load and when they end."""
    results = [measure(bench, worker, seconds) for worker in (UVICORN, ASGI)]
    line("worker", "uvicorn-worker", "asgi")
    for name in results[0]:
        line(name, *(result[name] for result in results))


def measure(bench: Bench, worker: str, seconds: int) -> dict[str, str]:
    """Return the figures of one kind of worker."""
    figures: dict[str, str] = {}
    with bench.service(worker) as service:
        for method, script in bench.scripts.items():
            wrk(service.url + "/posts", 2, 128, script)  # until every connection to the database is there
            load = wrk(service.url + "/posts", seconds, 128, script)
            figures[f"{method}, 128 connections: failed"] = str(load.failed)
            figures[f"{method}, 128 connections: p99"] = f"{load.p99:.0f} ms"
        memory = max(process.memory_full_info().pss for process in service.workers()) / 2**20
        figures["memory of a worker (PSS) after that"] = f"{memory:.0f} MB"
        victim = service.workers()[0]
        victim.kill()
        back = wait(lambda: len([w for w in service.workers() if w.pid != victim.pid]) == WORKERS, 30)
        figures["a worker that is killed is replaced after"] = f"{back:.2f} s"
        figures["SIGHUP, on kept connections: lost"] = lost_by_clients(bench, service, signal.SIGHUP)
    with bench.service(worker, "--max-requests", "300") as service:
        figures["--max-requests 300, on kept connections: lost"] = lost_by_clients(bench, service, None)
    for name, signum in (("SIGHUP", signal.SIGHUP), ("--max-requests", None), ("SIGTERM", signal.SIGTERM)):
        figures[f"{name}, in progress: lost"] = lost_in_progress(bench, worker, signum)
    return figures


def lost_by_clients(bench: Bench, service: Gunicorn, signum: signal.Signals | None) -> str:
    """Count the requests that are not answered while workers are replaced.

    Sixteen clients send one after the other on connections that they keep. Lost is what was sent and not answered:
    most of it into a connection that was being closed, which a proxy would have sent again.
    """
    stop = threading.Event()
    sent: list[int] = []
    failed: list[int] = []

    def client() -> None:
        while not stop.is_set():
            connection = http.client.HTTPConnection("127.0.0.1", service.port, timeout=10)
            try:
                closed = False
                while not closed and not stop.is_set():
                    sent.append(1)
                    connection.request("GET", "/posts", headers={"Authorization": f"Bearer {bench.token}"})
                    answer = connection.getresponse()
                    answer.read()
                    closed = answer.will_close
            except (OSError, http.client.HTTPException):
                failed.append(1)
            connection.close()

    threads = [threading.Thread(target=client) for _ in range(16)]
    for thread in threads:
        thread.start()
    wait(lambda: len(sent) > 500, 60)
    if signum:
        service.process.send_signal(signum)
    wait(lambda: len(sent) > 3000, 60)
    stop.set()
    for thread in threads:
        thread.join()
    return f"{len(failed)} of {len(sent)}"


def lost_in_progress(bench: Bench, worker: str, signum: signal.Signals | None, rounds: int = 16) -> str:
    """Count the requests that are not answered, of those that the service was working on.

    Registrations, whose hash takes a while: when all are in progress, the signal comes, or as many more requests as
    end both workers by their number. They are few enough that one worker could hold them all.
    """
    failed: list[int] = []

    def register(service: Gunicorn, number: int) -> None:
        new = json.dumps({"email": f"{time.time_ns()}-{number}@example.com", "password": USER["password"]})
        try:
            status, _ = service.get("/users", "POST", new, **{"Content-Type": "application/json"})
        except (OSError, http.client.HTTPException):
            status = 0
        failed.extend([1] * (status != 201))

    port = free_port()
    bench.env["METRICS_PORT"] = str(port)
    for _ in range(rounds):
        with bench.service(worker, *([] if signum else ["--max-requests", "100"])) as service:
            threads = [threading.Thread(target=register, args=(service, number)) for number in range(REGISTRATIONS)]
            for thread in threads:
                thread.start()
            wait(lambda: in_progress(port) == REGISTRATIONS, 10)
            if signum:
                service.process.send_signal(signum)
            else:
                exhaust(service)
            for thread in threads:
                thread.join()
    del bench.env["METRICS_PORT"]
    return f"{len(failed)} of {REGISTRATIONS * rounds}"


def exhaust(service: Gunicorn) -> None:
    """Send requests until none of the workers is left that were there."""
    before = {process.pid for process in service.workers()}
    wait(lambda: answers(service, "/health/live") and not before & {w.pid for w in service.workers()}, 60)


def in_progress(port: int) -> int:
    """Return how many requests the service is working on, besides this one."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=10)
    with contextlib.closing(connection):
        connection.request("GET", "/metrics")
        text = connection.getresponse().read().decode()
    found = re.search(r"^http_requests_in_progress (\S+)", text, re.MULTILINE)
    return int(float(found[1])) - 1 if found else 0


def line(name: str, *values: str) -> None:
    """Print a line of a table."""
    sys.stdout.write(f"{name:<55}" + "".join(f"{value:>18}" for value in values) + "\n")
    sys.stdout.flush()


def main(rounds: int, seconds: int) -> None:
    """Print both tables."""
    if not shutil.which("wrk"):
        sys.exit("This needs wrk: apt install wrk.")
    names = ("fastapi", "starlette", "sqlalchemy", "psycopg", "uvicorn", "uvicorn-worker", "gunicorn")
    versions = ", ".join(f"{name} {importlib.metadata.version(name)}" for name in names)
    with tempfile.TemporaryDirectory() as folder:
        (Path(folder) / "postgres").mkdir()
        server = Server(Path(folder) / "postgres")
        try:
            port = server.start(LOGIN, settings=FAST)
            sys.stdout.write(f"Python {sys.version.split()[0]}, PostgreSQL {server.major}, {versions}\n\n")
            env = {
                "DATABASE_HOSTNAME": "127.0.0.1", "DATABASE_PORT": str(port), "DATABASE_NAME": LOGIN.name,
                "DATABASE_USERNAME": LOGIN.username, "DATABASE_PASSWORD": LOGIN.password,
                "DATABASE_POOL_SIZE": str(CONNECTIONS), "SECRET_KEY_FASTAPI_AUTH": secrets.token_urlsafe(32),
                "ALGORITHM": "HS256", "ACCESS_TOKEN_EXPIRE_MINUTES": "600", "REGISTRATIONS_PER_CLIENT": "1000000",
            }  # fmt: skip
            dsn = f"host=127.0.0.1 port={port} dbname={LOGIN.name} user={LOGIN.username} password={LOGIN.password}"
            bench = Bench(Path(folder), env, dsn)
            bench.prepare()
            if rounds:
                shares(bench, rounds, seconds)
            sys.stdout.write("\n")
            behaviour(bench, seconds)
        finally:
            server.stop()


if __name__ == "__main__":
    main(*(int(arg) for arg in [*sys.argv[1:], 5, 4][:2]))
