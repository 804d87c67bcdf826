"""What a Swarm asks of the production of one engine whose place it takes."""

from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import cast

import pytest

from slipway.core.errors import Problem
from slipway.deploy.compose.deployment import EngineDeployment
from slipway.deploy.swarm.parts import Parts
from slipway.deploy.swarm.predecessor import EnginePredecessor
from slipway.deploy.swarm.surroundings import Definitions
from slipway.engine.containers import ONE_OFF, SERVICE, Container
from slipway.project.config import load
from slipway.runtime.release import Pointer, Remembered
from tests.slipway.deploy.in_memory import shop
from tests.slipway.deploy.support import SETTINGS, entry
from tests.slipway.deploy.swarm.in_memory import MemoryApi, api

DB = Container("1", "shop-prod-db-1", labels={SERVICE: "db"})
ONCE = Container("2", "shop-prod-migrate-run", labels={SERVICE: "migrate", ONE_OFF: "True"})
GOOD = {"slipway.data": "true", "slipway.proxy": "true"}


def parts(memory: MemoryApi) -> Parts:
    return Parts(api(memory), "shop-prod", lambda: None)


def predecessor(root: Path, memory: MemoryApi, *containers: Container) -> EnginePredecessor:
    """Return one with these containers, whose live release has a secret."""
    checkout = shop(root)[0]
    checkout = replace(checkout, project=replace(load(root), secrets={"SECRET": 8}))
    line = entry("a", settings=SETTINGS).line()
    releases = SimpleNamespace(live=lambda: None, remembered=lambda: Remembered(Pointer("a"), line, "salt", "", "", ""))
    old = SimpleNamespace(
        checkout=checkout, settings=SimpleNamespace(values={}, own_database=True), releases=releases,
        stack=SimpleNamespace(containers=list(containers)), use=lambda image: None,
    )  # fmt: skip
    return EnginePredecessor(cast("EngineDeployment", old), parts(memory), cast("Definitions", None), lambda: None)


def refused(root: Path, labels: dict[str, str], *containers: Container) -> str:
    """Return why it cannot make room on the node that is asked, n1."""
    memory = MemoryApi()
    memory.node("n1", **labels)
    memory.node("n2", **({} if "slipway.data" in labels else GOOD))
    with pytest.raises(Problem) as stopped:
        predecessor(root, memory, *containers).check()
    return str(stopped.value.message)


def test_it_runs_while_anything_but_a_one_off_does(tmp_path: Path) -> None:
    memory = MemoryApi()
    assert predecessor(tmp_path, memory, DB, ONCE).runs()
    assert not predecessor(tmp_path, memory, replace(DB, running=False), ONCE).runs()
    assert not predecessor(tmp_path, memory).runs()


def test_the_node_has_to_have_the_data_and_the_proxy(tmp_path: Path) -> None:
    assert "docker node update --label-add slipway.data=true n1" in refused(tmp_path, {"slipway.proxy": "true"}, DB)
    assert "docker node update --label-add slipway.proxy=true n1" in refused(tmp_path, {"slipway.data": "true"}, DB)


def test_nobody_may_be_at_work_and_secrets_are_the_same(tmp_path: Path) -> None:
    assert "docker stop shop-prod-migrate-run" in refused(tmp_path, GOOD, DB, ONCE)
    assert "has other secrets than .env has: SECRET" in refused(tmp_path, GOOD, DB)
