"""The lock of a deployment on a Swarm: whose it is, and when it is nobody's any more."""

import contextlib

import pytest

from slipway.core.errors import Problem
from slipway.deploy.swarm import lock, names
from slipway.deploy.swarm.lock import Lock, Wanted
from slipway.engine.api import Away
from slipway.engine.swarm import nodes, services
from tests.slipway.deploy.swarm.in_memory import MemoryApi, api

WANTED = Wanted("shop-prod", "caddy:2", "inv deploy of ann@here", ["shop-prod_default", "shop-prod_control"])


def held() -> MemoryApi:
    memory = MemoryApi()
    memory.node("n1")
    services.create(api(memory), WANTED.spec("n1"))
    return memory


def owner(memory: MemoryApi) -> str:
    return lock.owner(api(memory), WANTED.name).name


def test_its_task_is_on_the_manager_that_is_asked_and_may_do_nothing() -> None:
    task = WANTED.spec("n1")["TaskTemplate"]
    assert task["Placement"] == {"Constraints": ["node.id == n1"]}
    assert task["RestartPolicy"] == {"Condition": "none"}
    assert (task["ContainerSpec"]["CapabilityDrop"], task["ContainerSpec"]["ReadOnly"]) == (["ALL"], True)


def test_who_has_it_is_named() -> None:
    assert owner(held()).startswith("inv deploy of ann@here")
    assert owner(MemoryApi()) == ""


def test_one_whose_holder_was_killed_is_nobodys() -> None:
    memory = held()
    memory.tasks[0]["Status"] = {"State": "failed", "Err": "task: non-zero exit (143)"}
    assert owner(memory) == ""
    assert memory.named("services") == []


def test_one_on_a_node_that_is_lost_is_nobodys() -> None:
    memory = held()
    memory.there["nodes"]["n1"]["Status"]["State"] = nodes.DOWN
    assert owner(memory) == ""
    memory = held()
    del memory.there["nodes"]["n1"]
    assert owner(memory) == ""


def test_one_that_is_still_to_start_is_somebodys() -> None:
    memory = held()
    memory.tasks[0]["Status"] = {"State": "preparing"}
    assert owner(memory)


def test_it_is_lost_once_its_service_is_another_one() -> None:
    memory = held()
    (one,) = memory.there["services"]
    mine = Lock(one, "c1")
    assert lock.holds(api(memory), mine)
    assert not lock.holds(api(memory), None)
    services.remove(api(memory), WANTED.name)
    services.create(api(memory), WANTED.spec("n1"))  # somebody else's
    assert not lock.holds(api(memory), mine)
    assert names.of_service("shop-prod", names.LOCK) == WANTED.name


def test_what_went_wrong_under_it_is_told_also_when_its_manager_is_away(monkeypatch: pytest.MonkeyPatch) -> None:
    def away(said: str) -> None:
        if said.startswith("DELETE"):
            raise Away("The engine cannot be asked")

    memory = MemoryApi(before=away)
    memory.node("n1")
    monkeypatch.setattr(lock, "_held", lambda *args: contextlib.nullcontext())
    taken = lock.on_swarm(WANTED, api(memory), wait=False, again="deploy")
    with pytest.raises(Problem, match="The new release ended"), taken:
        raise Problem("The new release ended")
    assert memory.named("services") == [WANTED.name]  # the next one finds that its task has ended
