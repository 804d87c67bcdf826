"""`inv maintenance`: what clients get meanwhile, what is noted of it, and which Caddyfile knows it."""

import html
import json
from collections.abc import Callable
from dataclasses import asdict, dataclass, fields, replace
from ipaddress import IPv6Address, ip_address
from typing import Any

from slipway.core import printable, resources
from slipway.core.errors import Problem
from slipway.core.steps import Steps
from slipway.core.words import listed
from slipway.runtime.releases import Releases

MESSAGE = "The service is under maintenance, and will be back soon."
RETRY = 300  # seconds
ON, PAGE, PROBLEM, RETRY_AFTER = "on", "page.html", "problem.json", "retry"  # files, as the Caddyfile has them
CADDYFILE = "Caddyfile"
SNIPPET, IMPORT = "(maintenance) {", "import maintenance"  # lines of a Caddyfile
KNOWN = "try_files /maintenance/on"  # what a Caddyfile has, whatever is around it
HTML = """<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>Under maintenance</title>
<style>
body {{ margin: 20vh auto 0; max-width: 40rem; padding: 0 1.5rem; font: 1.1rem/1.5 system-ui, sans-serif }}
p {{ white-space: pre-line }}
</style>
</head>
<body>
<h1>Under maintenance</h1>
<p>{message}</p>
</body>
</html>
"""


@dataclass(frozen=True)
class Maintenance:
    """Since when clients are sent away, and by whom; what they are told, and when to come again, in seconds.

    Those with one of the addresses in `allow` are let in. What cannot be read was noted by somebody all the same.
    """

    since: str = "nobody knows when"
    by: str = "somebody"
    message: str = ""
    retry_after: int = RETRY
    allow: tuple[str, ...] = ()

    @property
    def said(self) -> str:
        """Since when, and by whom."""
        return f"on since {self.since}, by {self.by}"

    def files(self) -> dict[str, str]:
        """Return the files of it, by name: the one that says that it is on is the last."""
        message = printable.plain(self.message)
        problem = {"type": "about:blank", "title": "Service Unavailable", "status": 503, "detail": message}
        return {
            PAGE: HTML.format(message=html.escape(message)),
            PROBLEM: json.dumps(problem),
            RETRY_AFTER: str(self.retry_after),
            ON: json.dumps(asdict(self)),
        }


def parse(text: str) -> Maintenance | None:
    """Return what a file says of it, None for one that is not there."""
    if not text:
        return None
    try:
        found: dict[str, Any] = json.loads(text)
        known = {one.name for one in fields(Maintenance)}
        made = Maintenance(**{name: value for name, value in found.items() if name in known})
        return replace(made, allow=tuple(made.allow))
    except (ValueError, TypeError, AttributeError):
        return Maintenance()


def addresses(given: str) -> tuple[str, ...]:
    """Return addresses as the proxy calls them, of a list with commas between; raises Problem."""
    found = []
    for word in listed(given):
        try:
            address = ip_address(word)
        except ValueError:
            raise Problem(
                f"--allow is a list of addresses with commas between, and {word!r} is none (networks and names are not "
                "taken)."
            ) from None
        if isinstance(address, IPv6Address):
            if address.scope_id:
                raise Problem(f"--allow takes no address of one link alone, as {word} is.")
            address = address.ipv4_mapped or address
        found.append(str(address))
    return tuple(dict.fromkeys(found))


def lacking(configuration: str) -> list[str]:
    """Return the lines that a Caddyfile lacks to send clients away, those of its snippet among them."""
    lines = [line.strip() for line in configuration.splitlines()]
    known, imported = KNOWN in lines, SNIPPET not in lines or IMPORT in lines
    whole = [] if known else snippet()
    return [*whole, *([] if imported and (known or IMPORT in lines) else [IMPORT])]


def snippet() -> list[str]:
    """Return the lines of Slipway's own Caddyfile that send clients away."""
    lines = resources.template(CADDYFILE).splitlines()
    if SNIPPET not in lines:  # in the repository that Slipway lies in, that is the project's Caddyfile
        return [KNOWN]
    begin = lines.index(SNIPPET)
    return lines[begin : lines.index("}", begin) + 1]


def note(noted: str) -> str:
    """Say that clients are sent away, and that they still are after a deployment; "" where they are not."""
    found = parse(noted)
    return f"are sent away ({found.said}), and still are then: ./inv maintenance --off lets them in" if found else ""


def checked(configuration: str, noted: str = "") -> str:
    """Return the tree's Caddyfile; raises Problem where clients are sent away, and with it nobody would be."""
    if parse(noted) and (lines := lacking(configuration)):
        raise Problem(
            f"{_lines(lines)}\nClients are sent away until ./inv maintenance --off, and with this {CADDYFILE} none "
            "would be: it lacks the lines above. Nothing was changed."
        )
    return configuration


def _lines(lines: list[str]) -> str:
    where = f"`{IMPORT}` belongs at the top of the site's `route`." if IMPORT in lines else ""
    return "\n".join([*lines, where]).rstrip()


def send_away(steps: Steps, releases: Releases, port: Callable[[], int], wanted: Maintenance) -> Maintenance:
    """Send clients away from now on; return what is noted. Raises Problem, and then nothing was changed.

    No lock is taken, so that this waits for no deployment; but for a proxy whose Caddyfile doesn't know it yet.
    """
    noted, configuration = releases.maintenance()
    if lacking(configuration):
        _teach(steps, releases, port)
    before = parse(noted)
    now = replace(wanted, since=before.since, by=before.by) if before else wanted
    releases.send_away(now.files(), now.allow)
    return now


def _teach(steps: Steps, releases: Releases, port: Callable[[], int]) -> None:
    # Give the proxy the tree's Caddyfile, as a deployment does; raises Problem.
    proxy = releases.proxy
    configuration = proxy.wanted()
    if lines := lacking(configuration):
        raise Problem(
            f"{_lines(lines)}\nThis project's {CADDYFILE} cannot send clients away: it lacks the lines above. Add "
            "them, then run this again. Nothing was changed."
        )
    with releases.lock("maintenance"):
        if not lacking(releases.maintenance()[1]):
            return  # whoever had the lock has brought it
        proxy.sharing()
        if proxy.change(port()):
            raise Problem(
                f"The proxy's {CADDYFILE} is an older one, which cannot send clients away, and what else defines the "
                "proxy has changed as well: ./inv deploy brings both. Nothing was changed."
            )
        proxy.check(configuration, port())
        with steps.step("proxy", f"has the changed {CADDYFILE}"):
            proxy.load(configuration)
