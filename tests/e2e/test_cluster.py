"""The cluster that tests of a Swarm run on: nodes that die, come back and join; nothing of it is left."""

import re
import subprocess
import sys
from pathlib import Path

import httpx2
import psutil
import pytest

from tests.e2e.cluster import PREFIX, STATES, Cluster, cluster
from tests.e2e.registries import Registry
from tests.e2e.support import run
from tests.support import PATIENT, ROOT, wait_for

pytestmark = [pytest.mark.full, pytest.mark.minutes(1)]

PORT = 8080
SERVER = 'exec caddy respond --listen :80 "$NODE"'  # each replica says where it is
# Asks all of them from one, over the overlay.
ASK = "for ip in $(getent ahostsv4 tasks.web | cut -d' ' -f1 | sort -u); do exec 3<>/dev/tcp/$ip/80; " \
    r"printf 'GET / HTTP/1.0\r\n\r\n' >&3; tail -n 1 <&3; echo; done"  # fmt: skip
# What a killed test leaves.
HOLDING = """import time
from tests.e2e.cluster import cluster
with cluster(1) as made:
    print(made.name, flush=True)
    time.sleep(600)
"""


def answer(made: Cluster, node: str) -> str:
    """Return what answers at a node's port, if anything does."""
    try:
        return httpx2.get(f"http://{made.address(node)}:{PORT}", timeout=PATIENT).text.strip()
    except httpx2.TransportError:
        return ""


def served(made: Cluster, *nodes: str) -> None:
    """Wait until a replica on each of these nodes answers at its port."""
    wait_for(lambda: all(answer(made, node) == node for node in nodes))


def left(name: str) -> list[str]:
    """Return what there is of a cluster: processes, mounts, namespaces, cgroups, contexts, its folder."""
    full = f"{PREFIX}{name}"
    lines = [" ".join(process.info["cmdline"] or []) for process in psutil.process_iter(["cmdline"])]
    lines += Path("/proc/self/mounts").read_text().splitlines()
    found = [line for line in lines if re.search(rf"{full}[-/]", line)]
    for place in ("run/netns", "sys/fs/cgroup", "sys/fs/cgroup/*"):
        found += [str(path) for path in Path("/").glob(f"{place}/{full}-*")]
    contexts = run("docker", "context", "ls", "--format", "{{.Name}}").split()
    return found + [one for one in contexts if one.startswith(f"{full}-")] + list(map(str, STATES.glob(full)))


def cards() -> dict[str, str]:
    """Return the numbers of this machine's network cards, by their addresses; none has a number of before."""
    lines = [line.split() for line in run("ip", "-oneline", "-4", "address").splitlines()]
    return {line[3].partition("/")[0]: line[0] for line in lines}


@pytest.fixture
def image(shared: Registry) -> str:
    """Push an image to the registry; return its name, with its digest."""
    tag = f"{shared.address}/caddy:1"
    run("docker", "tag", "caddy:2", tag)
    try:
        run("docker", "push", "--quiet", tag)
    finally:
        run("docker", "image", "rm", tag)
    digest = shared.ask(f"{shared.folder}/caddy/manifests/1").headers["Docker-Content-Digest"]
    return f"{shared.address}/caddy@{digest}"


def test_nodes_die_come_back_and_join_and_nothing_is_left(shared: Registry, image: str) -> None:
    with cluster(3) as made:
        for node in ("n1", "n2", "n3"):
            assert made.docker(node, "info", "--format", "{{.Swarm.LocalNodeState}}") == "active"
        made.load("caddy:2")
        listed = ("image", "ls", "--quiet", "caddy:2")
        assert made.docker("n3", *listed) == run("docker", *listed)
        made.label("n2", "slipway.proxy")
        labelled = made.docker(
            "n1", "node", "ls", "--filter", "node.label=slipway.proxy=true", "--format", "{{.Hostname}}"
        )
        assert labelled == "n2"
        made.registry(shared.port)
        serve(made, image)
        served(made, "n1", "n2", "n3")
        replica = made.docker("n2", "ps", "--quiet")
        assert sorted(made.docker("n2", "exec", replica, "bash", "-c", ASK).split()) == ["n1", "n2", "n3"]
        url = f"http://{made.address('n2')}:{PORT}"
        assert run(*made.inside("lan", "curl", "--silent", "--max-time", "9", url)) == "n2"

        made.kill("n3")
        wait_for(lambda: made.seen("n3") == "down")
        assert answer(made, "n3") == ""
        made.start("n3")
        wait_for(lambda: made.seen("n3") == "ready")
        served(made, "n3")
        made.cut("n3")
        wait_for(lambda: made.seen("n3") == "down")
        made.mend("n3")
        wait_for(lambda: made.seen("n3") == "ready")

        made.add("n4")
        made.docker("n1", "service", "scale", "--detach", "web=4")
        served(made, "n4")
        made.stop("n4")
        wait_for(lambda: made.seen("n4") == "down")

        assert run("docker", "--context", made.context("n1"), "info", "--format", "{{.Swarm.Nodes}}") == "4"
        card = cards()[made.address("machine")]
    assert left(made.name) == []
    assert card not in cards().values()


def serve(made: Cluster, image: str) -> None:
    """Run a service of three replicas, which reach each other on a network of their own."""
    made.docker("n1", "network", "create", "--driver", "overlay", "inner")
    made.docker(
        "n1", "service", "create", "--detach", "--name", "web", "--replicas", "3", "--network", "inner",
        "--endpoint-mode", "dnsrr", "--publish", f"mode=host,target=80,published={PORT}",
        "--env", "NODE={{.Node.Hostname}}", image, "sh", "-c", SERVER,
    )  # fmt: skip


def test_another_manager_answers_when_the_leader_is_dead() -> None:
    with cluster(3, 3) as made:
        assert made.docker("n1", "node", "inspect", "self", "--format", "{{.ManagerStatus.Leader}}") == "true"
        made.kill("n1")
        assert made.manager() in ("n2", "n3")
        made.start("n1")
        wait_for(lambda: made.tool("d", "n1", "node", "inspect", "self").returncode == 0)  # it knows the new leader
        assert made.manager() == "n1"


def test_the_next_one_ends_what_a_killed_test_has_left_and_that_alone() -> None:
    with cluster(1) as mine:
        command = [sys.executable, "-c", HOLDING]
        with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True) as killed:
            assert killed.stdout
            name = killed.stdout.readline().strip()
            assert left(name)
            killed.kill()
        with cluster(1) as another:
            assert left(name) == []
            assert {one.docker("n1", "info", "--format", "{{.Swarm.NodeAddr}}") for one in (mine, another)} == {
                mine.address("n1"),
                another.address("n1"),
            }
            assert mine.address("n1") != another.address("n1")
    assert left(mine.name) == left(another.name) == []
