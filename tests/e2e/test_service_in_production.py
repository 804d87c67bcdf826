"""The service as it runs in production: four workers, a real PostgreSQL, real connections."""

import asyncio
import json
import os
import re
import shutil
import signal
import subprocess
import sys
from collections import Counter
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread

import httpx2
import pytest

from slipway.runtime.postgres import Server
from tests.e2e.beside import EXPIRED
from tests.e2e.talk import ask, conversation, credentials, token
from tests.support import PATIENT, Checkout, copy, free_port, wait_for

pytestmark = pytest.mark.minutes(2)
UVICORN, ASGI = "uvicorn_worker.UvicornWorker", "asgi"
EVERY_ATTEMPT = "1000000"  # everything here comes from one address


def start(root: Path, beside: bool = False, **values: str) -> Checkout:
    """Start a copy of this project as in production, also what works beside the service."""
    checkout = Checkout(copy(root, beside), {"PORT": str(free_port()), "METRICS_PORT": str(free_port())})
    if beside:
        checkout.edit("app/cleanup.py", "INTERVAL = 60", "INTERVAL = 0.1")
    limits = {"LOGIN_ATTEMPTS_PER_CLIENT": EVERY_ATTEMPT, "REGISTRATIONS_PER_CLIENT": EVERY_ATTEMPT}
    checkout.by_an_ordinary_user()
    done = checkout.inv("up", "--prod", "--runtime", "host", **limits, **values)
    assert done.returncode == 0, done.stderr
    return checkout


@pytest.fixture(scope="module")
def running(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Checkout]:
    """Give a running service that the tests share."""
    checkout = start(tmp_path_factory.mktemp("running") / "service")
    yield checkout
    assert checkout.inv("down", "--prod").returncode == 0


def log_of(checkout: Checkout) -> list[dict[str, object]]:
    """Return the log; every line has to be JSON."""
    return [json.loads(line) for line in (checkout.root / ".slipway/prod/service.log").read_text().splitlines()]


@pytest.mark.parametrize(
    ("seed", "examples", "least"),
    [(1, 15, 300), *(pytest.param(seed, 60, 1000, marks=pytest.mark.full) for seed in (1, 2, 3))],
)
def test_all_that_the_openapi_says_is_true(
    running: Checkout, tmp_path: Path, seed: int, examples: int, least: int
) -> None:
    for name in ("schemathesis.toml", "hooks.py"):
        shutil.copy(Path(__file__).parent / name, tmp_path / name)
    argv = [
        str(Path(sys.executable).parent / "schemathesis"), "run", f"{running.url}/openapi.json",
        "--header", f"Authorization: {token(running.url)['Authorization']}", "--checks", "all", "--seed", str(seed),
        "--max-examples", str(examples), "--suppress-health-check", "all", "--generation-database", "none",
    ]  # fmt: skip
    done = subprocess.run(argv, cwd=tmp_path, capture_output=True, text=True, check=False)

    assert done.returncode == 0, done.stdout + done.stderr
    cases = re.search(r"(\d+) generated, (\d+) passed", done.stdout)
    assert cases, done.stdout
    assert int(cases[1]) == int(cases[2]) >= least
    assert "13 selected / 13 total" in done.stdout
    assert not [line for line in log_of(running) if line.get("status") == 500]


async def race(base: str, count: int) -> Counter[int]:
    """Register one e-mail many times at once; count the answers."""
    new = credentials()
    limits = httpx2.Limits(max_connections=count, max_keepalive_connections=count)
    async with httpx2.AsyncClient(base_url=base, limits=limits, timeout=120) as client:
        answers = await asyncio.gather(*(client.post("/users", json=new) for _ in range(count)))
    return Counter(answer.status_code for answer in answers)


def test_of_200_registrations_of_one_address_one_succeeds(running: Checkout) -> None:
    answers = asyncio.run(race(running.url, 200))

    assert answers[201] == 1
    assert answers.keys() <= {201, 409, 503}  # most find the queues for a hash full
    assert answers.total() == 200


def workers(checkout: Checkout) -> set[object]:
    """Return the processes of all workers that have started."""
    lines = log_of(checkout)
    return {line["process"] for line in lines if line["message"] == "Application startup complete."}


def test_every_line_of_the_log_is_json(running: Checkout) -> None:
    conversation(running.url)
    lines = log_of(running)

    assert {"gunicorn.error", "uvicorn.error", "app.access"} <= {line["logger"] for line in lines}
    assert all({"time", "level", "logger", "process", "message"} <= line.keys() for line in lines)
    assert len(workers(running)) == 4

    # SIGHUP replaces the workers and configures logging anew: still one line a request.
    (master,) = {line["process"] for line in lines if str(line["message"]).startswith("Listening at")}
    os.kill(int(str(master)), signal.SIGHUP)
    wait_for(lambda: len(workers(running)) == 8)
    conversation(running.url)
    assert not [line for line in log_of(running) if line["logger"] in {"uvicorn.access", "gunicorn.access"}]


def counted(checkout: Checkout) -> float:
    """Return how many creations of posts the metrics know."""
    text = httpx2.get(f"http://127.0.0.1:{checkout.env['METRICS_PORT']}/metrics", timeout=PATIENT).text
    found = re.search(r'^http_requests_total\{method="POST",route="/posts",status="201"\} (\S+)', text, re.MULTILINE)
    return float(found[1]) if found else 0


def test_metrics_are_summed_over_the_workers_and_not_public(running: Checkout) -> None:
    before = counted(running)
    headers = token(running.url)
    for _ in range(40):  # each on a connection of its own, so that all workers have some
        new = httpx2.post(f"{running.url}/posts", json={"title": "A", "content": ""}, headers=headers, timeout=PATIENT)
        assert new.status_code == 201

    assert {counted(running) for _ in range(8)} == {before + 40}  # whichever worker is asked
    assert httpx2.get(f"{running.url}/metrics", timeout=PATIENT).status_code == 404


def test_the_documentation_works_offline_in_a_browser(running: Checkout, tmp_path: Path) -> None:
    browser = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)
    if browser is None:
        pytest.skip("there is no Chromium on this machine")
    argv = [
        browser, "--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run",
        "--disable-background-networking", "--disable-component-update", "--disable-sync", "--disable-dev-shm-usage",
        f"--user-data-dir={tmp_path}", "--enable-logging=stderr", "--virtual-time-budget=20000",
        "--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE 127.0.0.1", "--dump-dom", f"{running.url}/docs",
    ]  # fmt: skip
    done = subprocess.run(argv, capture_output=True, text=True, check=False, timeout=120)

    assert done.returncode == 0, done.stderr
    for path in ("/posts/{post_id}", "/users/token/refresh"):
        assert f'data-path="{path}"' in done.stdout
    assert "Slipway service" in done.stdout
    assert "CONSOLE" not in done.stderr, done.stderr  # where violations of the policy and failed requests would be


@pytest.mark.parametrize("worker", [UVICORN, pytest.param(ASGI, marks=pytest.mark.full)])
def test_a_database_that_restarts_under_load_loses_nothing(tmp_path: Path, worker: str) -> None:
    service = start(tmp_path / "service", beside=True, WORKER_CLASS=worker)
    try:
        server = Server(service.root / ".slipway/prod")
        running = server.running()
        assert running
        answers, acknowledged = asyncio.run(outage(service, running[1]))

        assert answers.keys() == {201, 503}, answers
        stored = {item for page in pages(service.url) for item in page}
        assert acknowledged <= stored
        assert len(acknowledged) == answers[201]
        ask(service, EXPIRED, "--prod")
        wait_for(lambda: cleanup_said(service)[-1] == "Deleted what has expired: 3 login_attempts")
    finally:
        assert service.inv("down", "--prod").returncode == 0


def cleanup_said(service: Checkout) -> list[str]:
    """Return the messages of what works beside the service."""
    log = (service.root / ".slipway/prod/processes/cleanup.log").read_text()
    return [json.loads(line)["message"] for line in log.split("\n")[:-1]]


def database(service: Checkout, then: str) -> None:
    """Do something with the database's server, as the user whose it is."""
    script = f"""
from pathlib import Path
from slipway.project.database import Database
from slipway.project.dotenv import parse
from slipway.runtime.postgres import Server
login, server = Database.of(parse(Path(".env.prod").read_text())[0]), Server(Path(".slipway/prod").resolve())
{then}
"""
    argv = [*service.prefix, sys.executable, "-c", script]
    subprocess.run(argv, cwd=service.root, env=service.environ(), check=True, timeout=PATIENT)


async def outage(service: Checkout, port: int) -> tuple[Counter[int], set[int]]:
    """Restart PostgreSQL while posts are created; count the answers and return what was acknowledged."""
    base = service.url
    answers: Counter[int] = Counter()
    acknowledged: set[int] = set()
    phases = Counter[str]()
    phase, stop = "before", False
    limits = httpx2.Limits(max_connections=32, max_keepalive_connections=32)
    async with httpx2.AsyncClient(base_url=base, limits=limits, timeout=30, headers=token(base)) as client:

        async def create() -> None:
            while not stop:
                asked_in = phase
                answer = await client.post("/posts", json={"title": "A", "content": "B"})
                answers[answer.status_code] += 1
                phases[asked_in] += answer.status_code == (503 if asked_in == "away" else 201)
                if answer.status_code == 201:
                    acknowledged.add(answer.json()["id"])
                else:
                    assert answer.headers["Retry-After"], answer.text
                    assert asked_in != "recovered", answer.text

        async def until(which: str, count: int) -> None:
            async with asyncio.timeout(60):
                while phases[which] < count:
                    await asyncio.sleep(0.01)

        tasks = [asyncio.create_task(create()) for _ in range(32)]
        await until("before", 300)
        await asyncio.to_thread(database, service, "assert server.stop()")
        phase = "away"
        await until("away", 100)
        await asyncio.to_thread(wait_for, lambda: cleanup_said(service)[-1].startswith("The database failed: "))
        phase = "starting"
        await asyncio.to_thread(database, service, f"server.start(login, {port})")
        phase = "recovered"
        await until("recovered", 300)
        stop = True
        await asyncio.gather(*tasks)
    return answers, acknowledged


def pages(base: str) -> Iterator[list[int]]:
    """Read all posts, page by page."""
    with httpx2.Client(base_url=base, headers=token(base), timeout=PATIENT) as client:
        cursor = None
        while True:
            page = client.get("/posts", params={"limit": 100} | ({"cursor": cursor} if cursor else {})).json()
            yield [item["id"] for item in page["items"]]
            if not (cursor := page["next"]):
                return


class Collector(BaseHTTPRequestHandler):
    """Takes what OpenTelemetry exports."""

    bodies: dict[str, bytes] = {}  # noqa: RUF012

    def do_POST(self) -> None:
        """Take it."""
        body = self.rfile.read(int(self.headers["Content-Length"]))
        self.bodies[self.path] = self.bodies.get(self.path, b"") + body
        self.send_response(200)
        self.end_headers()

    def log_message(self, *_: object) -> None:
        """Write nothing."""


def test_gunicorns_own_worker_is_one_setting_away_and_so_is_opentelemetry(tmp_path: Path) -> None:
    collector = ThreadingHTTPServer(("127.0.0.1", 0), Collector)
    Thread(target=collector.serve_forever, daemon=True).start()
    service = start(
        tmp_path / "service",
        WORKER_CLASS=ASGI,
        OTEL_EXPORTER_OTLP_ENDPOINT=f"http://127.0.0.1:{collector.server_port}",
        OTEL_SERVICE_NAME="my-service",
        OTEL_BSP_SCHEDULE_DELAY="100",
    )
    try:
        conversation(service.url)
        httpx2.get(f"{service.url}/health/live", headers={"X-Forwarded-For": "192.0.2.7"}, timeout=PATIENT)
        for path in ("%ff", "%ED%A0%80", "%00", "x%0A"):
            assert httpx2.get(f"{service.url}/{path}", timeout=PATIENT).status_code == 404
        assert counted(service) == 1
        wait_for(lambda: b"/users/token" in Collector.bodies.get("/v1/traces", b""))
    finally:
        assert service.inv("down", "--prod").returncode == 0
        collector.shutdown()
        collector.server_close()

    assert b"my-service" in Collector.bodies["/v1/traces"]
    lines = log_of(service)
    assert "192.0.2.7" in {line.get("client") for line in lines}
    assert not [line for line in lines if line["logger"] in {"uvicorn.access", "gunicorn.access"}]
