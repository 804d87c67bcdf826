"""The proxy before the releases: its configuration, and what it answers.

It is Caddy, https://caddyserver.com/docs, and is asked from inside its container.
"""

import json
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from slipway.core.errors import Problem

if TYPE_CHECKING:
    from slipway.deploy.compose.deployment import Production

CADDYFILE = "Caddyfile"
INTERNAL = "http://127.0.0.1:2020"  # as the Caddyfile has it
CONFIG_HASH = "com.docker.compose.config-hash"
COUNT = re.compile(r"caddy_http_request_duration_seconds_count\{(?P<labels>[^}]*)\} (?P<count>\S+)")
LABEL = re.compile(r'(\w+)="([^"]*)"')


@dataclass(frozen=True)
class Answers:
    """How many answers the proxy gave since it started, and how many of them were 5xx."""

    all: int = 0
    failed: int = 0

    @property
    def share(self) -> float:
        """The share of the 5xx."""
        return self.failed / self.all if self.all else 0.0

    def since(self, before: "Answers") -> "Answers":
        """Return those after an earlier count; all of them when the proxy was started anew."""
        if self.all < before.all:
            return self
        return Answers(self.all - before.all, self.failed - before.failed)


def count(metrics: str) -> Answers:
    """Count the answers in Caddy's metrics: what clients got from the handler that asks the service."""
    found = Answers()
    for line in metrics.splitlines():
        if match := COUNT.fullmatch(line.strip()):
            labels = dict(LABEL.findall(match["labels"]))
            if labels.get("handler") == "reverse_proxy" and labels.get("server") != "internal":
                number = int(float(match["count"]))
                found = Answers(found.all + number, found.failed + (number if labels["code"] >= "500" else 0))
    return found


def wanted(production: "Production") -> str:
    """Return the Caddyfile of the tree; raises Problem."""
    try:
        return (production.project.root / CADDYFILE).read_text(encoding="utf-8")
    except OSError:
        raise Problem(f"There is no {CADDYFILE} in {production.project.root}: take Slipway's.") from None


def check(production: "Production", caddyfile: str, env: dict[str, str]) -> None:
    """Have Caddy read a Caddyfile, with the variables of compose.prod.yaml; raises Problem with what it says."""
    config = production.here.shell.output(production.compose("config", "--format", "json"), env=env)
    variables = json.loads(config)["services"]["proxy"].get("environment") or {}
    script = (
        'printf %s "$ACME_CA_ROOT" >/tmp/acme-root.pem; caddy validate --adapter caddyfile --config - 2>/tmp/said '
        "|| { grep -i error: /tmp/said || tail -n 5 /tmp/said; exit 1; } >&2"
    )
    options = ["--rm", "--interactive", "--network", "none", *(word for name in variables for word in ("--env", name))]
    run = ["docker", "run", *options, "--entrypoint", "sh", production.proxy_image, "-c", script]
    values = {name: str(value) for name, value in variables.items() if value is not None}
    failed = f"Caddy cannot read the {CADDYFILE} (see above)."
    production.here.shell.output(run, hidden=values, given=caddyfile, failed=failed)


def change(production: "Production", env: dict[str, str]) -> str:
    """Return what compose.prod.yaml would do to the proxy: "start", "recreate" or "" for nothing."""
    proxy = production.container("proxy")
    if not proxy or not production.runs("proxy"):
        return "start"
    said = production.here.shell.output(production.compose("config", "--hash", "proxy"), env=env)
    return "" if proxy["Config"]["Labels"].get(CONFIG_HASH) == said.split()[-1] else "recreate"


def start(production: "Production", env: dict[str, str]) -> None:
    """Have the proxy running as compose.prod.yaml says; raises Problem with its log when it is not ready."""
    up = production.compose("up", "--detach", "--no-deps", "proxy")
    production.here.shell.quietly(up, env=env, failed="The proxy could not be started.")
    production.wait("proxy")


def load(production: "Production", caddyfile: str) -> None:
    """Give the running proxy another Caddyfile; raises Problem.

    What is being answered goes on; connections that are idle are closed.
    """
    coming = f"{CADDYFILE}.next"
    production.write(coming, caddyfile)
    reload = ["caddy", "reload", "--config", f"/deployment/{coming}", "--adapter", "caddyfile"]
    command = ["docker", "exec", production.proxy_name, *reload, "--address", "unix//tmp/caddy.sock"]
    production.here.shell.output(command, echo=True, failed=f"The proxy did not take the {CADDYFILE} (see above).")
    production.write(CADDYFILE, caddyfile)  # what it has after a restart; last, so that one who is killed reloads again


def ask(production: "Production", url: str) -> tuple[int, str]:
    """Ask from the proxy's container; return wget's status, and the head of the answer."""
    command = ["docker", "exec", production.proxy_name, "wget", "-q", "-S", "-T", "5", "-O", "/dev/null", url]
    status, _, head = production.here.shell.probe(command)
    return status, head


def answered_by(production: "Production", path: str) -> str:
    """Return the name of the release that answers a path through the proxy, "" for none."""
    status, head = ask(production, f"{INTERNAL}{path}")
    found = re.search(r"^\s*X-Release:\s*(\S+)", head, re.IGNORECASE | re.MULTILINE)
    return found[1] if found and not status else ""


@dataclass(frozen=True)
class Look:
    """The answers so far, the host name of the live release, and who has gone back to it ("" for nobody)."""

    answers: Answers
    live: str
    by: str


def look(production: "Production") -> Look:
    """Look at the proxy."""
    script = (
        f"wget -q -T 5 -O - {INTERNAL}/metrics | grep ^caddy_http_request_duration_seconds_count; echo; "
        "cat /deployment/live; echo; cat /deployment/flipped 2>/dev/null || true"
    )
    command = ["docker", "exec", production.proxy_name, "sh", "-c", script]
    _, said, _ = production.here.shell.probe(command)
    metrics, _, rest = said.partition("\n\n")
    live, _, by = rest.partition("\n")
    return Look(count(metrics), live.strip(), by.strip())
