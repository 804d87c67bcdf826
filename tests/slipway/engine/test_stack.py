"""The containers of a Compose project, looked at while they start."""

import json

import pytest

from slipway.core.errors import Problem
from slipway.engine.stack import Stack
from slipway.project.config import load
from tests.slipway.engine.support import Answers
from tests.support import ROOT


def facts(health: str) -> str:
    """Return what `docker inspect` prints of a service that runs."""
    state = {"Running": True, "Health": {"Status": health}}
    labels = {"com.docker.compose.service": "web"}
    return json.dumps([{"Id": "abc", "State": state, "Config": {"Labels": labels}}])


def test_a_service_that_starts_is_listed_once_and_then_looked_at() -> None:
    shell = Answers("abc", *map(facts, ["starting", "starting", "starting", "healthy"]), "abc", facts("healthy"))
    stack = Stack(shell, load(ROOT), "dev", dict)
    stack.wait("web")
    asked = [argv[1] for argv in shell.asked]
    assert asked == ["ps", "inspect", "inspect", "inspect", "inspect"]
    assert stack.runs("web")  # as it is now: what was seen before is forgotten
    assert [argv[1] for argv in shell.asked][5:] == ["ps", "inspect"]


def test_a_service_that_is_gone_while_it_is_waited_for_has_no_log() -> None:
    shell = Answers("abc", facts("starting"), "", " ", said="Error response from daemon: No such container: abc")
    with pytest.raises(Problem, match=r"^The service is gone; it logged nothing\.$"):
        Stack(shell, load(ROOT), "dev", dict).wait("web")
    assert [argv[1] for argv in shell.asked] == ["ps", "inspect", "inspect", "ps"]
