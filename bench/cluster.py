"""How a deployment to a Docker Swarm grows with its nodes and with the tasks of web, and how many tasks a proxy finds.

It needs the Docker Engine of .ci/engine. Clusters of .ci/cluster are made on it, one after the other: all nodes share
this machine, so what counts is what becomes of the seconds, not how many they are. Printed for each cluster and each
number of tasks: the seconds of a deployment of another image, of those the seconds of the Swarm's update, the changes
asked of its API, the objects that its managers keep of the deployment, and the seconds of a rollback. Then a Caddy that
looks for its upstreams as the proxies do is asked, one request after the other, until it has led to each of many tasks,
or to no other one any more: how many these are, and the connections to tasks that it keeps open after that.

    .venv/bin/python bench/cluster.py [NODES:TASKS,TASKS...]... [tasks=TASKS,TASKS...]
"""

import re
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from pairs import ROOT

sys.path.insert(0, str(ROOT))
from tests.e2e.cluster import Cluster, cluster
from tests.e2e.registries import registry
from tests.e2e.releases import use
from tests.e2e.support import NAME, clone, commit, remove_images
from tests.e2e.swarm import Swarm, on_swarm
from tests.support import Checkout, free_port, without_processes

CLUSTERS = ("1:1,3,6", "3:1,3,6,12", "5:3,6,12")
TASKS = "30,100,300"
CADDYFILE = """:80 {
    reverse_proxy {
        dynamic a {
            name many
            port 8000
            refresh 1s
        }
    }
}"""


@contextmanager
def service() -> Iterator[Checkout]:
    """Give a clone of this project under a name of its own; remove the images that were made of it."""
    with tempfile.TemporaryDirectory() as folder:
        checkout = Checkout(clone(Path(folder) / "clone"), {"COMPOSE_PROJECT_NAME": NAME, "PORT": str(free_port())})
        try:
            checkout.edit("pyproject.toml", 'name = "slipway"\nasgi', f'name = "{NAME}"\nasgi')
            checkout.edit(".env.example", "# WEB_CONCURRENCY=4\n", "WEB_CONCURRENCY=1\n")
            without_processes(checkout.root)
            commit(checkout, "A name of its own")
            yield checkout
        finally:
            remove_images()


def deployment(swarm: Swarm, tag: str, tasks: int) -> tuple[float, float, int]:
    """Deploy a tag; return the seconds of all of it and of the Swarm's update, and the calls of the API."""
    began = time.monotonic()
    done = swarm.done("deploy", "--yes", "--force", "--tag", tag, "--scale", str(tasks), "--bake", "0")
    took = time.monotonic() - began
    spread = re.search(r"^  spread .* ([\d.]+) s$", done.stderr, re.MULTILINE)
    assert spread, done.stderr  # noqa: S101
    return took, float(spread[1]), done.stderr.count("dial-stdio")


def rollback(swarm: Swarm) -> float:
    """Go back to the release before; return the seconds."""
    began = time.monotonic()
    swarm.done("rollback")
    return time.monotonic() - began


def kept(swarm: Swarm) -> int:
    """Return how many configs and secrets the managers keep."""
    return sum(len(swarm.nodes.docker("n1", kind, "ls", "--quiet").split()) for kind in ("config", "secret"))


def deployments(clusters: Sequence[str]) -> None:
    """Print what a deployment takes on each cluster, with each number of tasks."""
    sys.stdout.write("nodes | tasks of web | seconds | of them the update | changes | objects kept | a rollback\n")
    for one in clusters:
        nodes, _, tasks = one.partition(":")
        with registry() as made, service() as checkout:
            use(checkout, made)
            with on_swarm(checkout, made, nodes=int(nodes)) as swarm:
                swarm.push("r0")
                swarm.push_another("r1", like="r0")
                swarm.deploy("r0", "--scale", "1", "--bake", "0")
                for number, many in enumerate(map(int, tasks.split(","))):
                    deployment(swarm, f"r{number % 2}", many)  # as many as the next has, which replaces them all
                    took, spread, calls = deployment(swarm, f"r{1 - number % 2}", many)
                    row = (nodes, many, f"{took:.1f}", f"{spread:.1f}", calls, kept(swarm), f"{rollback(swarm):.1f}")
                    sys.stdout.write(" | ".join(map(str, row)) + "\n")
                    sys.stdout.flush()
                swarm.done("down", "--prod", "--volumes", "--yes")


def found(nodes: Cluster, tasks: int) -> tuple[int, int]:
    """Return how many of so many tasks a Caddy leads to that looks for them by DNS, and its connections to them."""
    nodes.docker("n1", "service", "scale", f"many={tasks}")
    seen, alone = set[str](), 0
    while len(seen) < tasks and alone < 20 * tasks:
        command = ("exec", "asks", "sh", "-c", "for i in $(seq 200); do wget -q -O - http://127.0.0.1/; echo; done")
        said = nodes.docker("n1", *command).split()
        alone = 0 if {*said} - seen else alone + len(said)
        seen |= {*said}
    established = f":{8000:04X} 01 "  # in the kernel's table: the port of the other end, and the state
    counted = ("exec", "asks", "sh", "-c", f"cat /proc/net/tcp /proc/net/tcp6 | grep -c '{established}'")
    return len(seen), int(nodes.docker("n1", *counted))


def answers(counts: Sequence[int]) -> None:
    """Print how many of so many tasks a proxy finds, and what it keeps open."""
    sys.stdout.write("tasks of a service | found by a proxy | connections that it keeps\n")
    with cluster(3) as nodes:
        nodes.load("caddy:2")
        nodes.docker("n1", "network", "create", "--driver", "overlay", "--attachable", "--subnet", "10.9.0.0/16", "net")
        create = ("service", "create", "--detach", "--name", "many", "--network", "net", "--endpoint-mode", "dnsrr")
        nodes.docker("n1", *create, "caddy:2", "sh", "-c", 'exec caddy respond --listen :8000 "$(hostname)"')
        run = ("run", "--detach", "--name", "asks", "--network", "net", "--entrypoint", "sh", "caddy:2", "-c")
        nodes.docker("n1", *run, f"printf '{CADDYFILE}' >/tmp/Caddyfile; exec caddy run --config /tmp/Caddyfile")
        for count in counts:
            led, connections = found(nodes, count)
            sys.stdout.write(f"{count} | {led} | {connections}\n")
            sys.stdout.flush()


if __name__ == "__main__":
    words = sys.argv[1:]
    given = [word for word in words if ":" in word]
    many = next((word.removeprefix("tasks=") for word in words if word.startswith("tasks=")), "" if given else TASKS)
    if given or not words:
        deployments(given or CLUSTERS)
    if many:
        answers([int(word) for word in many.split(",")])
