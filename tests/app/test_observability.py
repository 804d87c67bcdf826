"""Request ids, log lines, metrics, headers, traces."""

import json
import logging
from collections.abc import Iterator

import pytest
from fastapi import APIRouter, FastAPI
from fastapi.testclient import TestClient
from prometheus_client import REGISTRY
from pythonjsonlogger.orjson import OrjsonFormatter
from starlette.types import Receive, Scope, Send

from app.core.config import get_settings
from app.core.metrics import route_template
from app.core.middleware import DEFAULT_HEADERS
from tests.app.support import Client


def test_a_request_keeps_the_id_that_it_brings(client: Client) -> None:
    answer = client.get("/nowhere", headers={"X-Request-ID": "from-the-proxy_1.0"})

    assert answer.headers["X-Request-ID"] == "from-the-proxy_1.0"
    assert answer.json()["request_id"] == "from-the-proxy_1.0"


@pytest.mark.parametrize("bad", ["", "a b", "x" * 129, "{}", "ä", 'a"b'])
def test_an_id_that_could_do_harm_is_replaced(client: Client, bad: str) -> None:
    given = client.get("/", headers={b"X-Request-ID": bad.encode()}).headers["X-Request-ID"]

    assert given != bad
    assert len(given) == 32


def test_every_request_has_an_id_of_its_own(client: Client) -> None:
    assert len({client.get("/").headers["X-Request-ID"] for _ in range(5)}) == 5


@pytest.mark.parametrize("path", ["/", "/users/me", "/nowhere", "/docs", "/openapi.json", "/docs/swagger-ui.css"])
def test_every_answer_has_security_headers_once(client: Client, path: str) -> None:
    headers = client.get(path).headers

    for name, _ in DEFAULT_HEADERS:
        assert len(headers.get_list(name.decode())) == 1
    policy = headers["Content-Security-Policy"]
    assert policy.startswith("default-src 'none'")
    assert "unsafe" not in policy
    assert headers["X-Content-Type-Options"] == "nosniff"


@pytest.fixture
def lines() -> Iterator[list[dict[str, object]]]:
    """Collect log lines as gunicorn.conf.py formats them."""
    written: list[dict[str, object]] = []
    formatter = OrjsonFormatter(["levelname", "name", "message"])

    class Collector(logging.Handler):
        def emit(self, record: logging.LogRecord) -> None:
            written.append(json.loads(formatter.format(record)))

    collector, root = Collector(), logging.getLogger()
    level = root.level
    root.addHandler(collector)
    root.setLevel(logging.INFO)
    yield written
    root.removeHandler(collector)
    root.setLevel(level)


def test_a_request_is_one_line(client: Client, lines: list[dict[str, object]]) -> None:
    answer = client.get("/docs/7?token=secret", headers={"X-Request-ID": "abc"})
    line = next(line for line in lines if line["name"] == "app.access")

    assert answer.status_code == 404
    assert isinstance(line.pop("duration_ms"), float)
    assert line == {
        "levelname": "INFO", "name": "app.access", "message": "GET /docs/7 404", "method": "GET", "path": "/docs/7",
        "route": "/docs/{name}", "status": 404, "client": "testclient", "request_id": "abc",
    }  # fmt: skip
    assert "secret" not in json.dumps([line for line in lines if str(line["name"]).startswith("app")])


def test_what_is_logged_on_the_way_carries_the_id(
    client: Client, lines: list[dict[str, object]], monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_: object) -> None:
        raise RuntimeError("broken")

    monkeypatch.setattr(type(client.app.state.throttle), "attempt", fail)
    client.post("/users/token", data={"username": "a", "password": "b"}, headers={"X-Request-ID": "abc"})

    error, request = (line for line in lines if line["name"] in {"app.core.middleware", "app.access"})
    assert error["request_id"] == request["request_id"] == "abc"
    assert "RuntimeError: broken" in str(error["exc_info"])
    assert request["status"] == 500


def test_a_path_cannot_forge_a_line(client: Client, lines: list[dict[str, object]]) -> None:
    client.get("/x%0A%7B%22status%22%3A200%7D")

    assert [line["path"] for line in lines if line["name"] == "app.access"] == ['/x\n{"status":200}']


def test_a_path_cannot_forge_a_line_of_text_either(client: Client, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO, "app.access")
    client.get("/x%0A2026-11-24%20INFO%20POST%20/users/token%20200%1B[2J")

    (line,) = (record.getMessage() for record in caplog.records if record.name == "app.access")
    assert line == "GET /x%0A2026-11-24%20INFO%20POST%20/users/token%20200%1B%5B2J 404"


def count(**labels: str) -> float:
    return REGISTRY.get_sample_value("http_requests_total", labels) or 0


def test_metrics_know_the_template_not_the_path(client: Client) -> None:
    labels = {"method": "GET", "route": "/docs/{name}", "status": "404"}
    before = count(**labels)
    for name in (7, 8, 9):
        client.get(f"/docs/{name}")

    assert count(**labels) == before + 3
    assert REGISTRY.get_sample_value("http_requests_in_progress") == 0


def test_made_up_paths_and_methods_make_no_series(client: Client) -> None:
    unmatched = count(method="GET", route="unmatched", status="404")
    other = count(method="other", route="/users", status="405")
    client.get("/made-up")
    client.request("BREW", "/users")

    assert count(method="GET", route="unmatched", status="404") == unmatched + 1
    assert count(method="other", route="/users", status="405") == other + 1


def test_a_template_has_the_prefixes_of_all_routers() -> None:
    seen: list[str] = []
    inner, outer, app = APIRouter(prefix="/items"), APIRouter(prefix="/v1"), FastAPI()

    @inner.get("/{item}")
    async def item(item: str) -> None:
        return None

    outer.include_router(inner, prefix="/shop")
    app.include_router(outer, prefix="/api")

    class Look:
        def __init__(self, app: object) -> None:
            self.app = app

        async def __call__(self, scope: dict[str, object], receive: object, send: object) -> None:
            await self.app(scope, receive, send)  # type: ignore[operator]
            seen.append(route_template(scope))

    app.add_middleware(Look)
    TestClient(app).get("/api/v1/shop/items/7")

    assert seen == ["/api/v1/shop/items/{item}"]


@pytest.mark.parametrize(
    ("server", "configured", "status"),
    [
        (("127.0.0.1", 9000), 9000, 200),
        (("127.0.0.1", 8000), 9000, 404),
        (("127.0.0.1", 8000), None, 404),
        (("/run/app.sock", None), 9000, 404),
        (("/run/app.sock", None), None, 404),
        (None, None, 404),
    ],
)
def test_metrics_are_answered_on_their_own_port_alone(
    client: Client, server: tuple[str, int | None] | None, configured: int | None, status: int
) -> None:
    async def listening(scope: Scope, receive: Receive, send: Send) -> None:
        await client.app({**scope, "server": server}, receive, send)

    state = client.app.state
    before, state.settings = state.settings, get_settings().model_copy(update={"metrics_port": configured})
    answer = TestClient(listening).get("/metrics")
    state.settings = before

    assert answer.status_code == status
    assert ("http_requests_total" in answer.text) == (status == 200)
