"""The service on this machine: at which address, and whose."""

from dataclasses import replace
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from threading import Thread

import pytest

from slipway.core.errors import Problem
from slipway.project.health import Answer
from slipway.runtime.addresses import asked_at, joined, url
from slipway.runtime.environment import Environment
from slipway.runtime.gunicorn import HostService
from tests.slipway.runtime.support import EXAMPLE, project
from tests.support import free_port


def service(root: Path, name: str, named: str = "") -> HostService:
    """Return the service of an environment whose .env names an address."""
    checkout, environment, _ = project(root)
    (root / ".env.example").write_text(f"{EXAMPLE}# BIND_ADDRESS=127.0.0.1\n")
    if named:
        with (root / ".env").open("a") as file:
            file.write(f"BIND_ADDRESS={named}\n")
    return HostService(checkout, Environment(name, environment.state, environment.settings), dict, dict)


def test_production_listens_on_this_machine_alone_unless_an_address_is_named(tmp_path: Path) -> None:
    for number, (name, named, address) in enumerate(
        [("prod", "", "127.0.0.1"), ("prod", "10.0.0.5", "10.0.0.5"), ("dev", "10.0.0.5", "127.0.0.1")]
    ):
        root = tmp_path / str(number)
        root.mkdir()
        assert service(root, name, named).address == address


def test_another_place_of_the_database_is_another_start(tmp_path: Path) -> None:
    of = service(tmp_path, "dev")
    before = of._fingerprint(80)
    of.seen = lambda: {"DATABASE_PORT": "5433"}
    assert of._fingerprint(80) != before


@pytest.mark.parametrize("named", ["example.com", "192.0.2.1", "127.0.0.1:80"])
def test_what_is_no_address_of_this_machine_is_named(tmp_path: Path, named: str) -> None:
    with pytest.raises(Problem, match=rf"BIND_ADDRESS={named} in \.env is no IP address of this machine"):
        service(tmp_path, "prod", named).check_port(free_port())


@pytest.mark.parametrize(
    ("address", "asked", "bound", "shown"),
    [
        ("127.0.0.1", "127.0.0.1", "127.0.0.1:80", "http://localhost:80"),
        ("0.0.0.0", "127.0.0.1", "0.0.0.0:80", "http://localhost:80"),
        ("::", "::1", "[::]:80", "http://localhost:80"),
        ("10.0.0.5", "10.0.0.5", "10.0.0.5:80", "http://10.0.0.5:80"),
        ("2001:db8::5", "2001:db8::5", "[2001:db8::5]:80", "http://[2001:db8::5]:80"),
    ],
)
def test_an_address_is_asked_and_shown_so_that_it_answers(address: str, asked: str, bound: str, shown: str) -> None:
    assert (asked_at(address), joined(address, 80), url(asked_at(address), 80)) == (asked, bound, shown)


def test_the_health_path_is_asked_by_the_name_that_the_project_says(tmp_path: Path) -> None:
    class Picky(BaseHTTPRequestHandler):
        """Answers 200 to a name that it knows, and leads others there."""

        def do_GET(self) -> None:
            """Answer."""
            known = self.headers["Host"] == "shop.example.com"
            self.send_response(200 if known else 307)
            self.send_header("Location", "https://shop.example.com/?token=secret")
            self.end_headers()

        def log_message(self, *_: object) -> None:
            """Say nothing."""

    of = service(tmp_path, "dev")
    with HTTPServer(("127.0.0.1", 0), Picky) as server:
        Thread(target=server.serve_forever, daemon=True).start()
        port = server.server_address[1]
        assert of._health(port, "127.0.0.1") == Answer(307, "https://shop.example.com/")
        of.project = replace(of.project, health_host="shop.example.com")
        assert of._health(port, "127.0.0.1").status == 200
        server.shutdown()
    assert of._health(port, "127.0.0.1") == Answer()
