"""What is waited for on a Swarm, and what is said of it; and what clients got, as tasks tell."""

import pytest

from slipway.core.errors import Problem
from slipway.core.steps import Steps
from slipway.deploy.swarm import counted, settled, spread, wait
from slipway.deploy.swarm.parts import Parts
from slipway.engine.swarm import services
from slipway.engine.swarm.services import Service
from slipway.runtime.release import Answers
from tests.slipway.deploy.swarm.in_memory import MemoryApi, api, spec


def parts(memory: MemoryApi) -> Parts:
    return Parts(api(memory), "shop-prod", lambda: None)


@pytest.fixture(autouse=True)
def soon(monkeypatch: pytest.MonkeyPatch) -> None:
    """Look again at once."""
    for module in (wait, spread, settled):
        monkeypatch.setattr(module.time, "sleep", lambda seconds: None)


def test_a_service_is_waited_for_until_its_tasks_are_of_what_it_is_now() -> None:
    memory = MemoryApi()
    services.put(api(memory), spec("proxy"))
    wait.until_running(parts(memory), "proxy", 0)
    before = list(memory.tasks)
    services.put(api(memory), spec("proxy", image="other"))
    memory.tasks = before
    memory.tasks[0] |= {"DesiredState": "running", "Status": {"State": "running"}}  # nothing was begun yet
    with pytest.raises(Problem, match="shop-prod_proxy did not come to run"):
        wait.until_running(parts(memory), "proxy", 0)


def test_what_may_be_on_other_nodes_from_now_on_stays_where_it_may_be_still() -> None:
    memory = MemoryApi()
    memory.node("n1")
    for constraint in ("node.labels.slipway.data != true", "node.hostname == n1", "node.hostname == n2"):
        before = list(memory.tasks)
        service = spec("db")
        service["TaskTemplate"]["Placement"] = {"Constraints": [constraint]}
        services.put(api(memory), service)
        memory.tasks = before or memory.tasks  # the Swarm makes no other one
        memory.tasks[0] |= {"DesiredState": "running", "Status": {"State": "running"}}
        if constraint.endswith("n1"):
            wait.until_running(parts(memory), "db", 0)
    with pytest.raises(Problem, match="shop-prod_db did not come to run"):
        wait.until_running(parts(memory), "db", 0)


def test_what_does_not_come_to_run_is_told_with_the_swarms_reason() -> None:
    memory = MemoryApi(state=lambda name, spec: "pending")
    services.put(api(memory), spec("db"))
    memory.tasks[0]["Status"]["Err"] = "no suitable node (scheduling constraints not satisfied on 3 nodes)"
    with pytest.raises(Problem, match=r"is pending \(no suitable node(.|\n)*docker service ps --no-trunc shop-prod_db"):
        wait.until_running(parts(memory), "db", 0)


def test_web_is_spread_once_all_of_its_tasks_are_the_releases() -> None:
    memory = MemoryApi()
    services.put(api(memory), spec("web", "a", replicas=3))
    services.put(api(memory), spec("web", "b", replicas=3))
    looks: list[int] = []
    spread.wait(Steps(), parts(memory), "b", 10, lambda: looks.append(1))
    memory.tasks[0] |= {"DesiredState": "running", "Status": {"State": "running"}}  # one of the old release's
    with pytest.raises(Problem, match=r"3 of 3 are the new release"):
        spread.wait(Steps(), parts(memory), "b", 0, lambda: looks.append(1))
    assert spread.counts(services.tasks(api(memory)), "b") == (3, 1)


@pytest.mark.parametrize("looks", [1, 3])
def test_what_moves_is_waited_for_and_what_stands_still_is_given_up(
    looks: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    memory = MemoryApi(state=lambda name, spec: "assigned")
    services.put(api(memory), spec("web", "b"))
    states, clock = iter(["assigned", "pending", "preparing", "starting", "running"]), [0.0]

    def look() -> None:  # each takes 40 s, and after so many of them, the task is further
        clock[0] += 40
        if clock[0] % (40 * looks) == 0 and (state := next(states, "")):
            if state == "pending":  # the node is lost: another task is made in its place
                memory.tasks[-1]["DesiredState"] = "shutdown"
                memory.tasks.append(memory._task(memory.get("/services/shop-prod_web"), 1))
            memory.tasks[-1]["Status"]["State"] = state

    monkeypatch.setattr("slipway.deploy.swarm.spread.time.monotonic", lambda: clock[0])
    if looks == 1:
        spread.wait(Steps(), parts(memory), "b", 60, look)
    else:
        with pytest.raises(Problem, match="0 of 1 are the new release"):
            spread.wait(Steps(), parts(memory), "b", 60, look)


def test_a_look_that_finds_something_ends_the_wait() -> None:
    memory = MemoryApi(state=lambda name, spec: "starting")
    services.put(api(memory), spec("web", "b"))

    def look() -> None:
        raise Problem("fails 3 of 10")

    with pytest.raises(Problem, match="fails 3 of 10"):
        spread.wait(Steps(), parts(memory), "b", 10, look)


def test_what_the_swarm_was_still_doing_is_waited_for_and_told(capsys: pytest.CaptureFixture[str]) -> None:
    memory = MemoryApi()
    services.put(api(memory), spec("web", "b"))
    one = memory.get("/services/shop-prod_web")
    states = iter(("updating", "updating", "rollback_completed", "rollback_completed"))
    get = memory.get

    def later(path: str, *args: object, **query: str) -> object:
        one["UpdateStatus"] = {"State": next(states, "rollback_completed")}
        return get(path, *args, **query)  # type: ignore[arg-type]

    memory.get = later  # type: ignore[method-assign,assignment]
    settled.wait(Steps(), parts(memory))
    said = capsys.readouterr().err
    assert "waiting    the Swarm updates shop-prod_web" in said
    assert "recovered  shop-prod_web is again, as the Swarm has gone back, b" in said


def test_an_update_that_stopped_in_the_middle_is_told() -> None:
    stopped = Service("s", 1, spec("web", "b"), update="paused", said="update paused due to failure")
    assert settled.ended(stopped) == (
        "shop-prod_web: the Swarm has stopped in the middle (paused: update paused due to failure)"
    )


def test_counts_of_tasks_are_read_and_what_is_none_is_left_out() -> None:
    assert counted.read("10 2 1") == Answers(10, 2, 1)
    assert [counted.read(one) for one in ("", "Not Found", "1 2", "a b c")] == [None] * 4


def test_a_service_that_was_removed_is_gone_once_its_tasks_have_ended() -> None:
    memory = MemoryApi()
    services.put(api(memory), spec("web"))
    (one,), tasks = memory.there["services"], list(memory.tasks)
    services.remove(api(memory), one)
    assert services.is_gone(api(memory), one, 0)
    memory.tasks = tasks
    assert not services.is_gone(api(memory), one, 0)
    memory.node("n7")
    memory.tasks[0]["NodeID"] = "n7"
    assert not services.is_gone(api(memory), one, 0)
    memory.there["nodes"]["n7"]["Status"]["State"] = "down"  # nobody will tell
    assert services.is_gone(api(memory), one, 0)
    memory.there["nodes"]["n7"]["Status"]["State"] = "ready"
    memory.tasks[0]["Status"]["State"] = "shutdown"
    assert services.is_gone(api(memory), one, 0)


def test_what_the_swarm_has_gone_back_from_by_itself_was_not_done() -> None:
    memory, told = MemoryApi(), spec("db", image="other")
    services.put(api(memory), spec("db"))
    wait.until_running(parts(memory), "db", 0, spec("db"))
    services.put(api(memory), told)
    wait.until_running(parts(memory), "db", 0, told)
    services.go_back(api(memory), spec("db"))
    with pytest.raises(Problem, match="gone back by itself to what ran before"):
        wait.until_running(parts(memory), "db", 0, told)


def test_what_no_node_has_room_for_is_told() -> None:
    memory, told = MemoryApi(state=lambda name, spec: "pending"), spec("web")
    told["TaskTemplate"]["Resources"] = {"Reservations": {"NanoCPUs": 1_500_000_000, "MemoryBytes": 2_000_000_000}}
    services.put(api(memory), told)
    memory.tasks[0]["Status"]["Err"] = "no suitable node (insufficient resources on 3 nodes)"
    with pytest.raises(Problem, match=r"Each task reserves 1\.5 CPUs and 2(\.0)? GB: have fewer of them \(--scale\)"):
        wait.until_running(parts(memory), "web", 0, told)
