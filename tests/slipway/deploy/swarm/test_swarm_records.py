"""A release of a Swarm as its tasks are."""

from dataclasses import replace
from typing import Any

import pytest

from slipway.deploy.swarm import records
from slipway.deploy.swarm.records import Record
from slipway.engine.swarm import services
from slipway.engine.swarm.objects import Blob
from slipway.runtime.release import Release
from tests.slipway.deploy.swarm.in_memory import MemoryApi, api, record


def seen(memory: MemoryApi, of: Record) -> Release:
    return records.release(of, "shop-prod", services.listed(api(memory)), services.tasks(api(memory)), has_web=True)


def made(memory: MemoryApi, of: Record, *names: str) -> None:
    for name in names:
        services.put(api(memory), of.specs[name])


def test_what_is_kept_of_a_release_is_read_as_it_was_written() -> None:
    one = record("a", replicas=3)
    read = Record.of(Blob("id", "name", {}, one.data, 1, "2026-11-28T07:00:00Z"))
    assert read == Record(one.id, one.image, one.image_id, one.specs, one.labels, "2026-11-28T07:00:00Z")


def test_a_release_that_is_kept_has_containers_that_have_ended() -> None:
    found = seen(MemoryApi(), record("a", replicas=2))
    assert (found.scale, found.replicas, found.running, found.at_work) == (2, {"worker": 1}, False, False)
    assert (found.image, found.image_id, found.title) == ("shop:a", "sha256:a", "web-a")


def test_tasks_that_run_are_its_containers() -> None:
    memory = MemoryApi()
    made(memory, record("a", replicas=2), "web", "worker")
    found = seen(memory, record("a", replicas=2))
    assert found.names == ["shop-prod_web.1", "shop-prod_web.2", "shop-prod_worker.1"]
    assert found.ready
    assert found.verdict().ready


def test_before_its_web_takes_the_others_place_the_trial_is_its_web() -> None:
    memory = MemoryApi()
    made(memory, record("a"), "web")
    services.put(api(memory), records.trial("shop-prod", record("b", replicas=3)))
    found = seen(memory, record("b", replicas=3))
    assert [one.name for one in found.web] == ["shop-prod_web.1"]
    assert found.web[0].running
    assert not found.processes[0].running
    assert seen(memory, record("a")).web[0].running
    made(memory, record("b", replicas=3), "web")
    assert seen(memory, record("b", replicas=3)).scale == 3
    assert not seen(memory, record("a")).running


@pytest.mark.parametrize(
    ("state", "wrong", "ready"),
    [
        ("running", "", True), ("starting", "", False), ("pending", "", False), ("preparing", "", False),
        ("failed", "ended with status 0", False), ("rejected", "ended with status 0", False),
    ],
)  # fmt: skip
def test_a_task_is_judged_by_its_state(state: str, wrong: str, ready: bool) -> None:
    memory = MemoryApi(state=lambda name, spec: state)
    check: dict[str, Any] = {"HealthCheck": {"Test": ["CMD", "true"]}}
    made(memory, record("a", **check), "web")
    verdict = seen(memory, record("a", **check)).bare.verdict()
    assert (verdict.wrong, verdict.ready) == (wrong, ready)


def test_one_that_failed_and_was_started_again_is_not_well() -> None:
    memory = MemoryApi()
    made(memory, record("a"), "web")
    memory.tasks[0] |= {"DesiredState": "shutdown", "Status": {"State": "failed"}}
    memory.tasks.append(memory._task(memory.get("/services/shop-prod_web"), 1))
    assert seen(memory, record("a")).bare.verdict().wrong == "ended, and was started again"


def test_a_task_on_a_node_that_is_lost_is_not_the_releases_fault() -> None:
    memory = MemoryApi()
    made(memory, record("a"), "web")
    memory.tasks[0] |= {"DesiredState": "shutdown"}  # it is still said to run
    memory.tasks.append(memory._task(memory.get("/services/shop-prod_web"), 1))
    assert seen(memory, record("a")).bare.verdict().ready


@pytest.mark.parametrize("state", ["running", "shutdown", "orphaned"])
def test_a_trial_whose_node_was_drained_or_lost_has_ended_as_no_other_one_comes(state: str) -> None:
    memory = MemoryApi()
    services.put(api(memory), records.trial("shop-prod", record("b")))
    assert seen(memory, record("b")).bare.verdict().ready
    memory.tasks[0] |= {"DesiredState": "shutdown", "Status": {"State": state}}
    assert seen(memory, record("b")).bare.verdict().wrong.startswith("was ended by the Swarm, as its node was drained")
    memory.tasks[0] |= {"Status": {"State": "complete"}}
    assert seen(memory, record("b")).bare.verdict().wrong == "ended with status 0"


def test_the_task_of_a_slot_is_the_one_that_is_to_run_whatever_was_told_of_another_later() -> None:
    memory = MemoryApi()
    made(memory, record("a"), "web")
    memory.tasks.append(memory._task(memory.get("/services/shop-prod_web"), 1))
    memory.tasks[0] |= {"DesiredState": "shutdown", "Status": {"State": "shutdown"}, "Version": {"Index": 99}}
    found = seen(memory, record("a"))
    assert [one.id for one in found.web] == [memory.tasks[1]["Status"]["ContainerStatus"]["ContainerID"]]
    assert found.bare.verdict().ready


def test_a_release_whose_tasks_were_all_told_to_stop_has_those_that_are_to_come() -> None:
    memory = MemoryApi()
    made(memory, record("a", replicas=2), "web")
    for one in memory.tasks:
        one |= {"DesiredState": "shutdown", "Status": {"State": "shutdown"}}
    found = seen(memory, record("a", replicas=2))
    assert [one.health for one in found.web] == ["starting", "starting"]


def test_what_is_to_come_is_one_that_starts() -> None:
    memory = MemoryApi()
    made(memory, record("a", replicas=2), "web")
    memory.tasks.pop()
    found = seen(memory, record("a", replicas=2))
    assert [one.health for one in found.web] == ["", "starting"]
    assert not found.bare.verdict().ready


def test_the_address_of_a_task_is_that_by_which_it_is_asked() -> None:
    memory = MemoryApi()
    made(memory, record("a"), "web")
    both: list[dict[str, Any]] = [
        {"Network": {"Spec": {"Name": f"shop-prod_{name}"}}, "Addresses": [address]}
        for name, address in (("database", "10.0.1.2/24"), ("default", "10.0.2.2/24"))
    ]
    memory.tasks[0]["NetworksAttachments"] = both
    assert seen(memory, record("a")).web[0].addresses == ("10.0.2.2", "10.0.1.2")


def test_the_trial_is_one_task_to_which_nobody_is_led() -> None:
    one = record("a", replicas=3)
    web = {**one.specs["web"], "UpdateConfig": {}, "RollbackConfig": {}}
    web["TaskTemplate"] = {**web["TaskTemplate"], "Networks": [{"Target": "n", "Aliases": ["web"]}]}
    spec = records.trial("shop-prod", Record("a", "", "", {"web": web}))
    assert spec["Name"] == "shop-prod_trial"
    assert spec["Mode"] == {"Replicated": {"Replicas": 1}}
    assert spec["TaskTemplate"]["Networks"] == [{"Target": "n"}]
    assert spec["TaskTemplate"]["RestartPolicy"] == {"Condition": "none"}
    assert not spec.keys() & {"UpdateConfig", "RollbackConfig"}
    assert web["TaskTemplate"]["Networks"][0]["Aliases"] == ["web"]  # which is as it was


@pytest.mark.parametrize(("bake", "seconds"), [(30, 30), (1.5, 1.5), (0, 1)])
def test_the_swarm_watches_a_release_for_as_long_as_its_deployment_does(bake: float, seconds: float) -> None:
    specs = {name: {**one, "UpdateConfig": {"Order": "start-first"}} for name, one in record("a").specs.items()}
    found = replace(record("a"), specs={name: records.watched(one, bake) for name, one in specs.items()})
    assert found.bake == seconds
    assert found.specs["web"]["UpdateConfig"] == {"Order": "start-first", "Monitor": seconds * 10**9}
    assert "Monitor" not in specs["web"]["UpdateConfig"]


@pytest.mark.parametrize(("created", "well"), [("2026-11-28T10:18:41.5Z", True), ("2026-11-28T10:47:10.1Z", False)])
def test_a_task_that_failed_before_it_was_gone_back_to_is_not_counted(created: str, well: bool) -> None:
    memory = MemoryApi()
    made(memory, record("a", replicas=2), "web", "worker")
    made(memory, record("b", replicas=2), "web")
    made(memory, record("a", replicas=2), "web")
    memory.get("/services/shop-prod_web")["UpdateStatus"] = {"State": "updating", "StartedAt": "2026-11-28T10:47:10Z"}
    old = memory.tasks[0]
    old |= {"CreatedAt": created, "Status": {**old["Status"], "State": "failed"}}
    memory.tasks = [
        one for one in memory.tasks if one is old or not (one["Slot"] == 1 and one["DesiredState"] == "running")
    ]
    assert (seen(memory, record("a", replicas=2)).verdict().wrong == "") is well


@pytest.mark.parametrize(
    ("status", "err", "wrong"),
    [
        (0, "starting container failed: Address already in use", "could not be started (starting container failed"),
        (137, "task: non-zero exit (137)", "was killed (status 137), as is what takes more memory than its limit"),
        (3, "task: non-zero exit (3)", "ended with status 3"),
    ],
)
def test_how_a_task_has_ended_is_said_where_its_status_does_not(status: int, err: str, wrong: str) -> None:
    memory = MemoryApi()
    made(memory, record("a"), "web", "worker")
    one = memory.tasks[0]
    one["Status"] = {**one["Status"], "State": "failed", "Err": err, "ContainerStatus": {"ExitCode": status}}
    assert seen(memory, record("a")).verdict().wrong.startswith(wrong)
