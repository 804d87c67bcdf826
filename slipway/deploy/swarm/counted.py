"""What clients got of a release on a Swarm, as its tasks count it (gunicorn.conf.py): asked from beside the lock."""

from slipway.core.limits import Limit
from slipway.core.shell import Shell
from slipway.deploy.compose.proxy import LIMIT, PORT
from slipway.deploy.swarm.lock import Lock
from slipway.engine import asked
from slipway.runtime.release import Answers, Release

PATH = "/health/answers"  # as gunicorn.conf.py has it; the Caddyfile leads nobody there
VARIABLE = "SLIPWAY_ANSWERS_PATH"
ASKED = Limit(30, asks=True)


def of(shell: Shell, lock: Lock, release: Release) -> Answers | None:
    """Return what the clients of a release got of its tasks; None when they don't count it, or cannot be asked."""
    addresses = [one.addresses[0] for one in release.web if one.addresses and one.ready]
    if not addresses:
        return None
    said = asked.told(shell, lock.exec_command("sh", "-c", script(addresses)), ASKED)
    found = [read(line) for line in said.splitlines()]
    known = [one for one in found if one]
    return sum(known, Answers()) if known else None


def script(addresses: list[str]) -> str:
    """Return the script that prints the counts of tasks, a line each; nothing of one that doesn't tell."""
    urls = " ".join(f"http://{address}:{PORT}{PATH}" for address in addresses)
    return f"for url in {urls}; do wget -q -T {LIMIT} -t 1 -O - $url; echo; done; :"


def read(line: str) -> Answers | None:
    """Read a task's counts: answers, failures, 503s; None for what is none."""
    words = line.split()
    return Answers(*map(int, words)) if len(words) == 3 and all(one.isdigit() for one in words) else None
