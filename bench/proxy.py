"""What the proxy's guards cost: processor time of proxy and service for a small GET, with and without each.

It needs a Docker Engine on this machine, and wrk. The Caddyfile as it is and with lines changed take turns; the time is
that of the processes themselves, so that what else the machine does matters little.

    .venv/bin/python bench/proxy.py [ROUNDS] [SECONDS]
"""

import re
import statistics
import subprocess
import sys

import psutil
from production import NAME, deployed

from tests.e2e.talk import done, token
from tests.support import Checkout

GUARD = re.compile(r"\t\t# When a client ends in the middle.*?(?=\t\t# What \[tool)", re.DOTALL)


def variants(caddyfile: str) -> dict[str, str]:
    """Return the Caddyfile as it is, and without each of its guards that every request passes."""
    return {
        "as it is": caddyfile,
        "connections to the service kept": caddyfile.replace("keepalive off", "keepalive 30s"),
        "an empty answer not looked for": GUARD.sub("", caddyfile),
    }


def processes() -> list[psutil.Process]:
    """Return the processes of the proxy and the service."""
    listed = ["docker", "ps", "--quiet", "--filter", f"name={NAME}-prod-proxy", "--filter", f"name={NAME}-prod-2"]
    containers = subprocess.run(listed, capture_output=True, text=True, check=True).stdout.split()
    found = []
    for one in containers:
        top = subprocess.run(["docker", "top", one, "-o", "pid"], capture_output=True, text=True, check=True).stdout
        found += [psutil.Process(int(line)) for line in top.split()[1:]]
    return found


def cost(checkout: Checkout, headers: dict[str, str], seconds: int) -> float:
    """Return the processor time of a request, in microseconds."""
    measured = processes()
    before = sum(sum(process.cpu_times()[:2]) for process in measured)
    argv = ["wrk", "--threads", "1", "--connections", "16", "--duration", f"{seconds}s"]
    argv += ["--header", f"Authorization: {headers['Authorization']}", f"{checkout.url}/posts?limit=5"]
    out = subprocess.run(argv, capture_output=True, text=True, check=True).stdout
    after = sum(sum(process.cpu_times()[:2]) for process in measured)
    answered = re.search(r"(\d+) requests in", out)
    if not answered or "Non-2xx" in out:
        sys.exit(out)
    return (after - before) / int(answered[1]) * 1e6


if __name__ == "__main__":
    rounds, seconds = ([int(word) for word in sys.argv[1:]] + [7, 5][len(sys.argv) - 1 :])[:2]
    with deployed() as checkout:
        headers, path = token(checkout.url), checkout.root / "Caddyfile"
        original, took = path.read_text(), dict[str, list[float]]()
        for _ in range(rounds):
            for name, text in variants(original).items():
                path.write_text(text)
                done(checkout, "deploy", "--yes", "--bake", "0")
                took.setdefault(name, []).append(cost(checkout, headers, seconds))
    for name, each in took.items():
        shares = [one / base for one, base in zip(each, took["as it is"], strict=True)]
        sys.stdout.write(f"{name:<34} {statistics.median(each):6.0f} us a request = {statistics.median(shares):5.2f}\n")
