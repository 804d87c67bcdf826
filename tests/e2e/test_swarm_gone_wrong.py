"""A Swarm that loses nodes, and who deploys to it: what is asked of it is answered, and nothing is lost."""

import json
import os
import re
import signal
from collections.abc import Iterator

import pytest

from slipway.core.caller import who
from tests.e2e import changes
from tests.e2e.load import under_load
from tests.e2e.production import PROD, after, said
from tests.e2e.registries import Registry
from tests.e2e.support import commit
from tests.e2e.swarm import Swarm, ask_there, live, on_swarm
from tests.e2e.talk import token
from tests.support import Checkout, wait_for

pytestmark = [pytest.mark.full, pytest.mark.alone, pytest.mark.minutes(12)]
RATE = 100  # requests a second


@pytest.fixture
def swarm(docker: Checkout, plain: Registry) -> Iterator[Swarm]:
    """Give a cluster of three nodes, with a release of three tasks, and a second one in the registry."""
    with on_swarm(docker, plain) as made:
        made.push("r1")
        made.push_another("r2", like="r1")
        made.deploy("r1", "--scale", "3", "--bake", "0")
        yield made


def test_nodes_are_lost_and_come_back(swarm: Swarm) -> None:
    base = swarm.base()
    with under_load(base, token(base), RATE) as load:
        after(load, RATE)
        swarm.nodes.kill("n3")  # what was in flight there is lost
        wait_for(lambda: swarm.nodes.seen("n3") == "down")
        wait_for(lambda: swarm.tasks("web").count("n1 Running") + swarm.tasks("web").count("n2 Running") == 3)
        load.tell("a node killed")
        swarm.nodes.start("n3")
        wait_for(lambda: swarm.nodes.seen("n3") == "ready")
        load.tell("it is back")
        swarm.done("drain", "n3", "--yes")
        swarm.done("drain", "n3", "--back")
        load.tell("a drain and back")
        swarm.nodes.add("n4")
        swarm.deploy("r2", "--scale", "4", "--bake", "1")
        assert len(swarm.tasks("web")) == 4
        load.tell("a join, and a deployment")
        swarm.nodes.cut("n4")
        swarm.nodes.kill("n4")
        wait_for(lambda: swarm.nodes.seen("n4") == "down")
        after(load, 2 * RATE)
    load.tell("the power and the cable of a node lost")
    swarm.most_is_stored(load, lost=6)


def test_the_data_has_one_database_when_its_node_was_cut_off(docker: Checkout, plain: Registry) -> None:
    with on_swarm(docker, plain, data="n3") as swarm:
        swarm.push("r1")
        swarm.deploy("r1", "--scale", "2", "--bake", "0")
        base = swarm.base()
        with under_load(base, token(base), RATE // 10) as load:
            after(load, RATE // 10)
            swarm.nodes.cut("n3")  # where the database goes on
            wait_for(lambda: swarm.nodes.seen("n3") == "down")
            wait_for(lambda: [one.split()[0] for one in swarm.tasks("db")] == ["Pending"])  # the next one
            swarm.nodes.mend("n3")
            wait_for(lambda: swarm.tasks("db") == ["n3 Running"])
            wait_for(lambda: load.good[-5:] == [True] * 5)
        load.tell("the data's node cut off, and back")
        ((_, name),) = swarm.containers("db")
        told = swarm.nodes.tool("d", "n3", "logs", name)
        assert "database system was shut down at" in told.stdout + told.stderr  # in good order, before this one began
        rows = int(ask_there(swarm, "SELECT count(*) FROM posts"))
        assert len(load.stored) <= rows <= len(load.good)


HOOKS = """
[tool.slipway.hooks]
before-deploy = ["true"]
after-migrate = ["python -c pass"]
"""
UPDATE = "$ .*/update"
# What is deployed, and the line that who deploys is killed at: after a step, or before a change of the Swarm.
KILLED = (
    ("r3", "hook"), ("r3", "preflight"), ("r3", "nodes"), ("r3", "backup"), ("r3", "after"),
    ("r3", "$ .*_trial"), ("r4", "start"), ("r3", "ready"), ("r4", UPDATE), ("r3", "switch"), ("r4", "spread"),
    ("r3", "probe"), ("r4", "bake"),
)  # fmt: skip


def killed(swarm: Swarm, at: str, *verb: str) -> None:
    """Kill who runs a verb at a line that it says; what is there answers, and is well, once the Swarm has ended."""
    with swarm.docker.start(*verb, **swarm.env) as process:
        said(process, at)
        os.kill(process.pid, signal.SIGKILL)
    wait_for(lambda: json.loads(swarm.done("status", "--prod", "--json").stdout)["service"]["state"] == "running")


def test_whoever_deploys_can_be_killed_at_each_step(swarm: Swarm) -> None:
    changes.revision(swarm.docker, "0003", "0002", "expand", '    op.execute("SELECT 1")\n', "    pass\n")
    with (swarm.docker.root / "pyproject.toml").open("a") as file:
        file.write(HOOKS)
    commit(swarm.docker, "Something to migrate, and hooks")
    swarm.push("r3")
    swarm.push_another("r4", like="r3")
    base = swarm.base()
    with under_load(base, token(base), RATE) as load:
        for tag, step in KILLED:
            killed(swarm, step, "deploy", "--yes", "--tag", tag, "--force", "--bake", "4")
        swarm.deploy("r4", "--bake", "1")
        for step in ("start", UPDATE, "switch", "spread"):
            killed(swarm, step, "rollback")
            swarm.deploy("r4", "--force", "--bake", "0")
        for step in ("elsewhere", UPDATE, "waiting"):
            killed(swarm, step, "drain", "n3", "--yes")
            swarm.done("drain", "n3", "--back")
        after(load, RATE)
    load.tell("who deploys killed at each step")
    swarm.most_is_stored(load, lost=0)
    assert live(swarm)["image"]
    ls, there = ("service", "ls", "--format", "{{.Name}} {{.Replicas}}"), ["db 1/1", "proxy 2/2", "web 3/3"]
    wait_for(lambda: sorted(swarm.nodes.docker("n1", *ls).splitlines()) == [f"{PROD}_{one}" for one in there])
    assert sorted(swarm.tasks("web")) == ["n1 Running", "n2 Running", "n3 Running"]


def test_of_two_who_deploy_one_is_refused(swarm: Swarm) -> None:
    with swarm.docker.start("deploy", "--yes", "--tag", "r2", "--bake", "20", DOCKER_CONTEXT=swarm.context) as first:
        said(first, "probe")
        refused = swarm.inv("deploy", "--yes", "--tag", "r1")
        assert refused.returncode == 1
        assert re.search(rf"inv deploy of {re.escape(who())} has been at work for \d+ s", refused.stderr)
        assert "./inv deploy --wait" in refused.stderr
        back = json.loads(swarm.done("rollback", "--json").stdout)
        assert back["image"].partition("@")[0].endswith(":r1")
        last, _ = first.communicate(timeout=200)
    assert first.returncode == 1
    assert "has rolled it back" in last
    swarm.done("down", "--prod")
    networks = swarm.nodes.docker("n1", "network", "ls", "--format", "{{.Name}}").split()
    assert [one for one in networks if one.startswith(PROD)] == []


def test_a_migration_whose_machine_is_cut_off_keeps_its_locks_for_seconds(swarm: Swarm) -> None:
    docker = swarm.docker
    sleeps = '    op.execute("SELECT pg_sleep(40)")\n    op.execute("ALTER TABLE posts ADD COLUMN more integer")\n'
    changes.revision(docker, "0003", "0002", "expand", sleeps, '    op.execute("ALTER TABLE posts DROP COLUMN more")\n')
    commit(docker, "Take long")
    swarm.push("long")
    with under_load(swarm.base(), token(swarm.base()), RATE) as load:
        with docker.start("deploy", "--yes", "--tag", "long", "--bake", "0", **swarm.env) as deploying:
            wait_for(lambda: sleeping(swarm) == "1")
            at = job_on(swarm)
            assert at != "n1", "it is where the database is"
            swarm.nodes.cut(at)
            told = deploying.communicate(timeout=300)
        assert deploying.returncode == 1
        assert f"{at}, on which the job was, is lost" in "".join(filter(None, told))
        assert swarm.deploy("long", "--bake", "0")["migrated"] == ["0003"]  # well before TCP gives up by itself
        swarm.nodes.mend(at)
        after(load, RATE)
    load.tell("a migration's machine was cut off")
    swarm.most_is_stored(load, lost=6)


def sleeping(swarm: Swarm) -> str:
    """Return how many migrations are at their long statement."""
    (name,) = swarm.nodes.docker("n1", "ps", "--quiet", "--filter", f"name={PROD}_db[.]").split()
    query = "SELECT count(*) FROM pg_stat_activity WHERE query LIKE 'SELECT pg_sleep%' AND state = 'active'"
    return swarm.nodes.docker("n1", "exec", name, "psql", "-U", "superuser", "-Atc", query, "postgres")


def job_on(swarm: Swarm) -> str:
    """Return the node on which a job is."""
    services = swarm.nodes.docker("n1", "service", "ls", "--quiet", "--filter", "label=dev.slipway.kind=job").split()
    return swarm.nodes.docker("n1", "service", "ps", "--format", "{{.Node}}", *services).split()[0]
