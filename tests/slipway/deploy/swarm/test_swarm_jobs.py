"""A job on a Swarm: its status, and what it has printed, however late a node is with its log."""

from collections.abc import Callable

import pytest

from slipway.deploy.swarm import jobs
from slipway.engine.api import Api
from slipway.engine.swarm import logs
from tests.slipway.deploy.swarm.in_memory import MemoryApi, api, spec

Live = Callable[[Callable[[int, str], None]], None]


@pytest.fixture(autouse=True)
def soon(monkeypatch: pytest.MonkeyPatch) -> None:
    """Look again at once."""
    monkeypatch.setattr(jobs, "POLL", 0)


def followed(monkeypatch: pytest.MonkeyPatch, texts: list[tuple[str, str]], live: Live) -> tuple[str, list[str]]:
    """Follow a job that has ended; return its output, and all that was shown."""
    memory, shown = MemoryApi(state=lambda name, spec: "complete"), list[str]()
    memory.another = lambda: memory  # type: ignore[attr-defined]
    memory.close = lambda: None  # type: ignore[attr-defined]

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


def test_what_prints_nothing_is_not_waited_for_for_long(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(jobs, "LOG", 0)
    assert followed(monkeypatch, [("", "")], lambda show: None) == ("", [])
