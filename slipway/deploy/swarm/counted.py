"""What clients got of a release on a Swarm, as its tasks count it (gunicorn.conf.py): asked from beside the lock."""

from slipway.core.shell import Shell
from slipway.deploy.compose.proxy import PORT
from slipway.deploy.swarm import questions
from slipway.deploy.swarm.lock import Lock
from slipway.runtime.release import Answers, Release

PATH = "/health/answers"  # as gunicorn.conf.py has it; the Caddyfile leads nobody there
VARIABLE = "SLIPWAY_ANSWERS_PATH"


def of(shell: Shell, lock: Lock, release: Release) -> Answers | None:
    """Return what the clients of a release got of its tasks; None when they don't count it, or cannot be asked."""
    urls = [f"http://{one.addresses[0]}:{PORT}{PATH}" for one in release.web if one.addresses and one.ready]
    found = [read(one.body) for one in questions.told(shell, lock, urls)]
    known = [one for one in found if one]
    return sum(known, Answers()) if known else None


def read(line: str) -> Answers | None:
    """Read a task's counts: answers, failures, 503s; None for what is none."""
    words = line.split()
    return Answers(*map(int, words)) if len(words) == 3 and all(one.isdigit() for one in words) else None
