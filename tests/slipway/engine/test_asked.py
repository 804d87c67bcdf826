"""What the engine says of what may not be there: no, or nothing that can be told."""

from typing import Any

import pytest

from slipway.core.errors import Problem
from slipway.core.limits import ASK, Late
from slipway.engine import networks, volumes
from slipway.engine.asked import ask, tidy, told
from tests.slipway.engine.support import Answers

ARGV = ["docker", "volume", "inspect", "x"]


class Hanging(Answers):
    """Answers nothing, for as long as it is asked."""

    def probe(self, argv: Any, **_: Any) -> tuple[int, str, str]:
        """Raise what a shell raises then."""
        self.asked.append(list(argv))
        raise Late("docker volume did not answer in 10 s.")


@pytest.mark.parametrize(
    "said",
    [
        "Error response from daemon: get x: no such volume", "Error: No such object: x", "Error: No such container: x",
        "Error response from daemon: network x not found", "Error response from daemon: No such image: x:latest",
    ],
)  # fmt: skip
def test_there_is_none_when_the_engine_says_so(said: str) -> None:
    assert ask(Answers("", said=said), ARGV) is None


def test_a_call_that_failed_is_no_answer() -> None:
    lost = "Cannot connect to the Docker daemon"
    assert ask(Answers("", "there", said=lost), ARGV) == "there"
    with pytest.raises(Problem, match=rf"{lost}(.|\n)*docker version"):
        ask(Answers("", "", said=lost), ARGV)
    with pytest.raises(Problem, match="docker ended with status 1"):
        ask(Answers("", ""), ARGV)
    with pytest.raises(Late):
        ask(Hanging(), ARGV)


def test_volumes_and_networks_are_there_or_not_or_it_cannot_be_told() -> None:
    assert volumes.exists(Answers("[]"), "x")
    assert not volumes.exists(Answers("", said="get x: no such volume"), "x")
    assert networks.subnets(Answers("10.0.0.0/8 "), "x") == ["10.0.0.0/8"]
    assert networks.subnets(Answers("", said="network x not found"), "x") == []
    for tell in (volumes.exists, networks.subnets):
        with pytest.raises(Problem, match="could not be asked"):
            tell(Answers("", ""), "x")


def test_what_cannot_be_told_just_now_is_asked_once_more() -> None:
    assert told(Answers("", "2"), ARGV, ASK) == "2"
    assert told(Answers("", ""), ARGV, ASK) == ""
    assert told(Hanging(), ARGV, ASK) == ""


def test_what_could_not_be_tidied_is_said_but_not_what_was_gone(capfd: pytest.CaptureFixture[str]) -> None:
    tidy(Answers("", said="Error: No such container: x"), ARGV)
    tidy(Answers("removed"), ARGV)
    assert capfd.readouterr().err == ""
    tidy(Answers("", said="x: device or resource busy"), ARGV)
    tidy(Hanging(), ARGV)
    said = capfd.readouterr().err
    assert "device or resource busy" in said
    assert "did not answer" in said
