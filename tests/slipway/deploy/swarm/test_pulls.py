"""Which nodes have a release's image before anything is replaced, and what is said of those that could not pull it."""

import pytest

from slipway.core.errors import Problem
from slipway.deploy.swarm import pulls
from slipway.deploy.swarm.cluster import Disk
from slipway.deploy.swarm.parts import Parts
from slipway.deploy.swarm.pulls import Pulls, Stand
from slipway.engine.swarm.services import Task
from tests.slipway.deploy.swarm.in_memory import MemoryApi, api, spec

IMAGE = "registry.example.com/shop:2@sha256:2"
GONE = f"No such image: {IMAGE}"


def task(node: str, state: str, container: str = "", said: str = "") -> Task:
    return Task("t", "job", 0, node, state, "complete", container, said=said)


def test_a_task_that_was_made_has_the_image_and_one_that_failed_before_has_not() -> None:
    tasks = [
        task("n1", "failed", "c1", 'exec: "true": executable file not found'), task("n1", "preparing"),
        task("n2", "rejected", said=GONE), task("n2", "preparing"),
        task("n3", "preparing"), task("n4", "pending", said="no suitable node (unsupported platform on 1 node)"),
        task("n5", "complete"),
    ]  # fmt: skip
    assert Stand.of(tasks) == Stand(["n3"], {"n2": GONE})


def test_one_that_pulls_at_last_is_not_held_against_its_node() -> None:
    assert Stand.of([task("n1", "rejected", said=GONE), task("n1", "starting", "c2")]) == Stand([], {})


@pytest.mark.parametrize(
    ("constraints", "wanted"),
    [([[], ["node.role == worker"]], [{}]), ([["a == b"], ["a == b"], ["c == d"]], [["a == b"], ["c == d"]])],
)
def test_each_choice_of_nodes_is_asked_once(constraints: list[list[str]], wanted: list[object]) -> None:
    specs = {}
    for number, each in enumerate(constraints):
        specs[str(number)] = one = spec("web")
        one["TaskTemplate"]["Placement"] = {"Constraints": each, "MaxReplicas": 2}
    assert [one.get("Constraints", one) for one in pulls.placements(specs)] == wanted


def test_what_is_said_names_the_nodes_the_cause_and_what_to_do() -> None:
    full = pulls.refusal(IMAGE, {"n4": GONE}, {"n4": Disk(20_000_000, 900_000_000)}, "")
    assert full.splitlines() == [
        f"n4: {GONE}",
        f"n4 could not pull {IMAGE}: too little room on the disk (n4: 20.0 MB of 900.0 MB free). Make some there: "
        "docker image prune --all. To do without that node: ./inv drain n4",
    ]
    said = "mkdir /var/lib/docker: no space left on device"
    assert "(n4: full)" in pulls.refusal(IMAGE, {"n4": said}, {}, "")
    unknown = pulls.refusal(IMAGE, {"n4": GONE, "n3": GONE}, {"n3": Disk(10**10, 10**11)}, "")
    assert unknown.splitlines()[-1].startswith(f"n3, n4 could not pull {IMAGE}: the log of the engine there says why")
    away = pulls.refusal(IMAGE, {"n3": GONE}, {}, "connection refused\nThe registry cannot be asked.")
    assert away.splitlines()[1:] == [
        "connection refused", "The registry cannot be asked.",
        f"n3 could not pull {IMAGE}: the registry cannot be asked (see above). Once it can: run this again.",
    ]  # fmt: skip
    assert "drain" not in away
    few = pulls.refusal(IMAGE, {"n4": GONE}, {}, "The registry cannot be asked.", few=True)  # of a rollback, say
    assert few.endswith("run this again. The other nodes have it; to go on without that one now: ./inv drain n4")


def had(memory: MemoryApi) -> Pulls:
    return Pulls(Parts(api(memory), "shop-prod", lambda: None))


def test_nodes_pull_once_and_nothing_of_it_is_left() -> None:
    memory = MemoryApi()
    memory.node("n1")
    found = had(memory)
    for _ in range(2):
        with found.meanwhile(IMAGE, {"web": spec("web")}):
            assert len(memory.there["services"]) == (not found.done)
    assert (memory.named("services"), found.done) == ([], {IMAGE})


def test_who_cannot_pull_is_told_and_asked_no_more(monkeypatch: pytest.MonkeyPatch) -> None:
    memory = MemoryApi(state=lambda name, spec: "rejected")
    memory.node("n1")
    monkeypatch.setattr("slipway.engine.registry.digest", lambda shell, image: "sha256:2")
    run = memory.run

    def without_containers(service: dict[str, object]) -> None:
        run(service)
        for one in memory.tasks:
            one["Status"] = {"State": "rejected", "Err": GONE}

    memory.run = without_containers  # type: ignore[method-assign]
    with pytest.raises(Problem, match=r"n1 could not pull .*: the log of the engine"):  # noqa: SIM117
        with had(memory).meanwhile(IMAGE, {"web": spec("web")}):
            pass
    assert memory.named("services") == []
