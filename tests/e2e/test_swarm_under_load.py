"""A Docker Swarm under load: whatever is deployed, gone back to or lost, what could be answered is."""

import json
import logging
import re
from collections import Counter
from collections.abc import Callable, Iterator

import pytest

from tests.e2e import changes
from tests.e2e.bad import BAD, OTHERS, fails_every_twelfth_time, too_much_memory
from tests.e2e.load import under_load
from tests.e2e.production import after, said
from tests.e2e.registries import Registry
from tests.e2e.support import commit, run
from tests.e2e.swarm import Swarm, ask_there, live, on_swarm
from tests.e2e.talk import token
from tests.support import Checkout, wait_for

pytestmark = [pytest.mark.full, pytest.mark.alone, pytest.mark.minutes(6)]

# A Swarm doesn't tell why a task was killed.
TOLD: dict[Callable[[Checkout], None], str] = {too_much_memory: "was killed (status 137), as is what takes more memory"}
RATE = 100  # requests a second
DEPLOYS = 10


@pytest.fixture
def swarm(docker: Checkout, plain: Registry) -> Iterator[Swarm]:
    """Give a cluster of three nodes, with a release of three tasks."""
    with on_swarm(docker, plain) as made:
        made.push("r0")
        made.deploy("r0", "--scale", "3", "--bake", "0")
        yield made


def test_deploys_in_a_row_and_back_lose_no_request(swarm: Swarm) -> None:
    for number in range(1, DEPLOYS + 1):
        swarm.push_another(f"r{number}", "r0", f"ENV ANOTHER={number}")
    base = swarm.base()
    with under_load(base, token(base), RATE) as load:
        releases = [swarm.deploy(f"r{number}", "--bake", "1") for number in range(1, DEPLOYS + 1)]
        assert live(swarm)["release"] == releases[-1]["release"]
        for before in (releases[-2], releases[-3]):
            swarm.done("rollback")
            assert live(swarm)["release"] == before["release"]
        swarm.done("rollback", "--to", str(releases[-1]["image"]))
        assert live(swarm)["image"] == releases[-1]["image"]
        after(load, RATE)
    load.tell(f"{DEPLOYS} deploys and 3 rollbacks at {RATE}/s")
    swarm.all_is_stored(load)
    ledger = json.loads(swarm.done("releases", "--json").stdout)
    assert [one["outcome"] for one in ledger] == ["live"] * (1 + DEPLOYS + 3)
    assert {one["scale"] for one in ledger} == {3}


def test_a_column_is_renamed_across_three_releases(swarm: Swarm) -> None:
    docker, base, first = swarm.docker, swarm.base(), live(swarm)["image"]
    with under_load(base, token(base), RATE) as load:
        a_rename_at_once_is_refused(swarm)
        changes.expand(docker)
        commit(docker, "Use the new name")
        swarm.push("expanded")
        both_answer_side_by_side(swarm, "expanded")
        second = live(swarm)
        assert second["migrated"] == ["0003", "0004"]
        assert str(second["backup"]).endswith("-0002.dump")
        swarm.done("rollback")  # the old release can live with what was added
        assert live(swarm)["image"] == first
        swarm.done("rollback", "--to", str(second["image"]))
        changes.contract(docker)
        commit(docker, "Drop the old name")
        swarm.push("contracted")
        early = swarm.done("migrate", "--prod", "--contract")  # which the image of the live release doesn't know
        assert "0005" not in early.stderr
        waits = swarm.done("deploy", "--yes", "--bake", "1", "--tag", "contracted")
        assert "0005 waits for --contract" in waits.stderr
        contracted = swarm.done("migrate", "--prod", "--contract", "--json")
        assert [one["revision"] for one in json.loads(contracted.stdout)["applied"]] == ["0005"]
        assert "a release without 0005 cannot be rolled back to" in contracted.stderr
        after(load, RATE)
        for back in ((), ("--to", str(first))):
            refused = swarm.inv("rollback", *back)
            assert refused.returncode == 1
            assert "0005 took away what it may need" in refused.stderr
    load.tell("a column renamed across three releases")
    swarm.all_is_stored(load)
    assert "no drift" in swarm.done("migrate", "--prod", "--drift").stderr
    needed = swarm.inv("downgrade", "--prod", "--to", "0004", "--yes")
    assert needed.returncode == 1
    assert f"{live(swarm)['image']} is live and needs 0005" in needed.stderr


def a_rename_at_once_is_refused(swarm: Swarm) -> None:
    """Try to deploy a release that renames the column in one revision."""
    changes.rename_at_once(swarm.docker)
    commit(swarm.docker, "Rename it at once")
    swarm.push("at-once")
    refused = swarm.inv("deploy", "--yes", "--tag", "at-once")
    assert refused.returncode == 1
    assert "renames: the column posts.updated_at becomes posts.changed_at" in refused.stderr
    assert ask_there(swarm, "SELECT version_num FROM alembic_version") == "0002"
    run("git", "reset", "--quiet", "--hard", "HEAD~1", cwd=swarm.docker.root)


def both_answer_side_by_side(swarm: Swarm, tag: str) -> None:
    """Deploy a release, and see tasks of it run beside those of the one before."""
    with swarm.docker.start("deploy", "--yes", "--tag", tag, "--bake", "1", DOCKER_CONTEXT=swarm.context) as deploying:
        wait_for(lambda: len(swarm.images("web", at_work=True)) == 2, limit=200)
        last, _ = deploying.communicate(timeout=300)
    assert deploying.returncode == 0, last


def test_bad_releases_are_refused_or_taken_back(docker: Checkout, plain: Registry) -> None:
    docker.edit("pyproject.toml", "settle = 1\n", "settle = 8\n")  # one that exits after 3 s has to be noticed
    with on_swarm(docker, plain) as swarm:
        swarm.push("r0")
        before = swarm.deploy("r0", "--scale", "3", "--bake", "0")
        base, tasks = swarm.base(), sorted(swarm.tasks("web"))
        with under_load(base, token(base), RATE) as load:
            for spoil, log, problem in [*BAD, *OTHERS]:
                said = refused(swarm, spoil, before)
                assert TOLD.get(spoil, problem.partition(":")[0]) in said, said
                assert log in said, said
                assert load.failed == [], spoil
                assert sorted(swarm.tasks("web")) == tasks
                assert swarm.images("web") == [str(before["image"]).partition("@")[0]]  # nobody was led to another one
                load.tell(f"{spoil.__name__}, refused in {last(swarm)['seconds']} s")
            said = refused(swarm, fails_every_twelfth_time, before)
            assert re.search(r"The new release fails \d+ of \d+ requests", said), said
            count = len(load.failed)
            after(load, RATE)
            assert len(load.failed) == count
        load.tell(f"a release that fails every twelfth time, taken back in {last(swarm)['seconds']} s")
        assert all(one.startswith("500") for one in load.failed)
        assert live(swarm)["release"] == before["release"]


def last(swarm: Swarm) -> dict[str, object]:
    """Return the last entry of the ledger."""
    return dict(json.loads(swarm.done("releases", "--json").stdout)[-1])


def refused(swarm: Swarm, spoil: Callable[[Checkout], None], before: dict[str, object]) -> str:
    """Deploy a bad release, which is refused or taken back; return what is said of it."""
    spoil(swarm.docker)
    commit(swarm.docker, spoil.__name__)
    tag = spoil.__name__.replace("_", "-")
    swarm.push(tag)
    failed = swarm.inv("deploy", "--yes", "--tag", tag)
    assert failed.returncode == 1, failed.stderr
    assert f"{before['image']} is live, as before" in failed.stderr, failed.stderr
    run("git", "reset", "--quiet", "--hard", "HEAD~1", cwd=swarm.docker.root)
    return failed.stderr


def test_managers_are_lost_in_the_middle_of_deployments(docker: Checkout, plain: Registry) -> None:
    with on_swarm(docker, plain, managers=3) as swarm:
        swarm.push("r0")
        for number in range(1, 4):
            swarm.push_another(f"r{number}", "r0", f"ENV ANOTHER={number}")
        swarm.deploy("r0", "--scale", "3", "--bake", "0")
        base = swarm.base()
        with under_load(base, token(base), RATE) as load:
            after(load, RATE)
            a_manager_is_lost(swarm)
            load.tell("a manager killed")
            the_leader_is_lost(swarm)
            load.tell("the leader killed")
            who_is_asked_is_lost(swarm)
            after(load, RATE)
        load.tell("who is asked killed")
        swarm.most_is_stored(load, lost=9)


def lost_in(swarm: Swarm, node: str, tag: str) -> tuple[int, str]:
    """Kill a node once a deployment has told the Swarm of a release; return how that ends, and what it says."""
    with swarm.docker.start("deploy", "--yes", "--tag", tag, "--bake", "1", DOCKER_CONTEXT=swarm.context) as deploying:
        said(deploying, "switch")
        swarm.nodes.kill(node)
        last, _ = deploying.communicate(timeout=300)
    logging.getLogger("load").warning("%s", last)
    return deploying.returncode, last


def again(swarm: Swarm, node: str) -> None:
    """Boot a node, and wait until the Swarm has it."""
    swarm.nodes.start(node)
    wait_for(lambda: swarm.nodes.seen(node) == "ready")


def a_manager_is_lost(swarm: Swarm) -> None:
    """Kill a manager that neither leads nor is asked: the deployment goes on."""
    assert swarm.leader() == "n1"
    status, last = lost_in(swarm, "n3", "r1")
    assert status == 0, last
    assert str(live(swarm)["image"]).partition("@")[0].endswith(":r1")
    again(swarm, "n3")


def the_leader_is_lost(swarm: Swarm) -> None:
    """Kill the leader, that is not asked: another one is elected, and the deployment goes on."""
    swarm.nodes.docker("n1", "node", "demote", "n1")
    swarm.nodes.docker(swarm.nodes.manager(), "node", "promote", "n1")
    wait_for(lambda: swarm.nodes.tool("d", "n1", "node", "ls").returncode == 0)
    leader = swarm.leader()
    assert leader != "n1"
    status, last = lost_in(swarm, leader, "r2")
    assert status == 0, last
    again(swarm, leader)
    assert str(live(swarm)["image"]).partition("@")[0].endswith(":r2")


def who_is_asked_is_lost(swarm: Swarm) -> None:
    """Kill the manager that the context names: that is said, and with another one's context all goes on."""
    swarm.context = swarm.nodes.context("n2")
    status, last = lost_in(swarm, "n2", "r3")
    assert status == 1, last
    assert "The engine cannot be asked" in last
    assert "--context NAME" in last
    swarm.context = swarm.nodes.context("n1")
    wait_for(lambda: swarm.nodes.seen("n2") == "down", 200)
    swarm.done("deploy", "--yes", "--tag", "r3", "--bake", "1", "--wait")  # which may wait for a task of n2
    assert str(live(swarm)["image"]).partition("@")[0].endswith(":r3")
    wait_for(lambda: json.loads(swarm.done("status", "--prod", "--json").stdout)["service"]["state"] == "running", 200)


def test_five_nodes_share_the_tasks_and_one_with_a_proxy_can_be_lost(docker: Checkout, plain: Registry) -> None:
    with on_swarm(docker, plain, nodes=5, managers=3) as swarm:
        swarm.push("r0")
        swarm.push_another("r1", like="r0")
        swarm.deploy("r0", "--scale", "6", "--bake", "0")
        assert shares(swarm) == [1, 1, 1, 1, 2]
        with under_load(swarm.base("n2"), token(swarm.base()), RATE, second=swarm.base()) as load:
            swarm.done("drain", "n5", "--yes")
            assert shares(swarm) == [1, 1, 2, 2]
            swarm.done("drain", "n5", "--back")
            assert shares(swarm) == [1, 1, 1, 1, 2]
            swarm.nodes.add("n6")
            swarm.deploy("r1", "--bake", "1")
            assert shares(swarm) == [1] * 6
            load.tell("a drain and back, a join and a deployment")
            assert load.failed == []
            swarm.nodes.kill("n2")  # with a proxy, where clients were; what was in flight there is lost
            wait_for(lambda: swarm.nodes.seen("n2") == "down")
            wait_for(lambda: len(shares(swarm)) == 5 and sum(shares(swarm)) == 6)
            after(load, RATE)
        load.tell("a node with a proxy lost, with a second address")
        swarm.most_is_stored(load, lost=6)


def shares(swarm: Swarm) -> list[int]:
    """Return how many tasks of web run on the nodes that have some, the fewest first."""
    return sorted(Counter(one.split()[0] for one in swarm.tasks("web") if one.endswith("Running")).values())
