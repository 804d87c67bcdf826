"""Clients over IPv4 and IPv6, on an engine that hides their addresses and then passes them."""

import json
import subprocess
import tempfile
from collections.abc import Iterator
from functools import partial
from pathlib import Path

import httpx2
import pytest

from tests.e2e.engine import Engine, inside
from tests.e2e.production import PROD
from tests.e2e.support import run
from tests.e2e.talk import done
from tests.support import PATIENT, Checkout

pytestmark = pytest.mark.minutes(2)
SERVER = {4: "192.0.2.1", 6: "2001:db8::1"}
IPV4 = "192.0.2.7"
HOME, SAME_HOME, ELSEWHERE = "2001:db8:0:a::7", "2001:db8:0:a::8", "2001:db8:0:b::7"  # two of one /64, and another's


class Clients:
    """Clients with addresses of their own, in a network beside an engine's machine."""

    def __init__(self, port: str) -> None:
        self.port = port
        self.network = subprocess.Popen(["unshare", "--net", "sh", "-c", "echo; exec sleep infinity"],
                                        stdout=subprocess.PIPE)  # fmt: skip
        assert self.network.stdout and self.network.stdout.readline()  # it is in a network of its own from here

    def connect(self, engine: Engine) -> None:
        """Lay a wire to the machine of an engine that was just started."""
        assert engine.process
        machine, mine = engine.process.pid, self.network.pid
        _ip(machine, "link", "add", "wire", "type", "veth", "peer", "name", "wire", "netns", str(mine))
        for address in (f"{SERVER[4]}/24", f"{SERVER[6]}/48"):
            _ip(machine, "address", "add", address, "dev", "wire", *_at_once(address))
        for address in (f"{IPV4}/24", *(f"{one}/48" for one in (HOME, SAME_HOME, ELSEWHERE))):
            _ip(mine, "address", "add", address, "dev", "wire", *_at_once(address))
        for pid in (machine, mine):
            _ip(pid, "link", "set", "wire", "up")

    def logs_in(self, address: str) -> int:
        """Have the client with an address log in with a wrong password; return the answer's status."""
        return inside(self.network.pid, partial(self._log_in, address))

    def _log_in(self, address: str) -> int:
        server = f"[{SERVER[6]}]" if ":" in address else SERVER[4]
        with httpx2.Client(transport=httpx2.HTTPTransport(local_address=address), timeout=PATIENT) as client:
            form = {"username": f"{address.replace(':', '-')}@example.com", "password": "not a password"}
            return client.post(f"http://{server}:{self.port}/users/token", data=form).status_code

    def end(self) -> None:
        """End their network, and the wire with it."""
        self.network.kill()
        self.network.communicate()


def _ip(pid: int, *args: str) -> None:
    run("nsenter", f"--target={pid}", "--net", "ip", *args)


def _at_once(address: str) -> list[str]:
    return ["nodad"] if ":" in address else []  # nobody else is there to have it as well


@pytest.fixture
def engine(docker: Checkout) -> Iterator[Engine]:
    """Give a second engine, not started yet."""
    with tempfile.TemporaryDirectory(prefix="engine-") as folder:  # a socket's path may not be long
        engine = Engine(Path(folder), docker.root)
        yield engine
        engine.stop()


@pytest.fixture
def clients(docker: Checkout) -> Iterator[Clients]:
    """Give clients, not connected yet."""
    clients = Clients(docker.env["PORT"])
    yield clients
    clients.end()


def seen(engine: Engine) -> list[str]:
    """Return the addresses of those who logged in at the live release, in order."""
    (live,) = engine.docker("ps", "--quiet", "--filter", "label=com.docker.compose.service=web").split()
    logged = [json.loads(line) for line in engine.docker("logs", live).splitlines() if line.startswith("{")]
    return [one["client"] for one in logged if one.get("path") == "/users/token"]


def made(engine: Engine) -> dict[str, str]:
    """Return the ids of the proxy and the database."""
    names = ("proxy", "db")
    return {name: engine.docker("inspect", "--format", "{{.Id}}", f"{PROD}-{name}-1") for name in names}


@pytest.mark.full
def test_each_client_has_its_own_address_where_the_engine_passes_it(
    docker: Checkout, engine: Engine, clients: Clients
) -> None:
    image = done(docker, "build", "--prod").stdout.strip()
    env = {"DOCKER_HOST": engine.host, "LOGIN_ATTEMPTS_PER_CLIENT": "3"}
    deploy = ("deploy", "--tag", image, "--yes", "--bake", "0")

    engine.start("--experimental")  # it could pass them, so only a trial can tell
    clients.connect(engine)
    engine.load("caddy:2", "postgres:17", image)
    said = done(docker, *deploy, **env).stderr
    (line,) = [line for line in said.splitlines() if line.split()[:1] == ["ipv6"]]
    assert "clients share one address, and its wider limits: in a trial the engine hid them" in line
    assert [clients.logs_in(HOME) for _ in range(4)] == [401] * 4
    assert [clients.logs_in(one) for one in (ELSEWHERE, IPV4)] == [401, 401]
    *gateways, last = seen(engine)
    assert last == IPV4
    assert len(set(gateways)) == 1
    assert set(gateways).isdisjoint({HOME, ELSEWHERE})
    before = made(engine)

    engine.stop()
    engine.start("--experimental", "--ip6tables")
    clients.connect(engine)
    plan = json.loads(done(docker, "deploy", "--tag", image, "--plan", "--json", **env).stdout)
    assert "ipv6" not in plan
    assert plan["proxy"].startswith("made anew")
    done(docker, *deploy, "--force", **env)
    after = made(engine)
    assert (after["db"] == before["db"], after["proxy"] == before["proxy"]) == (True, False)
    assert [clients.logs_in(HOME) for _ in range(3)] == [401] * 3
    assert [clients.logs_in(one) for one in (HOME, SAME_HOME, ELSEWHERE, IPV4)] == [429, 429, 401, 401]
    assert seen(engine) == [*[HOME] * 4, SAME_HOME, ELSEWHERE, IPV4]

    plan = json.loads(done(docker, "deploy", "--tag", image, "--plan", "--json", **env).stdout)
    assert list(plan) == ["nothing", "images"]
    done(docker, "down", "--prod", "--volumes", "--yes", **env)
    assert sorted(engine.docker("network", "ls", "--format", "{{.Name}}").split()) == ["host", "none"]
