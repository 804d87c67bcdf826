"""The proxy as production runs it, with upstreams that do what they are told; no deployment is needed."""

import json
import secrets
import ssl
import subprocess
import uuid
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any
from urllib.parse import quote

from slipway.deploy.compose.proxy import SOCKET
from tests.e2e.caddy.talk import Answer, Heard, exchange, head, read
from tests.e2e.support import NAME, run
from tests.support import ROOT, free_port, wait_for

LAB = f"{NAME}-caddy"
UPSTREAM = (Path(__file__).parent / "upstream.py").read_text()
# Under which names each is found. The one that has vanished answers to nobody; the new one is led to when told.
NAMES = {
    "first": ["web-x", "web-two", "web-growing"],
    "second": ["web-two", "web-second"],
    "vanished": ["web-vanished"],
    "new": [],
}
LIMIT = "5"  # seconds that a command in a container may take
TRUSTED = "192.0.2.0/24"  # and the second upstream


class Refused(AssertionError):
    """Caddy does not take a Caddyfile."""


@dataclass
class Upstream:
    """A container in the place of the service."""

    name: str

    @cached_property
    def port(self) -> int:
        """The port of the tests' own."""
        return int(run("docker", "port", self.name, "8001/tcp").splitlines()[0].rpartition(":")[2])

    def tell(self, target: str, said: bytes = b"") -> bytes:
        """Tell it something; return its answer."""
        answer = exchange(self.port, head("POST", target, f"Content-Length: {len(said)}") + said)
        assert answer.status == 200, target
        return answer.body

    def count(self, target: str) -> int:
        """Return how often it was asked for a target."""
        return int(self.tell(f"/count?of={quote(target, safe='')}"))


@dataclass
class Proxy:
    """A container of the proxy; over HTTPS when there is a domain."""

    lab: "Lab"
    project: str
    http: int
    https: int = 0
    loaded: tuple[str, dict[str, str]] = ("", {})

    @property
    def name(self) -> str:
        """The container's name."""
        return f"{self.project}-proxy-1"

    def up(self, **env: str) -> None:
        """Start it by the Compose files of production."""
        files = [ROOT / "compose.yaml", ROOT / "compose.prod.yaml", self.lab.override]
        files += [ROOT / "compose.https.yaml"] if self.https else []
        argv = ["docker", "compose", "--env-file", "/dev/null", "--project-name", self.project]
        argv += [word for file in files for word in ("--file", str(file))]
        assignments = [f"{name}={value}" for name, value in env.items()]
        run("env", *assignments, f"PORT={self.http}", *argv, "up", "--detach", "--no-deps", "proxy")

    def having(self, caddyfile: str, **env: str) -> "Proxy":
        """Give it this Caddyfile, unless it has it already; raises Refused."""
        if self.loaded != (caddyfile, env):
            address = SOCKET if "\tadmin " in self.loaded[0] else "localhost:2019"  # without its line
            done = self._caddy("reload", ["--address", address], caddyfile, env)
            if done.returncode:
                raise Refused(done.stderr)
            self.loaded = (caddyfile, env)
        return self

    def but(self, old: str, new: str, **env: str) -> "Proxy":
        """Give it the same Caddyfile but for a text."""
        return self.having(self.lab.caddyfile.replace(old, new), **env)

    def adapted(self, **env: str) -> Any:
        """Return the Caddyfile of the moment as Caddy understands it."""
        done = self._caddy("adapt", [], self.lab.caddyfile, env)
        if done.returncode:
            raise Refused(done.stderr)
        return json.loads(done.stdout)

    def _caddy(
        self, command: str, options: list[str], caddyfile: str, env: dict[str, str]
    ) -> "subprocess.CompletedProcess[str]":
        variables = [word for name, value in env.items() for word in ("--env", f"{name}={value}")]
        argv = ["docker", "exec", "--interactive", *variables, self.name, "timeout", LIMIT, "caddy", command]
        argv += ["--config", "-", "--adapter", "caddyfile", *options]
        return subprocess.run(argv, input=caddyfile, capture_output=True, text=True, check=False, timeout=60)

    def inside(self, *argv: str) -> tuple[int, str]:
        """Run a command in its container; return its status and what it says."""
        command = ["docker", "exec", self.name, "timeout", LIMIT, *argv]
        done = subprocess.run(command, capture_output=True, text=True, check=False)
        return done.returncode, done.stdout + done.stderr

    @cached_property
    def root(self) -> str:
        """The certificate that those of Caddy's own are signed with."""
        file = "/data/caddy/pki/authorities/local/root.crt"
        wait_for(lambda: not self.inside("test", "-s", file)[0])
        return self.inside("cat", file)[1]

    @cached_property
    def trust(self) -> ssl.SSLContext:
        """What believes them."""
        return ssl.create_default_context(cadata=self.root)

    def say(self, said: bytes, end: bool = False, wait: float = 10, tls: bool = True) -> Answer:
        """Say something to it; over TLS when there is a domain."""
        if self.https and tls:
            return exchange(self.https, said, self.trust, end, wait)
        return exchange(self.http, said, None, end, wait)

    def ask(
        self, target: str = "/", *headers: str, method: str = "GET", host: str = "localhost", tls: bool = True
    ) -> Answer:
        """Ask it for something without a body."""
        return self.say(head(method, target, *headers, host=host), tls=tls)


@dataclass
class Lab:
    """Both forms of the proxy, over the same upstreams; each has the lab's Caddyfile when it is looked at."""

    folder: Path
    caddyfile: str = field(default_factory=lambda: (ROOT / "Caddyfile").read_text())
    upstreams: dict[str, Upstream] = field(default_factory=dict)

    def __post_init__(self) -> None:
        """Name what belongs to it."""
        self.override = self.folder / "lab.yaml"
        self._plain = Proxy(self, f"{LAB}-plain", free_port())
        self._domain = Proxy(self, f"{LAB}-domain", free_port(), free_port())

    @property
    def plain(self) -> Proxy:
        """The proxy without a domain."""
        return self._plain.having(self.caddyfile)

    @property
    def domain(self) -> Proxy:
        """The proxy with one: localhost, with Caddy's own certificates."""
        return self._domain.having(self.caddyfile)

    @property
    def first(self) -> Upstream:
        """The upstream that is found, unless told otherwise."""
        return self.upstreams["first"]

    @property
    def second(self) -> Upstream:
        """The upstream whose address is a trusted one."""
        return self.upstreams["second"]

    @cached_property
    def gateway(self) -> str:
        """The address that whoever is on this machine has for the proxies."""
        return address(self.first.name, "Gateway")

    @contextmanager
    def led_to(self, name: str) -> Iterator[None]:
        """Lead the proxies to another name meanwhile."""
        self.first.tell(f"/live?name={name}")
        try:
            yield
        finally:
            self.first.tell("/live?name=web-x")

    def relayed(self, proxy: Proxy, said: bytes, port: int = 80) -> Answer:
        """Say something to a proxy from the second upstream, whose address is trusted."""
        heard = self.second.tell(f"/relay?host={proxy.name}&port={port}", said)
        return read(Heard(heard)) if heard else Answer()

    def up(self) -> None:
        """Start everything."""
        run(
            "docker",
            "network",
            "create",
            "--ipv6",
            "--subnet",
            f"fd{secrets.token_hex(1)}:{secrets.token_hex(2)}::/64",
            LAB,
        )
        run("docker", "volume", "create", LAB)
        external = {"external": True, "name": LAB}
        self.override.write_text(json.dumps({"networks": {"default": external}, "volumes": {"deployment": external}}))
        with ThreadPoolExecutor() as pool:
            self.upstreams = dict(zip(NAMES, pool.map(start, NAMES), strict=True))
        self.first.tell("/live?name=web-x")
        run("docker", "cp", str(ROOT / "Caddyfile"), f"{self.first.name}:/deployment/Caddyfile")
        trusted = f"{address(self.second.name)} {TRUSTED}"
        https = {"DOMAIN": "localhost", "HOSTS": "localhost", "HTTPS_PORT": str(self._domain.https)}
        with ThreadPoolExecutor() as pool:
            list(pool.map(lambda one: one[0].up(TRUSTED=trusted, **one[1]), ((self._plain, {}), (self._domain, https))))
        for proxy in (self._plain, self._domain):
            wait_for(lambda proxy=proxy: proxy.ask(tls=False).status != 0)  # type: ignore[misc]
            proxy.loaded = (self.caddyfile, {})
        wait_for(lambda: self._domain.ask().status == 200)


def start(name: str) -> Upstream:
    """Start an upstream."""
    options = ["--network", LAB, *(word for alias in NAMES[name] for word in ("--network-alias", alias))]
    options += ["--publish", "127.0.0.1::8001", "--volume", f"{LAB}:/deployment", "--init"]
    if name == "vanished":
        options += ["--cap-add", "NET_ADMIN"]
    container = f"{LAB}-{name}"
    command = ["python", "-c", UPSTREAM, *(["vanished"] if name == "vanished" else [])]
    run("docker", "run", "--detach", "--name", container, *(options if NAMES[name] else options[2:]),
        "python:3.13-slim", *command)  # fmt: skip
    upstream = Upstream(container)
    if name != "vanished":
        wait_for(lambda: exchange(upstream.port, head("GET", "/count?of=/")).status == 200)
    return upstream


@contextmanager
def lab(folder: Path) -> Iterator[Lab]:
    """Run a lab meanwhile."""
    made = Lab(folder)
    try:
        made.up()
        yield made
    finally:
        down()


def down() -> None:
    """Remove all that belongs to it."""
    if found := run("docker", "ps", "--all", "--quiet", "--filter", f"name={LAB}").split():
        run("docker", "rm", "--force", "--volumes", *found)
    if found := run("docker", "volume", "ls", "--quiet", "--filter", f"name={LAB}").split():
        run("docker", "volume", "rm", *found)
    if found := run("docker", "network", "ls", "--quiet", "--filter", f"name={LAB}").split():  # Compose makes others
        run("docker", "network", "rm", *found)


def unique(path: str) -> str:
    """Return a target that nobody has asked for yet."""
    return f"{path}{'&' if '?' in path else '?'}{uuid.uuid4().hex}"


def address(container: str, of: str = "IPAddress") -> str:
    """Return a container's address on the lab's network."""
    return run("docker", "inspect", "--format", f'{{{{(index .NetworkSettings.Networks "{LAB}").{of}}}}}', container)


def handlers(config: Any, kind: str) -> Iterator[Any]:
    """Yield all handlers of a kind in a part of what Caddy has understood."""
    if isinstance(config, dict):
        if config.get("handler") == kind:
            yield config
        config = list(config.values())
    if isinstance(config, list):
        for one in config:
            yield from handlers(one, kind)
