"""What clients got: of a release, as its containers count it (gunicorn.conf.py); of all, as the proxy does."""

import base64
import re
import struct
from dataclasses import dataclass, field

from slipway.core.shell import Shell
from slipway.engine import asked, containers
from slipway.runtime.release import Answers, Release

NO_FILE = re.compile("(?i)no such file")
FILE = "/dev/shm/answers"  # noqa: S108  (in a container; as compose.release.yaml has it)
METRIC = "caddy_http_request_duration_seconds_count"
COUNT = re.compile(rf"{METRIC}\{{(?P<labels>[^}}]*)\}} (?P<count>\S+)")
LABEL = re.compile(r'(\w+)="([^"]*)"')


def counted(shell: Shell, release: Release) -> Answers | None:
    """Return what the clients of a release got since it was started; None when it doesn't count that.

    Raises Problem when it cannot be asked.
    """
    found = Answers()
    for one in release.web:
        said = asked.ask(shell, read_command(one.name), NO_FILE)
        if said is None:
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


@dataclass
class Counted:
    """What clients got of the service: the proxy counts those that it sends away (`inv maintenance`) as well.

    What it counts between two looks of which one finds that it sends them away is left out.
    """

    last: Answers = field(default_factory=Answers)
    apart: Answers = field(default_factory=Answers)
    away: bool = False

    def without(self, found: Answers, away: bool) -> Answers:
        """Return what is found, at a look, without what is left out; nothing is found where it cannot be asked."""
        if not found.all:
            return found
        if found.all < self.last.all:  # begun anew
            self.apart = Answers()
        elif away or self.away:
            self.apart += found.since(self.last)
        self.last, self.away = found, away
        return found.since(self.apart)


def of_proxy(metrics: str) -> Answers:
    """Count the answers in Caddy's metrics: what clients got from the handler around the service.

    Caddy's own errors are 502 and 504, and mostly a client's doing: they count as answers alone.
    """
    found = Answers()
    for line in metrics.splitlines():
        if match := COUNT.fullmatch(line.strip()):
            labels, number = dict(LABEL.findall(match["labels"])), int(float(match["count"]))
            if labels.get("handler") == "subroute" and labels.get("server") != "internal":
                failed = labels["code"] >= "500" and labels["code"] not in ("502", "503", "504")
                found += Answers(number, number * failed, number * (labels["code"] == "503"))
    return found
