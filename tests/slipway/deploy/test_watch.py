"""When a release is ready, and when it is worse than the one before."""

from typing import Any

import pytest

from slipway.deploy.compose.proxy import Answers, count
from slipway.deploy.watch import judged, wait_ready, worse
from tests.slipway.engine.test_containers import container


def test_all_containers_have_to_be_ready_and_one_is_enough_to_fail() -> None:
    ready, starting, gone = container("healthy"), container("starting"), container("starting", running=False)
    assert judged([ready, ready]) == ""
    assert judged([ready, starting]) is None
    assert judged([starting, gone, ready]) == "ended with status 3"
    assert judged([]) == "is gone"


def test_out_of_memory_counts_though_the_container_goes_on() -> None:
    hungry = container("healthy")
    hungry["State"]["OOMKilled"] = True
    assert judged([hungry]) == "ran out of memory"


def test_waiting_ends_when_it_is_ready_and_settled() -> None:
    looks = iter([[container("starting")], [container("healthy")], [container("healthy")]])
    assert wait_ready(lambda: next(looks), 5, 0) == ""
    assert len(list(looks)) == 1

    seen: list[Any] = []

    def dies() -> list[dict[str, Any]]:
        seen.append(1)
        return [container("healthy", running=len(seen) < 4)]

    assert wait_ready(dies, 5, 60) == "ended with status 3"


def test_waiting_ends_at_the_limit() -> None:
    assert wait_ready(lambda: [container("starting")], 0, 0) == "was not ready in 0 s"


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


METRICS = """
caddy_http_request_duration_seconds_count{code="200",handler="request_body",method="GET",server="srv1"} 70
caddy_http_request_duration_seconds_count{code="200",handler="reverse_proxy",method="GET",server="srv1"} 60
caddy_http_request_duration_seconds_count{code="201",handler="reverse_proxy",method="POST",server="srv0"} 1.5e+01
caddy_http_request_duration_seconds_count{code="404",handler="reverse_proxy",method="GET",server="srv1"} 4
caddy_http_request_duration_seconds_count{code="500",handler="reverse_proxy",method="POST",server="srv1"} 2
caddy_http_request_duration_seconds_count{code="503",handler="reverse_proxy",method="GET",server="srv1"} 1
caddy_http_request_duration_seconds_count{code="503",handler="reverse_proxy",method="GET",server="internal"} 9
caddy_http_request_duration_seconds_sum{code="500",handler="reverse_proxy",method="POST",server="srv1"} 2
"""


def test_answers_are_those_that_clients_got_from_the_service() -> None:
    assert count(METRICS) == Answers(60 + 15 + 4 + 2 + 1, 3)
    assert count("") == Answers()


def test_a_proxy_that_was_started_anew_counts_from_nothing() -> None:
    assert Answers(10, 2).since(Answers(4, 1)) == Answers(6, 1)
    assert Answers(3, 1).since(Answers(400, 0)) == Answers(3, 1)
