"""When a release is ready, and when it is worse than the one before."""

import re

import pytest

from slipway.deploy.watch import drained, standard, worse
from slipway.runtime.release import Answers


@pytest.mark.parametrize(
    ("before", "since", "bad"),
    [
        (Answers(1000, 0), Answers(100, 0), False),
        (Answers(1000, 0), Answers(12, 2), False),  # too few to tell
        (Answers(1000, 0), Answers(9, 9), False),
        (Answers(1000, 0), Answers(10, 3), True),
        (Answers(1000, 0), Answers(0, 10), True),  # of workers that died nobody got an answer
        (Answers(1000, 0), Answers(200, 4), False),  # 2 %
        (Answers(1000, 0), Answers(200, 5), True),
        (Answers(1000, 200), Answers(100, 40), False),  # it was not much better before
        (Answers(1000, 200), Answers(100, 41), True),
        (Answers(1000, 900), Answers(100, 51), True),  # half is bad, whatever was before
        (Answers(), Answers(), False),
        (Answers(1000, 0, 0), Answers(100, 0, 50), False),  # it has too much to do: a burst of one client's, say
        (Answers(1000, 0, 0), Answers(100, 0, 51), True),
        (Answers(1000, 0, 400), Answers(100, 0, 90), False),  # as the one before had
        (Answers(1000, 0, 400), Answers(100, 0, 91), True),
        (Answers(1000, 0, 400), Answers(100, 3, 20), True),  # fewer of those make up for nothing
    ],
)
def test_worse(before: Answers, since: Answers, bad: bool) -> None:
    found = worse(before, since, 2)
    assert bool(re.fullmatch(r"fails \d+ of \d+ requests \(5xx, broken off, or their worker died\)", found)) == bad
    assert bad or not found


def test_a_release_is_compared_with_what_the_one_before_did_just_now_or_ever() -> None:
    assert standard(Answers(1000, 9), Answers(10, 5)) == Answers(10, 5)
    assert standard(Answers(1000, 9), Answers(9, 5)) == Answers(1009, 14)


def test_draining_ends_when_nothing_is_left_or_at_the_limit() -> None:
    looks: list[int | None] = [2, None, 1, 0, 5]
    assert drained(lambda: looks.pop(0), 60) == "all is answered"
    assert looks == [5]
    assert drained(lambda: 5, 0.2) == "5 requests or WebSockets are still open; the stop waits for requests alone"
    assert drained(lambda: 1, 0) == "1 request or WebSocket is still open; the stop waits for requests alone"
    assert drained(lambda: None, -1) == "whether all is answered cannot be told"


def test_a_proxy_that_was_started_anew_counts_from_nothing() -> None:
    assert Answers(10, 2).since(Answers(4, 1)) == Answers(6, 1)
    assert Answers(3, 1).since(Answers(400, 0)) == Answers(3, 1)
