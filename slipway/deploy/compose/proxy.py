"""The proxy before the releases: its configuration, and what it answers.

It is Caddy, https://caddyserver.com/docs, and is asked from inside its container.
"""

import re
from collections.abc import Mapping, Sequence
from ipaddress import ip_address
from typing import Any

from slipway.core.errors import Problem
from slipway.core.limits import ASK, Limit
from slipway.deploy.compose import answers, listening
from slipway.deploy.compose.earlier import UP, Earlier, kept
from slipway.deploy.compose.edge import Edge
from slipway.deploy.compose.files import CADDYFILE, DEFINITION, FOLDER, Files
from slipway.deploy.compose.labels import PROXY
from slipway.deploy.compose.surroundings import Surroundings
from slipway.engine import asked, containers, images, packaged
from slipway.engine.containers import CONFIG_HASH
from slipway.engine.jobs import script_command
from slipway.engine.stack import SERVICES, Stack
from slipway.project import idempotent
from slipway.project.config import Project
from slipway.project.health import headers
from slipway.runtime.release import Look, Pointer, Release, host, of_host

INTERNAL = "http://127.0.0.1:2020"  # as the Caddyfile has it
PORT = 8000  # of a release, as the Caddyfile has it
SOCKET = "unix//tmp/caddy.sock"
LIMIT = "5"  # seconds, for each of a question's parts
ASKED = Limit(30, asks=True)
RELOADED = Limit(60)


class CaddyProxy(Surroundings):
    """Caddy, as a service of the deployment's Compose project."""

    def __init__(self, stack: Stack, files: Files, edge: Edge) -> None:
        super().__init__(stack, files, edge)
        self.said = ""
        self._counted = answers.Counted()

    @property
    def name(self) -> str:
        """The name of its container, "" when there is none."""
        proxy = self.stack.container(PROXY)
        return proxy.name if proxy else ""

    @property
    def port(self) -> int | None:
        """Its port on the engine's machine, or None when it doesn't run."""
        proxy = self.stack.container(PROXY)
        return proxy.published("80/tcp") if proxy and proxy.running else None

    def ports(self) -> list[int]:
        """Return the ports of the engine's machine that it has."""
        proxy = self.stack.container(PROXY)
        return [port for ports in proxy.ports.values() for port in ports] if proxy else []

    def exists(self) -> bool:
        """Tell whether it was made, running or not."""
        return bool(self.name)

    def wanted(self) -> str:
        """Return the Caddyfile as the tree has it; raises Problem."""
        return caddyfile(self.stack.project)

    def check(self, configuration: str, port: int) -> None:
        """Have Caddy read a Caddyfile, with the variables of compose.prod.yaml; raises Problem with what it says."""
        check(self.stack, self.services(port)[PROXY], self._wanted_image, configuration)

    def sharing(self) -> str:
        """Choose how clients over IPv6 come to it; return why they share one address, "" when they don't."""
        return self.edge.choose(self.image)

    def change(self, port: int) -> str:
        """Return what compose.prod.yaml would do to it: "start", "recreate" or "" for nothing."""
        proxy = self.stack.container(PROXY)
        if not proxy or not self.stack.runs(PROXY):
            return "start"
        return "" if proxy.labels.get(CONFIG_HASH) == self.hashes(port)[PROXY] else "recreate"

    def start(self, configuration: str, port: int) -> None:
        """Have it running as compose.prod.yaml says, with this Caddyfile; raises Problem with its log.

        One that ran before is put back then.
        """
        definition = self.shell.output(self._compose(*SERVICES, PROXY), env=self._env(port))
        earlier = Earlier.of(self.stack, self.files)
        try:
            self.files.write(CADDYFILE, configuration)
            with self.shell.steps.step("proxy", "ready"):
                up = self._compose(*UP)
                self.shell.quietly(up, env=self._env(port), failed="The proxy could not be started.")
                self.stack.wait(PROXY)
        except BaseException as error:
            said = earlier.put_back()
            if isinstance(error, Problem):
                error.message = f"{error.message} {said}".rstrip()  # in one line: it is what the ledger says
            raise
        self.files.write(DEFINITION, kept(definition, self.stack.container(PROXY)))

    def revive(self) -> bool:
        """Start it again, as it was made, if it doesn't run; False when there is none. Raises Problem."""
        self.stack.forget()
        proxy = self.stack.container(PROXY)
        if proxy and not proxy.running:
            with self.shell.steps.step("proxy", "did not run: started again"):
                failed = "The proxy could not be started again."
                self.shell.output(containers.start_command(proxy.name), echo=True, failed=failed)
                self.stack.wait(PROXY)
        return bool(proxy)

    def load(self, configuration: str) -> None:
        """Give it another Caddyfile while it runs; raises Problem.

        What is being answered goes on; connections that are idle are closed.
        """
        coming = f"{CADDYFILE}.next"
        self.files.write(coming, configuration)
        command = reload_command(self.name, f"{FOLDER}/{coming}")
        failed = f"The proxy did not take the {CADDYFILE} (see above)."
        self.shell.output(command, echo=True, failed=failed, limit=RELOADED)
        # What it has after a restart; last, so that one who is killed reloads again. Nothing is left under the name in
        # the command that was shown: pasted later, it would bring this Caddyfile back.
        self.files.rename(coming, CADDYFILE)

    def ask(self, release: str, path: str) -> tuple[bool, str]:
        """Ask a release from the proxy's place; return whether the answer was good, and its head."""
        return self._ask(f"http://{host(release)}:{PORT}{path}", self.stack.project.health_host)

    def answered_by(self, path: str) -> str:
        """Return the release that answers a path through the proxy, "" for none."""
        # With the Host header, and then without: a Caddyfile of before takes none but its own.
        for named in dict.fromkeys((self.stack.project.health_host, "")):
            good, self.said = self._ask(f"{INTERNAL}{path}", named)
            found = re.search(r"^\s*X-Release:\s*(\S+)", self.said, re.IGNORECASE | re.MULTILINE)
            if found and good:
                return of_host(found[1])
        return ""

    def look(self) -> Look:
        """Return what clients got so far, and whom they are led to: "" when it cannot be asked just now."""
        metrics, _, rest = asked.told(self.shell, look_command(self.name), ASKED).partition("\n\n")
        live, by, away = [*rest.split("\n"), "", ""][:3]
        found = self._counted.without(answers.of_proxy(metrics), bool(away))
        return Look(found, Pointer(of_host(live.strip()), by.strip()))

    def connections(self, release: Release) -> int | None:
        """Return how many connections it has to a release: it has one for each request, and keeps none."""
        addresses = [address for one in release.web for address in one.addresses]
        said = asked.told(self.shell, connections_command(self.name, addresses), ASK)
        return int(said) if said.isdigit() else None

    def _ask(self, url: str, named: str) -> tuple[bool, str]:
        status, _, head = self.shell.probe(ask_command(self.name, url, named), limit=ASKED)
        return not status, head


def caddyfile(project: Project) -> str:
    """Return the Caddyfile as the tree has it, told what may be sent twice; raises Problem."""
    try:
        text = packaged.file(project, CADDYFILE).read_text(encoding="utf-8")
    except OSError:
        raise Problem(f"There is no {CADDYFILE} in {project.root}: take Slipway's.") from None
    return idempotent.told(text, project.idempotent, project.repeat_after)


def ask_command(proxy: str, url: str, named: str = "") -> list[str]:
    """Return the command that asks for a URL in the proxy's container, by another name if told; shows the head."""
    header = [word for pair in headers(named).items() for word in ("--header", ": ".join(pair))]
    return containers.exec_command(proxy, "wget", "-q", "-S", "-T", LIMIT, "-t", "1", *header, "-O", "/dev/null", url)


def reload_command(proxy: str, file: str) -> list[str]:
    """Return the command that gives Caddy a file of its container."""
    reload = ["caddy", "reload", "--config", file, "--adapter", "caddyfile", "--address", SOCKET]
    return containers.exec_command(proxy, *reload)


def look_command(proxy: str) -> list[str]:
    """Return the command that prints Caddy's counters, whom it leads clients to or not, and who has gone back."""
    script = (
        f"wget -q -T {LIMIT} -t 1 -O - {INTERNAL}/metrics | grep ^caddy_http_request_duration_seconds_count; echo; "
        f"cd {FOLDER}; cat live; echo; cat flipped 2>/dev/null; echo; [ ! -e maintenance/on ] || echo away"
    )
    return containers.exec_command(proxy, "sh", "-c", script)


def connections_command(proxy: str, addresses: Sequence[str]) -> list[str]:
    """Return the command that counts the connections from the proxy's container to these IPv4 addresses.

    See proc_pid_net(5): after the local address follow the remote one, its bytes in the order of a little-endian
    machine, and the state, of which 01 is established and 02 on its way.
    """
    remote = "|".join(bytes(reversed(ip_address(one).packed)).hex().upper() for one in addresses) or "none"
    found = f"^ *[0-9]+: [0-9A-F:]+ ({remote}):{PORT:04X} 0[12] "
    return containers.exec_command(proxy, "sh", "-c", f"grep -cE '{found}' /proc/net/tcp || test $? = 1")


def check(stack: Stack, service: Mapping[str, Any], image: str, configuration: str) -> None:
    """Have an image of Caddy read a Caddyfile as a service would; raises Problem with what it says.

    Also where clients would find nobody.
    """
    values = {name: str(value) for name, value in (service.get("environment") or {}).items() if value}
    if not images.inspect(stack.shell, image):
        missing = f"The proxy's image {image}, as the Compose files name it, cannot be pulled (see above)."
        stack.shell.output(images.pull_command(image), echo=True, failed=missing)
    command = validate_command(image, stack.name, list(values))
    failed = f"Caddy cannot read the {CADDYFILE} (see above)."
    listening.check(stack.shell.output(command, hidden=values, given=configuration, failed=failed), service)


def validate_command(image: str, project: str, variables: list[str]) -> list[str]:
    """Return the command that has Caddy read a Caddyfile from its standard input, with variables of this process.

    It prints what Caddy makes of it, as JSON.
    """
    script = (
        'printf %s "$ACME_CA_ROOT" >/tmp/acme-root.pem; cat >/tmp/given; '
        'set -- --adapter caddyfile --config /tmp/given; caddy validate "$@" >/tmp/said 2>&1 '
        '|| { grep -i error: /tmp/said || tail -n 5 /tmp/said; exit 1; } >&2; caddy adapt "$@" 2>/dev/null'
    )
    options = ["--interactive", *(word for name in variables for word in ("--env", name))]
    return script_command(image, project, "-c", script, options=options)
