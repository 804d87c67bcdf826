"""A production of one engine that moves to a Swarm, and back: what pauses, and that nothing is lost."""

import json
import os
import signal
from collections.abc import Iterator

import pytest

from tests.e2e.load import Load, under_load
from tests.e2e.production import PROD, after, said
from tests.e2e.registries import Registry
from tests.e2e.support import commit
from tests.e2e.swarm import PLACE, Swarm, ask_there, on_nodes
from tests.e2e.talk import conversation, token
from tests.support import Checkout, wait_for

pytestmark = [pytest.mark.full, pytest.mark.minutes(4)]
RATE = 20
LULL = 8  # seconds: requests wait for 5 of them before they fail
PLAIN = "[tool.slipway.tests]"
FAIR = ("502", "503", "ConnectError", "RemoteProtocolError", "ReadError")  # how a request fails in the pause


@pytest.fixture
def swarm(docker: Checkout, plain: Registry) -> Iterator[Swarm]:
    """Give three nodes, of which the first one has a production of its own engine."""
    with on_nodes(docker, plain) as made:
        made.push("r1")
        made.deploy("r1", "--bake", "0")
        yield made


def containers(swarm: Swarm, *options: str) -> list[str]:
    """Return the names of what Compose runs on the first node, or, with --all, has there."""
    form = ("--format", "{{.Names}}", "--filter", "label=com.docker.compose.project")
    return sorted(swarm.nodes.docker("n1", "ps", *options, *form).split())


def pauses(load: Load) -> list[float]:
    """Return the seconds of each time from the first request that failed to the last, with less than LULL between."""
    found: list[list[float]] = []
    for due, good in sorted(zip(load.due, load.good, strict=True)):
        if not good and found and due - found[-1][-1] < LULL:
            found[-1].append(due)
        elif not good:
            found.append([due])
    return [round(each[-1] - each[0], 1) for each in found]


def test_a_production_moves_to_a_swarm_and_back(swarm: Swarm) -> None:
    ran = containers(swarm)
    posts = int(ask_there(swarm, "SELECT count(*) FROM posts"))
    swarm.push_another("bad", "r1", 'CMD ["python", "-c", "import nowhere"]')
    with under_load(swarm.base(), token(swarm.base()), RATE) as load:
        after(load, RATE)
        swarm.docker.edit("pyproject.toml", PLAIN, PLACE)
        commit(swarm.docker, "Production on a Swarm")
        what_would_be_beside_it_is_refused(swarm)
        assert (containers(swarm), load.failed) == (ran, [])
        failed = swarm.inv("deploy", "--yes", "--move", "--tag", "bad")
        assert failed.returncode == 1
        assert "No module named 'nowhere'" in failed.stderr
        assert "On one engine again: " in failed.stderr, failed.stderr
        assert containers(swarm) == ran
        after(load, (LULL + 2) * RATE)
        whoever_moves_it_is_killed(swarm)
        swarm.done("deploy", "--yes", "--move", "--tag", "r1", "--scale", "3", "--bake", "2")
        after(load, 2 * RATE)
    load.tell(f"moved: pauses of {pauses(load)} s, of a bad one that went back, and of a good one")
    assert len(pauses(load)) == 2, pauses(load)
    assert [one for one in load.failed if not one.startswith(FAIR)] == []
    rows = int(ask_there(swarm, "SELECT count(*) FROM posts")) - posts
    assert len(load.stored) <= rows <= len(load.stored) + len(load.failed)
    assert (containers(swarm), containers(swarm, "--all")) == ([], ran)
    wait_for(lambda: {one.split()[0] for one in swarm.tasks("web")} == {"n1", "n2", "n3"})
    conversation(swarm.base("n2"))
    it_goes_back(swarm, rows + posts)


def what_would_be_beside_it_is_refused(swarm: Swarm) -> None:
    """Try what would start a second database on the volume, or take the ports."""
    refused = swarm.inv("deploy", "--yes", "--tag", "r1")
    assert refused.returncode == 1
    assert f"{PROD} runs on one engine still" in refused.stderr
    assert "./inv deploy --move" in refused.stderr
    refused = swarm.inv("backup", "--prod")
    assert refused.returncode == 1
    assert f"docker ps --filter volume={PROD}_db" in refused.stderr, refused.stderr
    plan = json.loads(swarm.done("deploy", "--plan", "--json", "--move", "--tag", "r1").stdout)
    assert "clients get 503" in plan["move"]
    assert "send clients away, stop the old service" in plan["steps"]


def whoever_moves_it_is_killed(swarm: Swarm) -> None:
    """Kill who has started the Swarm's database: the next one goes on from there."""
    with swarm.docker.start("deploy", "--yes", "--move", "--tag", "r1", DOCKER_CONTEXT=swarm.context) as moving:
        said(moving, "database")
        os.kill(moving.pid, signal.SIGKILL)
    assert containers(swarm) == [f"{PROD}-proxy-1"]


def it_goes_back(swarm: Swarm, rows: int) -> None:
    """Have it on one engine again: what the Swarm runs has to end first."""
    swarm.docker.edit("pyproject.toml", PLACE, PLAIN)
    commit(swarm.docker, "Production on one engine")
    refused = swarm.inv("deploy", "--yes", "--tag", "r1")
    assert refused.returncode == 1
    assert "runs on a Swarm, of which this engine is a node" in refused.stderr
    swarm.docker.edit("pyproject.toml", PLAIN, PLACE)
    swarm.done("down", "--prod")
    swarm.docker.edit("pyproject.toml", PLACE, PLAIN)
    swarm.deploy("r1", "--bake", "0")
    assert int(ask_there(swarm, "SELECT count(*) FROM posts")) >= rows
    conversation(swarm.base())
