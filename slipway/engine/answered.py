"""What an engine answers: JSON, what it refuses, or nothing."""

import json
import re
from typing import Any

from slipway.core.errors import Problem

# As a manager says that the Swarm cannot decide anything just now.
LEADERLESS = re.compile(r"(?i)does not have a leader|deadline ?exceeded|unavailable|transport|lost quorum")
NO_MANAGER = "This node is not a swarm manager"  # so begin the answers of a worker, and of an engine in no Swarm
OF_MANAGER = "Name a manager's Docker context: --context NAME (docker context ls)"


class Refused(Problem):
    """Say what an engine refuses, with the status of its answer."""

    def __init__(self, message: str, status: int) -> None:
        super().__init__(message)
        self.status = status

    @property
    def is_missing(self) -> bool:
        """Whether there is nothing of the name."""
        return self.status == 404

    @property
    def is_taken(self) -> bool:
        """Whether there is something of the name already."""
        return self.status == 409

    @property
    def is_out_of_sequence(self) -> bool:
        """Whether it was changed by somebody since it was looked at."""
        return "out of sequence" in str(self.message)


class Away(Problem):
    """Say that an engine does not answer, or its Swarm has no leader: what it was to do may be done or not."""


class Silent(Away):
    """Say that an engine did not answer in time."""


def read(said: bytes) -> Any:
    """Return what an answer says, None for nothing; raises Away for what no engine says."""
    try:
        return json.loads(said) if said.strip() else None
    except ValueError:
        text = said[:80].decode(errors="replace")
        raise Away(f"What answers is no engine: it says {text!r}. Is it well? docker version") from None


def refused(status: int, said: bytes) -> Problem:
    """Return the Problem that an answer tells: it was refused, or nobody can decide it just now."""
    try:
        message = str(json.loads(said)["message"])
    except (ValueError, KeyError, TypeError):
        message = said.decode(errors="replace").strip() or f"The engine answers {status}."
    if status in (500, 503) and LEADERLESS.search(message):
        return Away(message)
    if NO_MANAGER in message:
        return Refused(f"{message.partition('.')[0]}, and only managers tell and decide. {OF_MANAGER}", status)
    return Refused(message, status)
