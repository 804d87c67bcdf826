"""What clients got of a release, as its containers count it (gunicorn.conf.py)."""

import base64
import struct

from slipway.core.shell import Shell
from slipway.engine import containers
from slipway.runtime.release import Answers, Release

FILE = "/dev/shm/answers"  # noqa: S108  (in a container; as compose.release.yaml has it)


def counted(shell: Shell, release: Release) -> Answers | None:
    """Return what the clients of a release got since it was started; None when that cannot be told."""
    found = Answers()
    for one in release.web:
        status, said, _ = shell.probe(read_command(one.name))
        if status:
            return None
        found += decoded(said)
    return found


def read_command(container: str) -> list[str]:
    """Return the command that prints the counts of a container."""
    return containers.exec_command(container, "base64", FILE)


def decoded(text: str) -> Answers:
    """Return the counts of all processes, each three numbers of 64 bits: answers, failures, 503s."""
    rows = struct.iter_unpack("=3Q", base64.b64decode(text))
    return sum((Answers(*row) for row in rows), Answers())
