"""Deploys of a service under load: requests that fail, latencies, and how long it takes.

It needs a Docker Engine. GETs and POSTs in turn come at a constant rate, over connections that are kept, without
retries, while releases follow each other until so many requests were sent; the last deployment is drawn
(docs/deploy.svg). Then, with nothing else going on: from the answer to the question until the switch, over `docker
compose up --wait` of the same image; and a rollback in the bake window.

    .venv/bin/python bench/deploy.py [REQUESTS] [REQUESTS_A_SECOND] [PAIRS]
"""

import json
import os
import re
import statistics
import subprocess
import sys
import time

from drawing import draw
from pairs import ROOT, timed
from production import NAME, commit, deployed

from tests.e2e.load import Load, under_load
from tests.e2e.talk import ask, done, token
from tests.support import Checkout


def change(checkout: Checkout, number: int) -> None:
    """Make another release."""
    path = checkout.root / "app/main.py"
    path.write_text(re.sub(r'title="[^"]*"', f'title="Release {number}"', path.read_text()))
    commit(checkout, f"Release {number}")


def deploy(checkout: Checkout, *args: str) -> dict[str, float]:
    """Deploy; return when each step ended (on the monotonic clock), and when it began to act."""
    ends: dict[str, float] = {}
    with checkout.start("deploy", "--yes", *args) as process:
        assert process.stdout  # noqa: S101
        for line in process.stdout:
            if step := re.match(r"  (\w+) ", line):
                ends[step[1]] = time.monotonic()  # of "steps", the end of the plan, it is when acting begins
    if process.returncode:
        sys.exit("the deployment failed")
    return ends


def in_a_row(checkout: Checkout, requests: int, rate: float) -> tuple[Load, dict[str, float]]:
    """Deploy under load until so many requests were sent; print what became of them."""
    headers, number, ends, during = token(checkout.url), 0, {}, list[float]()
    with under_load(checkout.url, headers, rate) as load:
        while len(load.latencies) < requests:
            change(checkout, number := number + 1)
            ends = deploy(checkout, "--bake", "2")
            time.sleep(4)  # what comes after is drawn as well
            during += [
                latency for due, latency in zip(load.due, load.latencies, strict=False)
                if ends["smoke"] - 1 < due < ends["stop"] + 1
            ]  # fmt: skip
    stored = int(ask(checkout, "SELECT count(*) FROM posts", "--prod"))
    during.sort()
    middle, slow = (during[int(len(during) * share)] * 1000 for share in (0.5, 0.99))
    sys.stdout.write(
        f"{number} deploys under {rate:.0f} requests a second: {len(load.failed)} of {len(load.latencies)} failed; "
        f"{len(load.stored)} posts acknowledged, {stored} in the database\n"
        f"from a second before each switch until the old release has stopped: p50 {middle:.0f} ms, p99 {slow:.0f} ms; "
        f"of all requests p99 {load.percentile(0.99) * 1000:.0f} ms\n"
    )
    return load, ends


def against_compose(checkout: Checkout, pairs: int) -> None:
    """Print the time until the switch beside that of `docker compose up --wait`, in turn."""
    mine, plain = list[float](), list[float]()
    status = json.loads(done(checkout, "status", "--prod", "--json").stdout)
    for _ in range(pairs):
        ends = deploy(checkout, "--force", "--bake", "0")
        mine.append(ends["switch"] - ends["steps"])
        release = json.loads(done(checkout, "releases", "--json").stdout)[-1]["release"]
        env = {**os.environ, "DEPLOYMENT": f"{NAME}-prod", "RELEASE": release, "IMAGE": status["release"]}
        compose = ["docker", "compose", "--project-name", f"{NAME}-plain", "--file", "compose.release.yaml"]
        plain.append(timed([*compose, "up", "--detach", "--wait", "web"], cwd=checkout.root, env=env))
        subprocess.run([*compose, "down"], cwd=checkout.root, env=env, check=True, capture_output=True)
    more = statistics.median(a - b for a, b in zip(mine, plain, strict=True))
    sys.stdout.write(
        f"from the answer to the switch {statistics.median(mine):.2f} s, docker compose up --wait "
        f"{statistics.median(plain):.2f} s: {more:+.2f} s\n"
    )


def rollback(checkout: Checkout, times: int) -> None:
    """Print how long a rollback in the bake window takes, the whole command."""
    took = []
    for number in range(times):
        change(checkout, 1000 + number)
        with checkout.start("deploy", "--yes", "--bake", "60") as process:
            assert process.stdout  # noqa: S101
            for line in process.stdout:
                if line.startswith("  probe"):
                    command = checkout.command("rollback")
                    took.append(timed(command, cwd=checkout.root, env=checkout.environ()))
    sys.stdout.write(f"inv rollback in the bake window: {statistics.median(took):.2f} s (longest {max(took):.2f} s)\n")


if __name__ == "__main__":
    arguments = [int(word) for word in sys.argv[1:]]
    requests, rate, pairs = (arguments + [100_000, 100, 7][len(arguments) :])[:3]
    with deployed() as checkout:
        load, ends = in_a_row(checkout, requests, rate)
        (ROOT / "docs/deploy.svg").write_text(draw(load, ends, rate))
        against_compose(checkout, pairs)
        rollback(checkout, pairs)
