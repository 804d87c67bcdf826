"""What holds while clients are sent away, with a domain and without one.

Each function holds lines of the Caddyfile: it fails when one of them is missing (see test_caddyfile).
"""

import json
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager

from slipway.deploy.compose.files import SCRIPT
from slipway.deploy.maintenance import PAGE, Maintenance
from slipway.engine.jobs import rows
from tests.e2e.caddy.lab import Lab, address, unique
from tests.e2e.caddy.talk import Answer, head

HARMFUL = '</p><script>alert("1")</script> {env.HOME} {$SITE} {file./etc/passwd} `respond` \\ "\nTwo & lines'
TOLD = Maintenance("now", "ann", HARMFUL, 120)
BROWSERS = [
    "text/html,application/xhtml+xml,application/xml;q=0.9,image/avif,*/*;q=0.8",
    "application/xhtml+xml, TEXT/HTML;q=0.9, */*;q=0.1",
    "text/html, application/json;q=0.9",
]
PROGRAMS = [
    *("", "*/*", "application/json", "application/problem+json", "application/xml", "text/plain"),
    *("application/json, text/plain, */*", "application/JSON, text/html", "application/json;q=0.9,text/html;q=0.8"),
    *("text/html;q=0.5, application/json", "text/html ; q=0.1,application/vnd.api+JSON"),
]


@contextmanager
def sent_away(lab: Lab, *allowed: str) -> Iterator[None]:
    """Send clients away meanwhile, but for these addresses."""
    _run(lab, rows(TOLD.files()), "away", *allowed)
    try:
        yield
    finally:
        _run(lab, "", "let_in")


def _run(lab: Lab, given: str, *words: str) -> None:
    command = ["docker", "exec", "--interactive", "--workdir", "/deployment", lab.first.name, "sh", "-ec", SCRIPT, "sh"]
    subprocess.run([*command, *words], input=given, text=True, check=True, capture_output=True)


def _is_problem(answer: Answer) -> None:
    assert (answer.status, answer.headers["Retry-After"], answer.headers["Cache-Control"]) == (503, "120", "no-store")
    assert answer.headers["X-Content-Type-Options"] == "nosniff"
    assert answer.headers["Content-Type"] == "application/problem+json"
    assert json.loads(answer.body) == {
        "type": "about:blank", "title": "Service Unavailable", "status": 503, "detail": HARMFUL,
    }  # fmt: skip


def sends_clients_away(lab: Lab) -> None:
    """Answer whatever clients ask for, and never the service; then lead them there again, at once."""
    target = unique("/posts")
    for proxy in (lab.plain, lab.domain):
        with sent_away(lab):
            for path in (target, "/", "/health/ready", "/metrics"):
                _is_problem(proxy.ask(path))
            _is_problem(proxy.say(head("POST", target, "Content-Length: 4") + b"four"))
            _is_problem(proxy.ask(target, "Connection: Upgrade", "Upgrade: websocket"))
        assert lab.first.count(target) == 0
        assert proxy.ask("/posts").status == 200
    assert lab.domain.ask("/posts", tls=False).status == 308


def ends_connections_with_a_body(lab: Lab) -> None:
    """Tell who has sent a body that the connection ends, and nobody else."""
    with sent_away(lab):
        assert lab.plain.ask("/").headers["Connection"] is None
        answer = lab.plain.say(head("POST", "/posts", "Content-Length: 4") + b"four")
        assert (answer.status, answer.headers["Connection"]) == (503, "close")


def shows_a_page_to_browsers(lab: Lab) -> None:
    """Show the page to who asks for HTML, and a problem to all others."""
    proxy = lab.plain
    with sent_away(lab):
        for accept in BROWSERS:
            answer = proxy.ask("/", f"Accept: {accept}")
            assert (answer.status, answer.headers["Retry-After"]) == (503, "120"), accept
            assert answer.headers["Content-Type"] == "text/html; charset=utf-8", accept
            assert answer.body.decode().strip() == TOLD.files()[PAGE].strip(), accept
        for accept in PROGRAMS:
            _is_problem(proxy.ask("/", f"Accept: {accept}"))


def lets_addresses_in(lab: Lab) -> None:
    """Lead to the service who has such an address, by a proxy that is trusted as well, and nobody who only says so."""
    proxy, mine = lab.plain, lab.gateway
    said = "X-Forwarded-For: 203.0.113.9"
    by_another = head("GET", "/posts", said, "Connection: close")
    with sent_away(lab, mine):
        assert proxy.ask("/posts").status == 200
        assert lab.relayed(proxy, by_another).status == 503
    with sent_away(lab, "203.0.113.9"):
        assert proxy.ask("/posts", said).status == 503
        assert lab.relayed(proxy, by_another).status == 200
        assert lab.relayed(proxy, head("GET", "/posts", f"{said}, {mine}", "Connection: close")).status == 503
    with sent_away(lab, "203.0.113.90", address(lab.second.name)):
        assert lab.relayed(proxy, by_another).status == 503
