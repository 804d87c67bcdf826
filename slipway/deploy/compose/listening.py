"""Where a Caddyfile lets the proxy listen: Caddy takes one with which no client finds anybody."""

import json
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from slipway.core.errors import Problem
from slipway.deploy.compose.files import CADDYFILE

LOOPBACK = ("127.", "localhost", "[::1]")


def check(adapted: str, service: Mapping[str, Any]) -> None:
    """Raise Problem where what Caddy makes of a Caddyfile listens at no port by which clients come to the service."""
    wanted = [int(one["target"]) for one in service.get("ports") or () if one.get("published")]
    found = set(ports(json.loads(adapted)))
    if wanted and not found.intersection(wanted):
        there = f" (it has {', '.join(map(str, sorted(found)))})" if found else ""
        raise Problem(
            f"No site of the {CADDYFILE} listens at {' or '.join(map(str, wanted))}, where clients come to the proxy's "
            f"container{there}: they would find nobody. Begin one with {{$SITE}}, as Slipway's own does, or change "
            "`ports` of compose.prod.yaml."
        )


def ports(adapted: Mapping[str, Any]) -> Iterator[int]:
    """Yield the ports at which Caddy listens for others than its own container."""
    for server in (((adapted.get("apps") or {}).get("http") or {}).get("servers") or {}).values():
        yield from _ports(server.get("listen") or ())


def _ports(listen: Sequence[str]) -> Iterator[int]:
    for one in listen:
        host, _, port = one.rpartition("/")[2].rpartition(":")
        first, _, last = port.partition("-")
        if not one.startswith("unix") and first.isdigit() and not host.startswith(LOOPBACK):
            yield from range(int(first), int(last or first) + 1)
