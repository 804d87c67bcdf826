"""The health path: how it is asked, and what its answers mean."""

import http.client
import re
from dataclasses import dataclass

from slipway.core.errors import Problem

GOOD, BROKEN = 200, 500
PRINTED = re.compile(r"(\d{3})(?: (\S+))?")
LIMIT = 5  # seconds
TABLE = "in [tool.slipway] of pyproject.toml"
OTHER = f"or name another one: health {TABLE}"


@dataclass(frozen=True)
class Answer:
    """What the health path was answered: a status, 0 when nothing answers, and where it leads to ("" for nowhere)."""

    status: int = 0
    location: str = ""

    @classmethod
    def read(cls, printed: str) -> "Answer":
        """Read what a health check printed: that of the Dockerfile says both; others say what they like."""
        found = PRINTED.fullmatch(printed.strip())
        return cls(int(found[1]), found[2] or "") if found else cls()

    @property
    def is_final(self) -> bool:
        """Whether it is a mistake in the service, which waiting doesn't mend."""
        return self.status == BROKEN

    def __str__(self) -> str:
        """Say it in a sentence about the service, with what to change; "" for what says nothing."""
        if self.status in (0, GOOD):
            return ""
        to = f", to {self.location}" if self.location else ""
        hint = hints(self.status)
        return f"its health path answers {self.status}{to}{f' ({hint})' if hint else ''}"


def check(host: str) -> None:
    """Raise Problem for what is no Host header."""
    if not re.fullmatch(r"[A-Za-z0-9._:\[\]-]*", host):
        raise Problem(f"pyproject.toml: [tool.slipway] health-host = {host!r} names no host.")


def headers(host: str) -> dict[str, str]:
    """Return the headers with which the health path is asked; `host` is that of the project, "" for none."""
    return {"Host": host} if host else {}


def ask(address: str, port: int, path: str, host: str) -> Answer:
    """Ask the health path of what listens at an address, by the project's `host`; what says nothing is no answer."""
    connection = http.client.HTTPConnection(address, port, timeout=LIMIT)
    try:
        connection.request("GET", path, headers=headers(host))
        answer = connection.getresponse()
        return Answer(answer.status, answer.getheader("Location", "").partition("?")[0])
    except (OSError, http.client.HTTPException):
        return Answer()
    finally:
        connection.close()


def hints(status: int) -> str:
    """Say what to change about an answer that will stay, as a rule; "" for one that may be another soon."""
    if status in (400, 421):
        return f"a service that checks the Host header is told one it knows: health-host {TABLE}"
    if 300 <= status < 400:
        return f"it has to answer 200 by itself: take it out of the redirect, {OTHER}"
    if status in (401, 403):
        return f"it has to answer 200 without a login: take it out, {OTHER}"
    if status in (404, 405):
        return f"the path that answers 200 when the service is ready: health {TABLE}"
    return "it has to be 200" if status < 500 else ""
