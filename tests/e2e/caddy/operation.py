"""What holds for whoever runs it: `inv`, the healthcheck, and how Caddy is configured.

Each function holds lines of the Caddyfile: it fails when one of them is missing (see test_caddyfile).
"""

from typing import Any

from slipway.deploy.compose.answers import of_proxy
from slipway.deploy.compose.proxy import INTERNAL, PORT, ask_command, look_command, reload_command
from tests.e2e.caddy.lab import Lab, Proxy, unique
from tests.e2e.caddy.talk import head
from tests.support import wait_for

SECOND = 1_000_000_000  # in nanoseconds, as Caddy counts


def _done(proxy: Proxy, command: list[str]) -> tuple[int, str]:  # a command of `inv`, `docker exec NAME ...`
    assert command[:3] == ["docker", "exec", proxy.name]
    return proxy.inside(*command[3:])


def _servers(lab: Lab) -> dict[str, Any]:
    servers: dict[str, Any] = lab.domain.adapted()["apps"]["http"]["servers"]
    return {where: server for server in servers.values() for where in server["listen"]}


def is_reloaded_over_its_socket(lab: Lab) -> None:
    """Take another Caddyfile over the socket that `inv` knows, and over nothing else."""
    proxy = lab.plain
    assert _done(proxy, ask_command(proxy.name, "http://127.0.0.1:2019/config/"))[0] != 0
    status, said = _done(proxy, reload_command(proxy.name, "/deployment/Caddyfile"))
    assert status == 0, said


def writes_no_configuration(lab: Lab) -> None:
    """Keep what was loaded nowhere but in the deployment's volume."""
    saved = "/config/caddy/autosave.json"
    proxy = lab.plain
    proxy.inside("rm", "-f", saved)
    proxy.but("lb_try_interval 100ms", "lb_try_interval 102ms")
    assert proxy.inside("test", "-e", saved)[0] == 1


def lets_requests_finish(lab: Lab) -> None:
    """Judge how long it waits for them when it is stopped: less than Docker waits for it."""
    assert lab.plain.adapted()["apps"]["http"].get("grace_period") == 30 * SECOND


def ends_what_is_slow(lab: Lab) -> None:
    """Judge the times for a head, for a body, and between two requests."""
    servers = _servers(lab)
    for where in (":80", ":443"):
        times = [servers[where].get(f"{of}_timeout") for of in ("read_header", "read", "idle")]
        assert times == [10 * SECOND, 25 * 60 * SECOND, 120 * SECOND], where


def takes_options_from_the_environment(lab: Lab) -> None:
    """Ask whom the environment names for certificates, as whom it says."""
    options = {"EMAIL": "email on-call@example.com", "CA": "acme_ca https://acme.example.com/dir"}
    options |= {"CA_ROOT": "acme_ca_root /tmp/acme-root.pem"}
    variables = {f"OPTION_{name}": line for name, line in options.items()}
    config = lab.domain.adapted(SITE="shop.example.com", HOSTS="shop.example.com", **variables)
    (policy,) = config["apps"]["tls"]["automation"]["policies"]
    asked = [[one.get(of) for of in ("email", "ca", "trusted_roots_pem_files")] for one in policy["issuers"]]
    assert asked == [["on-call@example.com", "https://acme.example.com/dir", ["/tmp/acme-root.pem"]]]


def counts_what_clients_got(lab: Lab) -> None:
    """Count the answers to clients, and not those to `inv`."""
    proxy = lab.plain
    before = _counted(proxy)
    for _ in range(2):
        assert _done(proxy, ask_command(proxy.name, f"{INTERNAL}/posts"))[0] == 0
    assert [proxy.ask().status for _ in range(3)] == [200] * 3
    wait_for(lambda: _counted(proxy) >= before + 3, limit=2)
    assert _counted(proxy) == before + 3


def _counted(proxy: Proxy) -> int:
    status, said = _done(proxy, look_command(proxy.name))
    assert status == 0
    return of_proxy(said).all


def tells_that_it_runs(lab: Lab) -> None:
    """Answer the healthcheck by itself, without the service."""
    status, said = _done(lab.plain, ask_command(lab.plain.name, f"{INTERNAL}/proxy"))
    assert (status, "HTTP/1.1 200" in said, "X-Release" in said) == (0, True, False), said


def names_the_release_that_answers(lab: Lab) -> None:
    """Lead `inv` to the service as clients are, and name the release."""
    target = unique("/posts")
    status, said = _done(lab.plain, ask_command(lab.plain.name, f"{INTERNAL}{target}"))
    assert status == 0, said
    assert "X-Release: web-x" in said, said
    assert lab.first.count(target) == 1


def is_internal(lab: Lab) -> None:
    """Let nobody else in the network in at the port of `inv`."""
    said = head("GET", "/posts", "Connection: close", host="127.0.0.1:2020")
    assert lab.relayed(lab.plain, said, port=2020).status == 0
    assert (
        _done(lab.plain, ask_command(lab.plain.name, f"http://{lab.first.name}:{PORT}/posts"))[0] == 0
    )  # as it asks a release


def lets_in_who_watches(lab: Lab) -> None:
    """On a Swarm, let who asks from the network of `inv` in at its port, and nobody else."""
    everywhere = {"INTERNAL": "0.0.0.0"}
    for watchers, status in (("127.0.0.1", 403), ("0.0.0.0/0", 200)):
        proxy = lab.plain.having(lab.caddyfile, **everywhere, WATCHERS=watchers)
        for path in ("/posts", "/metrics", "/proxy"):
            answer = lab.relayed(proxy, head("GET", path, "Connection: close", host="127.0.0.1:2020"), port=2020)
            assert answer.status == status, (watchers, path, answer)
