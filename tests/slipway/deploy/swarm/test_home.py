"""The node of a Swarm that has the data: the one with the label, and no other once something has its volume there."""

import pytest

from slipway.core.errors import Problem
from slipway.deploy.swarm.home import Home, at_work
from slipway.deploy.swarm.store import Store
from tests.slipway.deploy.swarm.clusters import node
from tests.slipway.deploy.swarm.in_memory import MemoryApi, api


@pytest.fixture
def memory() -> MemoryApi:
    """Give a Swarm of two nodes, of which the first has the label."""
    made = MemoryApi()
    made.node("n1", **{"slipway.data": "true"})
    made.node("n2")
    return made


@pytest.fixture
def home(memory: MemoryApi) -> Home:
    return Home(api(memory), Store(api(memory), "shop-prod", lambda: True))


def give(memory: MemoryApi, *names: str) -> None:
    """Give the label to nodes, and to no other ones."""
    for name, one in memory.there["nodes"].items():
        one["Spec"]["Labels"] = {"slipway.data": "true"} if name in names else {}


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
        at_work(node("n3", "", "data", **how))


def test_one_node_has_the_label(memory: MemoryApi, home: Home) -> None:
    assert home.node().name == "n1"
    assert home.constraints() == ("node.labels.slipway.data == true", "node.hostname == n1")
    give(memory, "n1", "n2")
    with pytest.raises(Problem, match=r"n1, n2 have the label .*--label-rm slipway\.data NODE"):
        home.node()
    give(memory)
    with pytest.raises(Problem, match=r"No node has the label .*--label-add slipway\.data=true n1"):
        home.node()


def test_until_something_has_its_volume_there_the_label_may_move(memory: MemoryApi, home: Home) -> None:
    give(memory, "n2")
    assert home.constraints()[1] == "node.hostname == n2"


def test_nothing_begins_anew_where_the_label_was_moved_to(memory: MemoryApi, home: Home) -> None:
    home.note()
    home.note()
    give(memory, "n2")
    given_back = r"--label-rm slipway\.data n2; .*--label-add slipway\.data=true n1\. Or"
    for asked in (home.node, home.note, home.constraints):
        with pytest.raises(
            Problem, match=rf"The data is on n1, and n2 has the label .*{given_back}.*docker config rm "
        ):
            asked()
    give(memory, "n1")
    assert home.node().name == "n1"
    (config,) = memory.named("configs")
    assert home.store.drop("mark", "home")  # as the message says, once the volumes are there
    assert config == "shop-prod.mark.home"
    give(memory, "n2")
    home.note()
    assert home.store.get("mark", "home") == "n2"
