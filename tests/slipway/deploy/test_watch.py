"""When a release is ready, and when it is worse than the one before."""

import pytest

from slipway.deploy.watch import wait_ready, worse
from slipway.engine.containers import EARLY, READY, Verdict
from slipway.runtime.release import Answers


def test_waiting_ends_when_it_is_ready_and_settled() -> None:
    looks = iter([EARLY, READY, READY])
    assert wait_ready(lambda: next(looks), 5, 0) == ""
    assert len(list(looks)) == 1

    seen: list[int] = []

    def dies() -> Verdict:
        seen.append(1)
        return READY if len(seen) < 4 else Verdict(wrong="ended with status 3")

    assert wait_ready(dies, 5, 60) == "ended with status 3"


def test_waiting_ends_at_the_limit() -> None:
    assert wait_ready(lambda: EARLY, 0, 0) == "was not ready in 0 s"


@pytest.mark.parametrize(
    ("before", "since", "bad"),
    [
        (Answers(1000, 0), Answers(100, 0), False),
        (Answers(1000, 0), Answers(3, 2), False),  # too few to tell
        (Answers(1000, 0), Answers(4, 3), True),
        (Answers(1000, 0), Answers(200, 4), False),  # 2 %
        (Answers(1000, 0), Answers(200, 5), True),
        (Answers(1000, 300), Answers(100, 60), False),  # it was not much better before
        (Answers(1000, 300), Answers(100, 61), True),
        (Answers(), Answers(), False),
    ],
)
def test_worse(before: Answers, since: Answers, bad: bool) -> None:
    assert worse(before, since, 2) == (f"answers {since.failed} of {since.all} requests with 5xx" if bad else "")


def test_a_proxy_that_was_started_anew_counts_from_nothing() -> None:
    assert Answers(10, 2).since(Answers(4, 1)) == Answers(6, 1)
    assert Answers(3, 1).since(Answers(400, 0)) == Answers(3, 1)
