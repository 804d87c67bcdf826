"""Services of a Swarm: made and changed once, whatever becomes of an answer."""

from collections.abc import Mapping
from typing import Any

import pytest

from slipway.deploy.swarm.service import TREE, refusal
from slipway.engine.api import Away, Refused
from slipway.engine.containers import Container
from slipway.engine.swarm import nodes, objects, services
from slipway.engine.swarm.objects import CONFIGS
from slipway.project.labels import VERSION
from slipway.runtime.release import Release
from tests.slipway.deploy.swarm.in_memory import MemoryApi, api, spec


def of(memory: MemoryApi) -> str:
    """Return the id of web."""
    return str(memory.get("/services/shop-prod_web")["ID"])


def test_what_is_as_it_should_be_is_not_touched() -> None:
    memory = MemoryApi()
    assert services.put(api(memory), spec("web", "a"))
    assert not services.put(api(memory), spec("web", "a"))
    assert services.put(api(memory), spec("web", "b"))
    assert memory.done == ["POST /services", f"POST /services/{of(memory)}/update"]


def test_what_somebody_has_changed_meanwhile_is_refused() -> None:
    memory = MemoryApi()
    services.put(api(memory), spec("web", "a"))
    seen = services.find(api(memory), "shop-prod_web")
    assert seen
    services.put(api(memory), spec("web", "b"))
    with pytest.raises(Refused) as refused:
        services.update(api(memory), seen, spec("web", "c"))
    assert refused.value.is_out_of_sequence


class Lost(MemoryApi):
    """One whose first answer is lost, though it did what it was told."""

    lost = False

    def post(self, path: str, body: Any = None, headers: Mapping[str, str] | None = None, **query: str) -> Any:
        """Do it, and lose the answer once."""
        found = super().post(path, body, headers, **query)
        if not self.lost:
            self.lost = True
            raise Away("The Swarm does not have a leader")
        return found


def test_what_was_done_without_an_answer_is_not_done_twice() -> None:
    memory = Lost()
    services.create(api(memory), spec("web", "a"))
    assert memory.done == ["POST /services"]
    memory.lost = False
    assert services.put(api(memory), spec("web", "b"))
    assert memory.done == ["POST /services", f"POST /services/{of(memory)}/update"]
    assert memory.get("/services/shop-prod_web")["Spec"]["Labels"]["dev.slipway.release"] == "b"
    memory.lost = False
    objects.create(api(memory), CONFIGS, "one", b"1", {})
    assert memory.done[2:] == ["POST /configs"]


def test_going_back_is_a_rollback_only_to_what_was_before() -> None:
    memory = MemoryApi()
    for release in "abc":
        services.put(api(memory), spec("web", release))
    told: list[dict[str, str]] = []
    post = memory.post
    memory.post = lambda path, *rest, **query: told.append(query) or post(path, *rest, **query)  # type: ignore[func-returns-value,method-assign]
    services.go_back(api(memory), spec("web", "b"))
    services.go_back(api(memory), spec("web", "a"))
    assert [one.get("rollback") for one in told] == ["previous", None]
    assert memory.get("/services/shop-prod_web")["Spec"]["Labels"]["dev.slipway.release"] == "a"


def test_from_what_stays_the_swarm_does_not_go_back_and_it_is_the_same_spec() -> None:
    memory = MemoryApi()
    watched = {"UpdateConfig": {"FailureAction": "rollback", "Monitor": 30 * 10**9, "Order": "start-first"}}
    services.put(api(memory), {**spec("web", "a"), **watched})
    services.put(api(memory), {**spec("web", "b"), **watched}, stays=True)
    there = memory.get("/services/shop-prod_web")["Spec"]
    assert there["UpdateConfig"] == {"FailureAction": "continue", "Monitor": 10**9, "Order": "start-first"}
    assert not services.put(api(memory), {**spec("web", "b"), **watched})
    services.go_back(api(memory), {**spec("web", "c"), **watched})
    assert memory.get("/services/shop-prod_web")["Spec"]["UpdateConfig"]["FailureAction"] == "continue"


def test_a_task_is_of_what_its_service_is_now() -> None:
    memory = MemoryApi()
    services.put(api(memory), spec("web", "a"))
    before = services.tasks_of(api(memory), of(memory))
    services.put(api(memory), spec("web", "b"))
    now = services.find(api(memory), "shop-prod_web")
    assert now
    assert [one.is_of(now) for one in (*before, services.tasks_of(api(memory), of(memory))[-1])] == [False, True]


def test_an_engine_that_is_no_manager_says_what_to_do(monkeypatch: pytest.MonkeyPatch) -> None:
    memory = MemoryApi()
    memory.node("n1", **{"slipway.proxy": "true"})
    assert nodes.here(api(memory)).has("slipway.proxy")
    for swarm, said in (({"LocalNodeState": "active"}, "is a worker"), ({}, "docker swarm init")):
        monkeypatch.setattr(memory, "get", lambda path, swarm=swarm: {"Swarm": swarm})
        with pytest.raises(Exception, match=said):
            nodes.here(api(memory))


def test_of_the_tasks_of_a_slot_the_latest_that_is_to_run_is_the_last() -> None:
    memory = MemoryApi()
    services.put(api(memory), spec("web", "a"))
    service = memory.get("/services/shop-prod_web")
    memory.tasks += [memory._task(service, 1) for _ in range(2)]
    made = ("2026-11-28T10:00:02.5Z", "2026-11-28T10:00:02Z", "2026-11-28T10:00:01Z")
    for one, created, index in zip(memory.tasks, made, (7, 8, 9), strict=True):
        one |= {"CreatedAt": created, "Version": {"Index": index}}
    first, second, third = (one["ID"] for one in memory.tasks)
    assert [one.id for one in services.tasks_of(api(memory), of(memory))] == [third, second, first]
    memory.tasks[0]["DesiredState"] = "shutdown"
    assert [one.id for one in services.tasks(api(memory))] == [first, third, second]


def test_a_tree_is_refused_with_the_tag_of_what_is_live() -> None:
    def live(image: str) -> Release:
        return Release("a", {"web": (Container("1", image=image, labels={VERSION: "1.2.0"}),)})

    assert refusal(None) == TREE
    assert TREE.endswith("./inv deploy --tag VERSION")
    for image, tag in (("r/shop:1.1.0@sha256:ab", "1.1.0"), ("r/shop:latest@sha256:ab", "1.2.0"), ("r/shop", "1.2.0")):
        assert refusal(live(image)).endswith(f"./inv deploy --tag {tag}")


def test_what_was_changed_by_hand_is_put_right() -> None:
    memory, told = MemoryApi(), spec("web", "a")
    services.put(api(memory), told)
    there = services.find(api(memory), "shop-prod_web")
    assert there
    by_hand = {**there.spec, "Mode": {"Replicated": {"Replicas": 7}}}  # the label stays, as of `docker service scale`
    services.update(api(memory), there, by_hand)
    assert services.put(api(memory), told)
    assert memory.get("/services/shop-prod_web")["Spec"]["Mode"] == told["Mode"]
    assert not services.put(api(memory), told)
