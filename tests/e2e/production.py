"""How the tests deploy to production, and what they see of it."""

import json
import re
import subprocess

import httpx2

from tests.e2e.load import Load
from tests.e2e.support import NAME, commit, containers, run
from tests.e2e.talk import ask, done
from tests.support import PATIENT, Checkout, wait_for

PROD = f"{NAME}-prod"
LOCK = f"{PROD}-lock"


def change(checkout: Checkout, number: object) -> None:
    """Make another release of the service, which says so in its description."""
    text = (checkout.root / "app/main.py").read_text()
    checkout.write("app/main.py", re.sub(r'title="[^"]*"', f'title="Release {number}"', text))
    commit(checkout, f"Release {number}")


def title(checkout: Checkout) -> str:
    """Return which release answers."""
    return str(httpx2.get(f"{checkout.url}/openapi.json", timeout=PATIENT).json()["info"]["title"])


def live() -> str:
    """Return the image that the proxy leads to."""
    release = run("docker", "exec", f"{PROD}-proxy-1", "cat", "/deployment/live").removeprefix("web-")
    return run("docker", "inspect", "--format", "{{.Config.Image}}", f"{PROD}-{release}-web-1")


def webs() -> list[str]:
    """Return the names of the releases' containers that run."""
    listed = run("docker", "ps", "--format", "{{.Names}}", "--filter", f"name={PROD}-2").split()
    return [name for name in listed if "-web-" in name]


def kept() -> list[str]:
    """Return the names of the releases' containers, running or not."""
    return [name for name in containers() if "-web-" in name]


def after(load: Load, more: int) -> None:
    """Wait until so many more requests were answered."""
    sent = len(load.latencies)
    wait_for(lambda: len(load.latencies) > sent + more)


def said(process: "subprocess.Popen[str]", step: str) -> None:
    """Read what a deployment says until a step has ended, or a command is begun (`$ ...`)."""
    assert process.stdout
    wanted = re.compile(step.replace("$", r"\$") if step.startswith("$") else rf"{step}\b")
    lines = []
    for line in process.stdout:
        lines.append(line)
        if wanted.match(line.strip()):
            return
    raise AssertionError(f"{step} was never said:\n{''.join(lines)}")


def all_is_stored(checkout: Checkout, load: Load) -> None:
    """Check that nothing failed, and that what was acknowledged is in the database."""
    assert load.failed == [], load.failed[:5]  # pytest spells out the asserts of tests alone
    assert int(ask(checkout, "SELECT count(*) FROM posts", "--prod")) == len(load.stored)
    assert len(load.stored) > 20


def in_volumes(*command: str) -> str:
    """Run a command with the volumes in /deployment and /ledger; return its output."""
    mounts = [f"--volume={PROD}_{name}:/{name}" for name in ("deployment", "ledger")]
    return run("docker", "run", "--rm", "--network=none", *mounts, "caddy:2", *command)


def deployed(checkout: Checkout, *args: str, **env: str) -> str:
    """Deploy; return the image that is live then, as the ledger has it."""
    return str(json.loads(done(checkout, "deploy", "--yes", "--json", *args, **env).stdout)["image"])


def errors() -> str:
    """Return the last that the proxy and the releases say went wrong."""
    script = """docker logs "$0" 2>&1 | grep -iE '"level": ?"(error|critical)"' | tail -n 5"""
    return "\n".join(run("sh", "-c", script, name) for name in (f"{PROD}-proxy-1", *webs()))
