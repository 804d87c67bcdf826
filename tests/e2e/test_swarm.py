"""Deploys to a Docker Swarm of several nodes: the same verbs, and no request is lost."""

import json
from collections.abc import Iterator

import pytest

from tests.e2e.load import under_load
from tests.e2e.production import PROD, after
from tests.e2e.registries import Registry
from tests.e2e.swarm import NODES, Swarm, ask_there, live, on_swarm
from tests.e2e.talk import conversation, token
from tests.support import Checkout, wait_for

pytestmark = pytest.mark.minutes(3)


@pytest.fixture
def swarm(docker: Checkout, plain: Registry) -> Iterator[Swarm]:
    """Give a cluster of three nodes."""
    with on_swarm(docker, plain) as made:
        yield made


def test_releases_replace_each_other_on_three_nodes_and_lose_no_request(swarm: Swarm) -> None:
    swarm.push("r1")
    first = swarm.deploy("r1", "--scale", "3", "--bake", "0")
    conversation(swarm.base("n2"))
    posts = int(ask_there(swarm, "SELECT count(*) FROM posts"))
    a_tree_is_in_no_registry(swarm)
    with under_load(swarm.base(), token(swarm.base()), 20) as load:
        swarm.push_another("r2", like="r1")
        second = swarm.deploy("r2", "--bake", "2")
        assert (second["outcome"], second["scale"]) == ("live", 3)
        assert {one.split()[1] for one in swarm.tasks("web")} == {"Running"}
        nothing = swarm.done("deploy", "--yes", "--tag", "r2")
        assert "it is live already" in nothing.stderr, nothing.stderr
        a_bad_one_is_refused(swarm, second)
        swarm.done("rollback")
        assert live(swarm)["release"] == first["release"]
        after(load, 20)
    ask_there(swarm, f"DELETE FROM posts WHERE id IN (SELECT id FROM posts ORDER BY id LIMIT {posts})")
    swarm.all_is_stored(load)
    ledger = json.loads(swarm.done("releases", "--json").stdout)
    assert [(one["what"], one["outcome"]) for one in ledger] == [
        ("deploy", "live"), ("deploy", "live"), ("deploy", "failed"), ("rollback", "live"),
    ]  # fmt: skip
    what_hardens_is_kept(swarm)
    a_node_is_lost(swarm)


def a_tree_is_in_no_registry(swarm: Swarm) -> None:
    """Try to deploy what no node could pull."""
    refused = swarm.inv("deploy", "--yes")
    assert refused.returncode == 1
    assert "The nodes of a Swarm pull images from a registry" in refused.stderr
    assert "./inv deploy --tag VERSION" in refused.stderr


def a_bad_one_is_refused(swarm: Swarm, before: dict[str, object]) -> None:
    """Deploy one that ends at once: nobody is led to it."""
    swarm.push_another("bad", "r1", 'CMD ["python", "-c", "import nowhere"]')
    failed = swarm.inv("deploy", "--yes", "--tag", "bad")
    assert failed.returncode == 1
    assert "No module named 'nowhere'" in failed.stderr
    assert "The new release ended with status 1" in failed.stderr
    assert live(swarm)["release"] == before["release"]


def what_hardens_is_kept(swarm: Swarm) -> None:
    """Look at a container of web on the manager's node, or at the database's."""
    names = swarm.nodes.docker("n1", "ps", "--format", "{{.Names}}").split()
    web = next((one for one in names if one.startswith(f"{PROD}_web.")), next(one for one in names if "_db." in one))
    status = swarm.nodes.docker("n1", "exec", web, "cat", "/proc/1/status")
    facts = dict(line.split(":\t", 1) for line in status.splitlines() if ":\t" in line)
    assert (facts["NoNewPrivs"], int(facts["CapEff"], 16)) == ("1", 0)
    host = json.loads(swarm.nodes.docker("n1", "inspect", "--format", "{{json .HostConfig}}", web))
    assert (host["ReadonlyRootfs"], host["Memory"], host["PidsLimit"]) == (True, 2**30, 512)
    secrets = swarm.nodes.docker("n1", "exec", web, "ls", "-ln", "/run/secrets/DATABASE_PASSWORD").split()
    assert secrets[0] == "-r--------"


def a_node_is_lost(swarm: Swarm) -> None:
    """Pull a worker node's cable, and let its power go: the others take over what it had."""
    swarm.nodes.cut("n3")
    swarm.nodes.kill("n3")
    wait_for(lambda: swarm.nodes.seen("n3") == "down")
    wait_for(lambda: len(running := swarm.tasks("web")) == 3 and {*running} == {"n1 Running", "n2 Running"})
    for node in NODES[:2]:
        conversation(swarm.base(node))
    status = json.loads(swarm.done("status", "--prod", "--json").stdout)
    assert (status["service"]["state"], status["proxy"]["nodes"]) == ("running", "n1 n2")
    assert status["nodes"]["which"] == "n3 (down)"
