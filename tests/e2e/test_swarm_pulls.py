"""Nodes of a Swarm that cannot pull a release: it is refused before anything is replaced, and said why, and of whom."""

import json
from collections.abc import Iterator

import pytest

from tests.e2e.load import under_load
from tests.e2e.production import PROD, after, said
from tests.e2e.registries import Registry, login
from tests.e2e.swarm import Swarm, live, on_swarm
from tests.e2e.talk import conversation, token
from tests.support import Checkout, wait_for

pytestmark = [pytest.mark.full, pytest.mark.alone, pytest.mark.minutes(6)]
RATE = 100  # requests a second
LARGE = "RUN head -c 60000000 /dev/urandom >/tmp/large"  # nothing makes it smaller on its way


@pytest.fixture
def swarm(docker: Checkout, private: Registry) -> Iterator[Swarm]:
    """Give a cluster of three nodes, whose registry wants a login, with a release of two tasks."""
    assert login(private).returncode == 0
    with on_swarm(docker, private) as made:
        made.push("r1")
        made.deploy("r1", "--scale", "2", "--bake", "0")
        yield made


def stays(swarm: Swarm, before: dict[str, object]) -> None:
    """Check that a release is live still, and that nothing is left of what was tried."""
    assert live(swarm)["release"] == before["release"]
    names = swarm.nodes.docker("n1", "service", "ls", "--format", "{{.Name}}").split()
    assert sorted(names) == [f"{PROD}_{one}" for one in ("db", "proxy", "web")]


def test_a_registry_is_away(swarm: Swarm) -> None:
    first = live(swarm)
    swarm.push_another("r2", like="r1")
    swarm.push_another("r3", like="r1", more="ENV ANOTHER=2")
    with under_load(swarm.base(), token(swarm.base()), RATE) as load:
        goes_away_in_between(swarm)
        refused = swarm.inv("deploy", "--yes", "--tag", "r2")
        assert refused.returncode == 1
        assert f"The registry {swarm.registry.host} cannot be asked. Is it up?" in refused.stderr
        assert "is deployed by its name there" not in refused.stderr  # no node could pull it
        stays(swarm, first)
        swarm.registry.start()
        second = swarm.deploy("r3", "--bake", "1")
        swarm.registry.kill()
        swarm.done("rollback")  # all nodes have what was live
        assert live(swarm)["release"] == first["release"]
        swarm.done("rollback", "--to", str(second["image"]))
        swarm.done("drain", "n2", "--yes")
        after(load, RATE)
    load.tell("the registry away, in the pull and in two rollbacks")
    swarm.all_is_stored(load)
    swarm.nodes.kill("n3")  # it had one of the two
    wait_for(lambda: swarm.tasks("web") == ["n1 Running"] * 2)
    conversation(swarm.base())


def goes_away_in_between(swarm: Swarm) -> None:
    """Let the registry go once the manager has pulled, and no other node has."""
    with swarm.docker.start("deploy", "--yes", "--tag", "r2", **swarm.env) as deploying:
        said(deploying, "image")
        swarm.registry.kill()
        told, _ = deploying.communicate(timeout=100)
    assert deploying.returncode == 1
    assert "n2, n3 could not pull" in told
    assert "the registry cannot be asked (see above)" in told
    assert "migrate " not in told


def test_a_disk_is_full(swarm: Swarm) -> None:
    before = live(swarm)
    swarm.push_another("r2", like="r1", more=LARGE)
    swarm.nodes.add("n4", disk="900M")
    swarm.nodes.load("caddy:2")
    leave = "head -c $((($(df -Pm /filler | awk 'END { print $4 }') - 20) * 1048576)) /dev/zero >/filler/filler"
    swarm.nodes.docker("n4", "run", "--rm", "--volume", "filler:/filler", "caddy:2", "sh", "-c", leave)
    with under_load(swarm.base(), token(swarm.base()), RATE) as load:
        refused = swarm.inv("deploy", "--yes", "--tag", "r2")
        assert refused.returncode == 1
        assert "n4 could not pull" in refused.stderr
        assert "too little room on the disk (n4: " in refused.stderr
        assert "To do without that node: ./inv drain n4" in refused.stderr
        stays(swarm, before)
        told = {one["node"]: one["disk"] for one in json.loads(swarm.done("nodes", "--json").stdout)}
        assert told["n4"]["free"] < 30_000_000 < told["n3"]["free"]
        swarm.done("drain", "n4", "--yes")
        assert swarm.deploy("r2", "--bake", "1")["outcome"] == "live"
        swarm.nodes.docker("n4", "volume", "rm", "filler")
        swarm.done("drain", "n4", "--back")
        assert swarm.deploy("r2", "--force", "--scale", "4", "--bake", "1")["outcome"] == "live"
        assert "n4 Running" in swarm.tasks("web")
        after(load, RATE)
    load.tell("a node's disk full")
    swarm.all_is_stored(load)
