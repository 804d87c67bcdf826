"""Whether any package index can be reached: said in two seconds, before pip tries for a long time."""

import errno
import os
import socket
import threading
import time
from collections.abc import Mapping, Sequence
from urllib.parse import urlsplit

SOON = 2.0  # seconds
PORTS = {"http": 80, "https": 443}
PROXIES = ("https_proxy", "HTTPS_PROXY", "http_proxy", "HTTP_PROXY", "all_proxy", "ALL_PROXY")
GONE = {errno.ECONNREFUSED, errno.ENETUNREACH, errno.EHOSTUNREACH, errno.ENETDOWN, errno.EHOSTDOWN}
Place = tuple[str, int]


def places(config: Mapping[str, str], default: str, environ: Mapping[str, str]) -> list[Place]:
    """Return where pip, so configured, connects to: indexes and proxies by host and port; none for folders alone."""
    if config.get("no-index", "").lower() in ("1", "true", "yes", "on"):
        return []
    urls = [config.get("index-url", default), *config.get("extra-index-url", "").split()]
    indexes = [place for url in urls if (place := _place(url))]
    proxies = [config.get("proxy", ""), *(environ.get(name, "") for name in PROXIES)]
    named = (proxy if "://" in proxy else f"http://{proxy}" for proxy in proxies if proxy)
    return list(dict.fromkeys([*indexes, *(place for url in named if (place := _place(url, 1080)))])) if indexes else []


def _place(url: str, port: int = 0) -> Place | None:
    try:
        parts = urlsplit(url)
        found = parts.port or PORTS.get(parts.scheme, port)
    except ValueError:
        return None
    return (parts.hostname, found) if parts.hostname and found else None


def offline(where: Sequence[Place], seconds: float = SOON) -> str:
    """Return why none of these places can be reached; "" when one can, or may, as it only takes its time."""
    until = time.monotonic() + seconds
    reasons: dict[Place, str] = {}

    def attempt(place: Place) -> None:
        while True:
            try:
                socket.create_connection(place, timeout=seconds).close()
                reasons[place] = ""
            except OSError as error:
                told = isinstance(error, socket.gaierror) or error.errno in GONE
                reasons[place] = f"{place[0]}: {error.strerror or os.strerror(error.errno or 0)}" if told else ""
            if not reasons[place] or time.monotonic() + seconds / 4 > until:
                return
            time.sleep(seconds / 4)  # a name may not be known for a moment

    threads = [threading.Thread(target=attempt, args=(place,), daemon=True) for place in where]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(max(0.0, until - time.monotonic()))
    told = [reasons.get(place, "") for place in where]
    return ", ".join(told) if told and all(told) else ""
