"""Clients of a Swarm in memory that are sent away: which nodes are told, what is noted, and what is left."""

import json
from collections.abc import Callable

import pytest

from slipway.core.errors import Problem
from slipway.core.steps import Steps
from slipway.deploy import maintenance
from slipway.deploy.maintenance import Maintenance
from slipway.deploy.swarm import away
from slipway.deploy.swarm.away import Away
from slipway.deploy.swarm.names import marks, wanted
from slipway.deploy.swarm.parts import Parts
from slipway.engine.jobs import rows
from slipway.engine.swarm import objects
from tests.slipway.deploy.mortal import KilledError
from tests.slipway.deploy.swarm.in_memory import MemoryApi, api, kill, revive, spec

NOTED = Maintenance("2026-11-27T22:00:00+00:00", "ann@desk", "Back sön", 120, ("192.0.2.7",))
SERVICE = "shop-prod_away"


@pytest.fixture
def memory(monkeypatch: pytest.MonkeyPatch) -> MemoryApi:
    """Give a Swarm of three nodes, of which two have a proxy that looks."""
    monkeypatch.setattr(away, "SECONDS", 0)
    return swarm()


def swarm() -> MemoryApi:
    found = MemoryApi()
    for name in ("n1", "n2"):
        found.node(name, **{"slipway.proxy": "true"})
    found.node("n3")
    found.post("/services/create", spec("proxy", image="caddy:2", Mounts=[away.mount("shop-prod", reads=True)]))
    return found


def of(memory: MemoryApi) -> Away:
    return Away(Parts(api(memory), "shop-prod", lambda: None), Steps(), lambda: "caddy:2")


def on(memory: MemoryApi, noted: Maintenance = NOTED) -> None:
    of(memory).send_away(noted.files(), noted.allow)


def down(memory: MemoryApi, node: str) -> None:
    """Let a node be away, and its tasks with it."""
    memory.there["nodes"][node]["Status"]["State"] = "down"
    for one in memory.tasks:
        if one["NodeID"] == node:
            one["DesiredState"] = "shutdown"


def comes_back(memory: MemoryApi, node: str) -> None:
    memory.there["nodes"][node]["Status"]["State"] = "ready"
    memory.run(memory.get(f"/services/{SERVICE}"))


def argv(memory: MemoryApi) -> list[str]:
    container = memory.get(f"/services/{SERVICE}")["Spec"]["TaskTemplate"]["ContainerSpec"]
    return list(container["Command"])


def test_each_node_with_a_proxy_is_told_and_what_it_is_told_is_what_is_noted(memory: MemoryApi) -> None:
    assert of(memory).noted() == ""
    on(memory)
    assert maintenance.parse(of(memory).noted()) == NOTED
    assert {one.node for one in of(memory).parts.tasks_of("away")} == {"n1", "n2"}
    assert argv(memory)[-3:] == ["/run/given", "away", "192.0.2.7"]
    assert of(memory).untold() == []
    on(memory, Maintenance("now", message="Later"))
    assert json.loads(of(memory).noted())["message"] == "Later"


def test_nothing_is_left_once_all_nodes_let_clients_in(memory: MemoryApi) -> None:
    of(memory).let_in()
    on(memory)
    of(memory).let_in()
    assert of(memory).noted() == ""
    assert memory.named("services") == ["shop-prod_proxy"]


def test_a_node_that_is_away_is_told_when_it_comes_back(memory: MemoryApi, capsys: pytest.CaptureFixture[str]) -> None:
    on(memory)
    down(memory, "n2")
    of(memory).let_in()
    assert "n2 (down): told by the Swarm when it has a proxy again" in capsys.readouterr().err
    assert of(memory).noted() == ""
    assert of(memory).untold() == []  # nobody comes there
    assert argv(memory)[-2:] == ["/dev/null", "let_in"]
    comes_back(memory, "n2")
    of(memory).tidy()
    assert SERVICE not in memory.named("services")


def test_a_node_that_had_a_proxy_is_told_when_it_has_one_again(memory: MemoryApi) -> None:
    on(memory)
    down(memory, "n2")
    memory.there["nodes"]["n2"]["Spec"]["Labels"] = {}
    assert away.untold(of(memory).parts.find("away"), [], []) == []  # type: ignore[arg-type]
    of(memory).let_in()
    comes_back(memory, "n2")
    of(memory).tidy()
    assert SERVICE in memory.named("services")
    memory.there["nodes"]["n2"]["Spec"]["Labels"] = {"slipway.proxy": "true"}
    comes_back(memory, "n2")
    of(memory).tidy()
    assert SERVICE not in memory.named("services")


@pytest.mark.parametrize("tell", [on, lambda memory: of(memory).let_in()], ids=["on", "off"])
def test_a_node_at_work_that_is_not_told_is_named(memory: MemoryApi, tell: Callable[[MemoryApi], None]) -> None:
    on(memory)
    memory.state = lambda name, spec: "starting" if name == SERVICE else "running"
    memory.run(memory.get(f"/services/{SERVICE}"))
    with pytest.raises(Problem, match=rf"not done within 0 s on n1; n2: docker service ps --no-trunc {SERVICE}"):
        tell(memory)
    assert of(memory).untold() == ["n1", "n2"]


def test_proxies_of_before_are_to_be_made_anew(memory: MemoryApi) -> None:
    memory.tasks[-1]["Spec"] = {"ContainerSpec": {"Image": "caddy:2"}}
    with pytest.raises(Problem, match=r"\./inv deploy makes them anew\. Nothing was changed"):
        on(memory)
    assert SERVICE not in memory.named("services")


def test_what_another_has_changed_meanwhile_is_changed_all_the_same(memory: MemoryApi) -> None:
    on(memory)
    others: list[Callable[[], object]] = [lambda: on(memory, Maintenance("then", message="Mine"))]

    def before(said: str) -> None:
        if "update" in said and others:
            others.pop()()

    memory.before = before
    on(memory, Maintenance("now", message="Yours"))
    assert json.loads(of(memory).noted())["message"] == "Yours"


@pytest.mark.parametrize("late", [False, True], ids=["before", "after"])
def test_whenever_it_is_killed_the_same_verb_once_more_gets_to_the_end(
    monkeypatch: pytest.MonkeyPatch, late: bool
) -> None:
    monkeypatch.setattr(away, "SECONDS", 0)
    for verb in (on, lambda memory: of(memory).let_in()):
        for at in range(20):
            memory, killed = swarm(), False
            if verb is not on:
                on(memory)
            kill(memory, at, late)
            try:
                verb(memory)
            except KilledError:
                killed = True
            revive(memory)
            assert maintenance.parse(of(memory).noted()) in (NOTED, None)
            verb(memory)
            assert maintenance.parse(of(memory).noted()) == (NOTED if verb is on else None)
            if not killed:
                break
        else:
            raise AssertionError("it never came to its end")


def test_files_are_read_as_they_are_written() -> None:
    assert away.written(rows(NOTED.files())).items() >= NOTED.files().items()
    assert away.written("") == away.written("on !\n") == {}


def test_the_task_writes_what_it_is_given_and_nothing_else_of_it_can_be_written() -> None:
    made = away.spec("shop-prod", "caddy:2", ("away",), {"ConfigID": "c1"})
    container = made["TaskTemplate"]["ContainerSpec"]
    assert (container["ReadOnly"], container["CapabilityDrop"]) == (True, ["ALL"])
    assert away.looks({"ContainerSpec": {"Mounts": [away.mount("shop-prod", reads=True)]}})
    assert not away.looks({"ContainerSpec": {}})


def test_the_config_belongs_to_the_deployment(memory: MemoryApi) -> None:
    on(memory)
    (one,) = objects.listed(api(memory), "configs", *wanted(marks("shop-prod", "file")))
    assert one.name.startswith("shop-prod.file.away.")
