"""An update of a Swarm that waits for a task of a lost node is begun anew, once for each."""

import pytest

from slipway.engine.swarm import services, specs, updates
from tests.slipway.deploy.swarm.in_memory import MemoryApi, api, spec


def resumed(memory: MemoryApi) -> bool:
    (service,) = services.listed(api(memory)).values()
    return updates.resume(api(memory), service, services.tasks_of(api(memory), service.id), lambda spec: {})


@pytest.fixture
def memory() -> MemoryApi:
    """Give a Swarm in which a node was lost while a task was starting there; another task is to run in its place."""
    made = MemoryApi()
    made.node("n1")
    services.put(api(made), spec("web", "b"))
    service = made.get("/services/shop-prod_web")
    service["UpdateStatus"] = {"State": "updating"}
    made.tasks.append(made._task(service, 1))
    made.tasks[0] |= {"DesiredState": "shutdown", "Status": {"State": "starting"}}
    made.there["nodes"]["n1"]["Status"]["State"] = "down"
    return made


def test_it_goes_on_as_what_it_was_told_to_be(memory: MemoryApi) -> None:
    assert resumed(memory)
    found = services.find(api(memory), "shop-prod_web")
    assert found
    assert specs.alike(found.spec, spec("web", "b"))
    assert found.labels[updates.RESUMED] == memory.tasks[0]["ID"]
    memory.get("/services/shop-prod_web")["UpdateStatus"] = {"State": "updating"}
    memory.tasks[0] |= {"DesiredState": "shutdown", "Status": {"State": "starting"}}
    assert not resumed(memory)  # once is enough


@pytest.mark.parametrize("what", ["it is over", "the node is well", "the task has run", "the task is to run"])
def test_one_that_goes_on_by_itself_is_left_alone(memory: MemoryApi, what: str) -> None:
    if what == "it is over":
        memory.get("/services/shop-prod_web")["UpdateStatus"] = {"State": "completed"}
    elif what == "the node is well":
        memory.there["nodes"]["n1"]["Status"]["State"] = "ready"
    elif what == "the task has run":
        memory.tasks[0]["Status"]["State"] = "running"
    else:
        memory.tasks[0]["DesiredState"] = "running"
    assert not resumed(memory)
