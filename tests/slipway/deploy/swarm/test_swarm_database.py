"""The node of a Swarm that has the data."""

import pytest

from slipway.core.errors import Problem
from slipway.deploy.swarm import database
from tests.slipway.deploy.swarm.clusters import node
from tests.slipway.deploy.swarm.in_memory import spec


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


def test_a_database_begins_on_no_other_node_because_a_label_was_moved() -> None:
    made = spec("db")
    made["TaskTemplate"]["Placement"] = {"Constraints": ["node.labels.slipway.data == true", "node.hostname == n1"]}
    database.check_home(made, node("n1", "", "data"))
    said = r"made on n1, and n3 has the label .*--label-rm slipway.data n3; .*--label-add slipway.data=true n1\. Or.*"
    with pytest.raises(Problem, match=f"{said}--recreate-database"):
        database.check_home(made, node("n3", "", "data"))
    database.check_home(spec("db"), node("n3", "", "data"))  # as earlier versions have made it
