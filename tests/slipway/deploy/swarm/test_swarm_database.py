"""The node of a Swarm that has the data."""

import pytest

from slipway.core.errors import Problem
from slipway.deploy.swarm import database
from tests.slipway.deploy.swarm.clusters import node


@pytest.mark.parametrize(
    ("how", "said"),
    [
        ({"state": "down"}, r"n3, on which the data is, is not at work \(down\): .*: \./inv nodes$"),
        ({"state": "unknown"}, r"is not at work \(no answer\): .*: \./inv nodes$"),
        ({"availability": "drain"}, r"is not at work \(drained\): .*: \./inv drain n3 --back$"),
        ({"availability": "pause"}, r"is not at work \(paused\): .*: \./inv drain n3 --back$"),
    ],
)
def test_nothing_is_deployed_while_the_node_of_the_data_is_away(how: dict[str, str], said: str) -> None:
    with pytest.raises(Problem, match=said):
        database.at_work(node("n3", "", "data", **how))


def test_one_at_work_is_the_one() -> None:
    assert database.at_work(node("n3", "", "data")).name == "n3"
