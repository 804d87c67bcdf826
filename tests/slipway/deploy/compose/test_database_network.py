"""The network that the database shares with releases and one-offs, beside that of before."""

import json
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from slipway.core.errors import Problem
from slipway.core.shell import Ran
from slipway.deploy.compose.database import DeployedDatabase
from slipway.deploy.compose.labels import RELEASE
from slipway.deploy.compose.network import DatabaseNetwork
from slipway.engine.compose import project_name
from slipway.engine.containers import CONFIG_HASH, SERVICE, TASK, Container
from slipway.engine.stack import Stack
from slipway.project.config import load
from slipway.project.database import Database
from slipway.project.settings import Settings
from slipway.runtime import Job
from slipway.runtime.beside import LeftBehind
from slipway.runtime.environment import Environment
from tests.slipway.engine import support as engine
from tests.support import ROOT

KNOWN = ("config --images", "volume create", " sh fill ", "docker stop", " up ")
PROD = project_name(load(ROOT), "prod")
OLD, NEW = f"{PROD}_default", f"{PROD}_database"


class OnEngine(engine.Answers):
    """An engine with a database's container on some networks; what it is told is noted."""

    def __init__(self, *networks: str, running: bool = True, made_of: str = "now", phase: str = "running") -> None:
        super().__init__()
        state = {"Running": running, "Status": phase, "Health": {"Status": "healthy"}}
        labels = {SERVICE: "db", CONFIG_HASH: made_of}
        on = {name: {"IPAddress": "172.18.0.2"} for name in networks}
        self.database: dict[str, Any] = {
            "Id": "1", "Name": "/db", "State": state, "Config": {"Labels": labels}, "NetworkSettings": {"Networks": on}
        }  # fmt: skip
        self.there = {OLD}
        self.told: list[str] = []
        self.task = ""  # what a Swarm runs there

    def probe(self, argv: Sequence[str], **_: Any) -> tuple[int, str, str]:
        """Answer as the engine would."""
        said = " ".join(argv)
        if argv[1] == "ps":
            return 0, self.task if f"label={TASK}" in argv else "1", ""
        if argv[1] == "inspect":
            return 0, json.dumps([self.database]), ""
        if argv[-1] == "db" and "up" in argv:
            self.database["State"] |= {"Running": True, "Status": "running"}
        if said.startswith("docker network ls"):
            return 0, "\n".join(sorted(self.there)), ""
        if said.startswith("docker network inspect"):
            return 0, "172.19.0.0/16 ", ""
        self.told.append(said)
        return 0, "postgres:17" if "--images" in argv else "", ""


def network(shell: OnEngine, sessions: str = "0") -> DatabaseNetwork:
    """Return the network; so many sessions come another way."""
    stack = Stack(shell, load(ROOT), "prod", dict)
    return DatabaseNetwork(stack, lambda job: answer(job, sessions))


def answer(job: Job, sessions: str) -> Ran:
    """Tell how many sessions come over other networks than this one."""
    assert job.argv[-1] == "172.19.0.0/16"
    return Ran(0, sessions)


def test_a_database_of_before_is_put_on_it_as_well() -> None:
    shell = OnEngine(OLD)
    network(shell).have()
    marks = f"--label com.docker.compose.project={PROD} --label com.docker.compose.network=database"
    assert shell.told == [f"docker network create {marks} {NEW}", f"docker network connect --alias db {NEW} db"]


@pytest.mark.parametrize("shell", [OnEngine(OLD, NEW), OnEngine(NEW)])
def test_nothing_is_done_where_it_is_there(shell: OnEngine) -> None:
    network(shell).have()
    assert shell.told == []


@pytest.mark.parametrize(
    ("on", "needs"),
    [
        ([[OLD, NEW]], False),
        ([["default", "database"]], False),
        ([], False),
        ([[OLD]], True),
        ([[OLD, NEW], [OLD]], True),
    ],
)
def test_who_is_on_the_old_network_alone_finds_it_there(on: list[list[str]], needs: bool) -> None:
    joins = OnEngine(NEW)
    network(joins).admit(on)
    assert joins.told == ([f"docker network connect --alias db {OLD} db"] if needs else [])
    leaves = OnEngine(OLD, NEW)
    network(leaves).leave(on)
    assert leaves.told == ([] if needs else [f"docker network disconnect {OLD} db"])


def test_a_container_made_anew_is_where_the_one_before_was() -> None:
    for networks, joined in (([OLD, NEW], True), ([NEW], False)):
        shell = OnEngine(NEW)
        network(shell).as_before(networks)
        assert shell.told == ([f"docker network connect --alias db {OLD} db"] if joined else [])


@pytest.mark.parametrize("sessions", ["1", ""])
def test_it_stays_while_a_session_comes_over_the_old_network_or_nobody_can_tell(sessions: str) -> None:
    shell = OnEngine(OLD, NEW)
    network(shell, sessions).leave([])
    assert shell.told == []


def database(folder: Path, shell: OnEngine, hostname: str = "db") -> DeployedDatabase:
    """Return the database of a deployment, or one elsewhere."""
    stack = Stack(shell, load(ROOT), "prod", dict)
    settings = Settings(stack.project, shell.steps, lambda: True)
    settings.hostname = hostname
    environment = Environment("prod", folder, settings)
    return DeployedDatabase(environment, stack, network(shell), lambda port: {"db": "now"})


def test_a_container_that_has_stopped_is_named_with_what_to_do(tmp_path: Path) -> None:
    assert database(tmp_path, OnEngine(NEW)).away() == ""
    assert database(tmp_path, OnEngine(NEW, running=False), "db.example.com").away() == ""
    assert database(tmp_path, OnEngine(NEW, running=False)).away() == (
        "The database does not run any more. Why: docker logs --tail 25 db. The next ./inv deploy starts it."
    )


def test_a_container_is_outdated_when_it_was_made_of_another_definition(tmp_path: Path) -> None:
    def outdated(shell: OnEngine, hostname: str = "db") -> bool:
        return database(tmp_path, shell, hostname).is_outdated(8000)

    assert not outdated(OnEngine(NEW))
    assert outdated(OnEngine(NEW, made_of="before"))
    assert not outdated(OnEngine(NEW, made_of="before", running=False))  # it is made anew when it is started
    assert not outdated(OnEngine(NEW, made_of="before"), "db.example.com")


def test_a_database_that_was_started_without_inv_gets_the_file_with_its_password(tmp_path: Path) -> None:
    def told(shell: OnEngine) -> list[str]:
        stack = Stack(shell, load(ROOT), "prod", dict)
        stack.__dict__["_direct"] = ""
        settings = Settings(stack.project, shell.steps, lambda: True)
        settings.hostname = "db"
        settings.database = Database("shop", "secret", "shop")
        DeployedDatabase(Environment("prod", tmp_path, settings), stack, network(shell), lambda port: {}).start()
        return [next(word for word in KNOWN if word in one).strip() for one in shell.told]

    assert told(OnEngine(NEW)) == []
    filled = ["config --images", "volume create", "sh fill"]
    assert told(OnEngine(NEW, running=False)) == [*filled, "up"]
    assert told(OnEngine(NEW, phase="restarting")) == [*filled, "docker stop", "up"]  # now, not in a minute
    both = OnEngine(NEW, running=False)
    both.task = "shop-prod_db.1.x"
    with pytest.raises(Problem, match="of which this engine is a node: shop-prod_db"):
        told(both)
    assert both.told == []


def test_a_database_that_runs_though_it_is_elsewhere_is_known_with_who_needs_it(tmp_path: Path) -> None:
    def left(hostname: str, *containers: Container) -> LeftBehind | None:
        stack = Stack(OnEngine(), load(ROOT), "prod", dict)
        stack._seen = list(containers)
        settings = Settings(stack.project, stack.shell.steps, lambda: True)
        settings.hostname = hostname
        environment = Environment("prod", tmp_path, settings)
        return DeployedDatabase(environment, stack, network(OnEngine()), lambda port: {}).left_behind()

    def web(release: str, host: str) -> Container:
        return Container(release, labels={SERVICE: "web", RELEASE: release}, env=(f"DATABASE_HOSTNAME={host}",))

    db = Container("1", "shop-prod-db-1", labels={SERVICE: "db"})
    others = (web("b", "db"), web("a", "db"), web("c", "db.example.com"))
    assert left("db.example.com", db, *others) == LeftBehind("shop-prod-db-1", ("web-a", "web-b"))
    assert left("db.example.com", replace(db, running=False), *others) is None
    assert left("db.example.com", *others) is None
    assert left("db", db, *others) is None
