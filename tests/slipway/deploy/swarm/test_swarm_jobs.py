"""A job on a Swarm: its status, and what it has printed, however late a node is with its log."""

from collections.abc import Callable

import pytest

from slipway.core.errors import Problem
from slipway.deploy.swarm import jobs, stuck
from slipway.engine.answered import Silent
from slipway.engine.api import Api
from slipway.engine.swarm import logs
from tests.slipway.deploy.swarm.in_memory import MemoryApi, api, spec

Live = Callable[[Callable[[int, str], None]], None]


@pytest.fixture(autouse=True)
def soon(monkeypatch: pytest.MonkeyPatch) -> None:
    """Look again at once."""
    monkeypatch.setattr(jobs, "POLL", 0)


def alike(memory: MemoryApi) -> MemoryApi:
    """Let its other connections be this one."""
    memory.another = lambda: memory  # type: ignore[attr-defined]
    memory.close = lambda: None  # type: ignore[attr-defined]
    return memory


def followed(monkeypatch: pytest.MonkeyPatch, texts: list[tuple[str, str]], live: Live) -> tuple[str, list[str]]:
    """Follow a job that has ended; return its output, and all that was shown."""
    memory, shown = alike(MemoryApi(state=lambda name, spec: "complete")), list[str]()

    def read(asked: Api, service: str, lines: int | None = None) -> tuple[str, str]:
        return texts.pop(0) if len(texts) > 1 else texts[0]

    monkeypatch.setattr(logs, "read", read)
    monkeypatch.setattr(logs, "follow", lambda asked, service, show: live(show))
    ran = jobs.follow(api(memory), spec("job"), {}, lambda stream, line: shown.append(line))
    assert ran.status == 0
    assert memory.named("services") == []
    return ran.output, shown


def test_a_log_that_comes_late_is_asked_for_again(monkeypatch: pytest.MonkeyPatch) -> None:
    found = followed(monkeypatch, [("", ""), ("", ""), ("answer\n", "said\n")], lambda show: None)
    assert found == ("answer", ["answer", "said"])


def test_what_was_shown_was_printed_whatever_the_log_has_of_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(jobs, "LOG", 0.05)

    def live(show: Callable[[int, str], None]) -> None:
        for line in ("one", "two"):
            show(logs.OUT, line)

    assert followed(monkeypatch, [("one\n", "")], live) == ("one\ntwo", ["one", "two"])


def test_the_log_of_a_node_that_is_lost_is_not_waited_for(monkeypatch: pytest.MonkeyPatch) -> None:
    def silent(*_: object) -> tuple[str, str]:
        raise Silent("late")

    monkeypatch.setattr(logs, "read", silent)
    monkeypatch.setattr(logs, "follow", lambda asked, service, show: show(logs.OUT, "one"))
    memory = alike(MemoryApi(state=lambda name, spec: "complete"))
    assert jobs.follow(api(memory), spec("job"), {}, lambda *_: None).output == "one"


def test_what_prints_nothing_is_not_waited_for_for_long(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(jobs, "LOG", 0)
    assert followed(monkeypatch, [("", "")], lambda show: None) == ("", [])


def on(memory: MemoryApi) -> None:
    alike(memory)
    with pytest.raises(Problem) as problem:
        jobs.follow(api(memory), spec("job"), {}, lambda stream, line: None)
    assert memory.named("services") == []
    raise problem.value


def test_of_a_job_whose_node_is_lost_nobody_waits_for_the_end(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(logs, "follow", lambda *_: None)
    memory = MemoryApi()
    memory.node("n1")
    memory.there["nodes"]["n1"]["Status"]["State"] = "down"
    with pytest.raises(Problem, match=r"n1, on which the job was, is lost.*\./inv nodes"):
        on(memory)
    del memory.there["nodes"]["n1"]  # taken out of the Swarm
    with pytest.raises(Problem, match="n1, on which the job was, is lost"):
        on(memory)


def test_a_job_that_no_node_takes_was_not_begun(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(logs, "follow", lambda *_: None)
    monkeypatch.setattr(stuck, "PATIENCE", 0)
    memory = MemoryApi(state=lambda name, spec: "pending")
    made = memory._task
    monkeypatch.setattr(memory, "_task", lambda service, slot, node="": made(service, slot, ""))
    with pytest.raises(Problem, match=r"No node has taken the job.*It was not begun"):
        on(memory)
