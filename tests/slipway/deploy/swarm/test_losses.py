"""What is said of a Swarm's nodes, and what would happen if one of them went."""

from dataclasses import replace

import pytest

from slipway.core.errors import Problem
from slipway.deploy.swarm import cluster as seen
from slipway.deploy.swarm import drain, losses, scaling
from slipway.deploy.swarm.cluster import Disk, admits
from slipway.deploy.swarm.losses import CANNOT
from slipway.engine.swarm.nodes import Node
from slipway.runtime import State
from tests.slipway.deploy.swarm.clusters import DATABASE, GB, PROXY, SINGLE, WEB, cluster, node, service

THREE = [node("n1", "leader", "proxy", "data"), node("n2", "reachable", "proxy"), node("n3", "reachable")]
ONE_MANAGER = [THREE[0], node("n2", "", "proxy"), node("n3")]
TWO_MANAGERS = [THREE[0], THREE[1], node("n3")]
RUNS = {"web": "n1 n2 n3", "proxy": "n1 n2", "db": "n1"}
DECIDE = "2 of 3 managers decide on, no other one may go"
BOTH = "clients that come to it find nobody: n2 has the proxy as well"
DATABASE_AWAY = "the database is away until it is back"
STAYS = "web: 1 of 3 is away, and not started elsewhere"
GOES = "web: 1 of 3 starts elsewhere, the others go on"


@pytest.mark.parametrize(
    ("nodes", "name", "said"),
    [
        (THREE, "n1", [DATABASE_AWAY, BOTH, GOES, DECIDE]),
        (THREE, "n3", [GOES, DECIDE]),
        (ONE_MANAGER, "n3", [GOES]),
        (
            ONE_MANAGER,
            "n1",
            [DATABASE_AWAY, BOTH, STAYS, f"it is the only manager: {CANNOT}"],
        ),
        (
            TWO_MANAGERS,
            "n2",
            [
                "clients that come to it find nobody: n1 has the proxy as well",
                STAYS,
                f"the Swarm has no majority of managers: {CANNOT}",
            ],
        ),
        ([*THREE[:2], replace(THREE[2], state="down")], "n3", ["it is away already"]),
    ],
)  # fmt: skip
def test_what_a_loss_means(nodes: list[Node], name: str, said: list[str]) -> None:
    found = cluster(nodes, RUNS)
    assert losses.of_node(found, found.find(name)) == said


TWO = [node("n1", "leader"), node("n2")]


@pytest.mark.parametrize(
    ("nodes", "web", "more"),
    [
        (TWO, "n1 n1", 1), (TWO, "n1 n2", 0), (TWO, "n1 n1 n1", 1), (TWO, "n1 n1 n2", 0),
        (THREE, "n1 n1", 1), (THREE, "n3", 0), (THREE, "n1 n1 n2", 1), (THREE, "n1 n1 n1", 2),
        (THREE, "n1 n1 n2 n3", 0), (THREE, "n1 n1 n1 n2 n3", 1), (THREE, "n1 n1 n2 n2", 1), (THREE, "", 0),
        ([*TWO, node("n3", availability="drain")], "n1 n2 n1", 0),
    ],
)  # fmt: skip
def test_what_an_update_has_left_crowded_is_counted(nodes: list[Node], web: str, more: int) -> None:
    found = cluster(nodes, {"web": web, "proxy": "n1 n2", "db": "n1"})
    assert losses.uneven(found) == ({"web": more} if more else {})


def test_a_manager_that_does_not_answer_decides_nothing() -> None:
    away = [*THREE[:2], replace(THREE[2], manager="unreachable")]
    assert losses.managing(away, away[1]) == f"the Swarm has no majority of managers: {CANNOT}"
    five = [node(f"n{number}", "reachable") for number in range(5)]
    assert losses.managing(five, five[0]) == "4 of 5 managers decide on, 1 more may go"


@pytest.mark.parametrize(
    ("on", "name", "said"),
    [
        ({"web": "n3 n3 n3"}, "n3", ["web: 3 of 3 start elsewhere, and then end here"]),
        ({"web": "n2 n3 n3"}, "n3", ["web: 2 of 3 start elsewhere, and then end here"]),
        ({"web": "n2"}, "n3", ["nothing"]),
        ({"proxy": "n2"}, "n2", ["no proxy is left: clients find nobody"]),
        ({"proxy": "n1 n2", "db": "n2"}, "n1", ["clients that come to it find nobody: n2 has the proxy as well"]),
        ({"clock": "n1"}, "n1", ["clock is away until it is back"]),
        ({"mail": "n2"}, "n2", ["mail is away until it has started elsewhere"]),
        ({"foreign": "n2 n2"}, "n2", ["of others than shop-prod, 2 tasks run there"]),
    ],
)
def test_what_a_drain_means(on: dict[str, str], name: str, said: list[str]) -> None:
    mail, foreign = service("mail", 1, order="stop-first"), service("foreign", 2, deployment="other")
    found = cluster(THREE, on, WEB, PROXY, DATABASE, SINGLE, mail, foreign, here="")
    assert losses.of_node(found, found.find(name), drained=True) == said


def test_one_that_does_not_answer_may_be_drained_as_well() -> None:
    found = cluster([*THREE[:2], replace(THREE[2], state="down")], {"web": "n1 n2"})
    assert losses.of_node(found, found.find("n3"), drained=True) == [losses.RESTS]
    assert losses.refusal(found, found.find("n3"), False) == ""


def test_the_manager_that_is_asked_is_told_of() -> None:
    found = cluster(THREE, {})
    assert losses.of_node(found, THREE[0], drained=True) == [
        "no deployment can be told to this manager until it is back: name another one's context"
    ]


@pytest.mark.parametrize(
    ("on", "name", "database", "said"),
    [
        (RUNS, "n3", False, ""),
        (RUNS, "n2", False, ""),
        (RUNS, "n1", False, "If that is meant: ./inv drain n1 --database"),
        (RUNS, "n1", True, ""),
        ({"proxy": "n2"}, "n2", True, "docker node update --label-add slipway.proxy=true n1"),
        ({"web": "n1"}, "n1", False, ""),
    ],
)
def test_what_is_refused(on: dict[str, str], name: str, database: bool, said: str) -> None:
    found = cluster(THREE, on)
    why = losses.refusal(found, found.find(name), database)
    assert why.endswith(said)
    assert bool(why) is bool(said)


def test_a_node_that_rests_is_the_first_that_clients_could_come_to() -> None:
    found = cluster([THREE[0], replace(THREE[1], availability="drain"), THREE[2]], {"proxy": "n1"})
    assert losses.refusal(found, THREE[0], False).endswith("as well: ./inv drain n2 --back")


def test_the_last_node_is_not_drained() -> None:
    found = cluster([THREE[0], replace(THREE[1], availability="drain"), replace(THREE[2], state="down")], RUNS)
    assert "the only node at work" in losses.refusal(found, THREE[0], True)


def test_room_is_by_what_is_reserved_and_limits_are_told() -> None:
    big = service("web", 3, Reservations={"MemoryBytes": 5 * GB}, Limits={"MemoryBytes": 6 * GB})
    found = cluster(THREE, {"web": "n1 n2 n3"}, big)
    assert losses.crowded(found, THREE[2]) == [
        "web: 1 of 3 wait, no node has 5.0 GB to reserve",
        "what then runs elsewhere may take 18.0 GB by its limits, of 16.0 GB of memory",
    ]
    assert "./inv deploy --scale" in losses.refusal(found, THREE[2], False)
    small = service("web", 3, Reservations={"MemoryBytes": 3 * GB})
    assert losses.crowded(cluster(THREE, {"web": "n1 n2 n3"}, small), THREE[2]) == []


@pytest.mark.parametrize(
    ("on", "lacks"),
    [
        ("n1 n2 n2", {"web": 1}), ("n1 n1 n2 n2 n2 n2", {"web": 2}), ("n1 n2 n3", {}), ("n1 n2", {}),
        ("n1 n1 n1 n1 n2 n3", {"web": 1}), ("", {}),
    ],
)  # fmt: skip
def test_what_a_node_lacks_that_is_back(on: str, lacks: dict[str, int]) -> None:
    before = cluster(THREE, {"web": on, "proxy": "n1 n2", "db": "n1"})
    assert losses.missing(before, replace(THREE[2], version=9)) == lacks
    many = "".join(f"{count} of {part}" for part, count in lacks.items())
    told = f"n3 has {many} less than its share: ./inv drain n3 --back"
    assert [one for one in losses.shares(before) if one.startswith("n3")] == ([told] if many else [])


def test_what_can_be_started_before_it_ends() -> None:
    found = cluster(THREE, {"web": "n1 n1 n2", "proxy": "n1 n2", "db": "n1"})
    assert losses.replaceable(found, THREE[0]) == {"web": 2}
    assert losses.movable(found, THREE[0]) == {"web": 3}
    assert losses.wanted(found) == {"db": 1, "proxy": 2, "web": 3}
    assert losses.wanted(replace(found, nodes=[replace(THREE[0], availability="drain"), *THREE[1:]])) == {
        "proxy": 1, "web": 3
    }  # fmt: skip


def test_what_does_not_run() -> None:
    assert losses.lacking(cluster(THREE, RUNS)) == []
    rests = [replace(THREE[0], availability="drain"), *THREE[1:]]
    assert losses.lacking(cluster(rests, {"web": "n2", "proxy": "n2"})) == ["db: 0 of 1 run", "web: 1 of 3 runs"]


def test_what_is_waited_for() -> None:
    found = cluster(THREE, {"web": "n1 n2", "db": "n1"})
    assert drain.still(found, THREE[0], {"web": 3}, empty=True) == "2 still end on n1, web: 2 of 3 run"
    assert drain.still(found, THREE[2], {"web": 2}, empty=True) == ""
    assert drain.left_with(found, THREE[2]) == "n3: nothing of shop-prod runs there"
    lost = replace(found, nodes=[replace(THREE[0], state="down"), *THREE[1:]])  # since it was told to be drained
    assert drain.still(lost, THREE[0], {"web": 3}, empty=True) == "web: 2 of 3 run"
    told = "n1 is down, and what runs there is not known: it ends when n1 is back"
    assert drain.left_with(lost, THREE[0]) == told
    more = service("web", 5)
    labels = {**more.labels, scaling.USUAL: "3"}
    assert scaling.count_of(replace(more, spec={**more.spec, "Labels": labels})) == 3
    assert scaling.count_of(more) == 5


@pytest.mark.parametrize(
    ("constraint", "known"),
    [
        ("node.labels.slipway.data == true", True), ("node.labels.slipway.data==true", True),
        ("node.labels.zone == eu", False), ("node.labels.zone != eu", True), ("node.role == manager", True),
        ("node.hostname != n1", False), ("node.id == n1", True), ("engine.labels.ssd == true", True),
    ],
)  # fmt: skip
def test_constraints_are_read_as_the_swarm_reads_them(constraint: str, known: bool) -> None:
    assert admits(constraint, THREE[0]) is known


def test_a_node_in_a_row() -> None:
    found = cluster(THREE, {**RUNS, "web": "n1 n1 n2"})
    disk = Disk(60 * GB, 250 * GB)
    assert seen.row(found, THREE[0], disk) == (
        "n1", "ready", "leader, proxy, data", "26.1.5", "db, proxy, 2 of web", "60.0 GB of 250.0 GB free"
    )  # fmt: skip
    assert seen.row(found, THREE[2], None) == ("n3", "ready", "manager", "26.1.5", "nothing", "-")
    assert seen.described(found, THREE[2], None)["disk"] is None


@pytest.mark.parametrize(
    ("state", "availability", "word"),
    [
        ("ready", "active", "ready"), ("ready", "drain", "drained"), ("ready", "pause", "paused"),
        ("down", "active", "down"), ("unknown", "drain", "no answer"), ("disconnected", "active", "no answer"),
    ],
)  # fmt: skip
def test_how_a_node_is(state: str, availability: str, word: str) -> None:
    assert seen.state(node("n1", state=state, availability=availability)) == word


def test_engines_that_are_too_old_or_differ() -> None:
    old = node("n3", engine="24.0.7")
    assert seen.engines(THREE) == []
    assert seen.engines([*THREE[:2], old]) == [
        "n3: older than 25, the least that a deployment on a Swarm needs",
        "the nodes have different ones: 24.0.7 on n3; 26.1.5 on n1, n2",
    ]


def test_a_node_is_found_by_its_name_or_id() -> None:
    found = cluster([node("a", id="x1"), node("a", id="x2"), node("b", id="y")], {})
    assert found.find("b").id == found.find("y").id == "y"
    with pytest.raises(Problem, match=r"2 nodes are called 'a'\. Name it by its id: x1, x2"):
        found.find("a")
    with pytest.raises(Problem, match="No node is called 'c'; there are a, a, b"):
        found.find("c")


def test_a_production_is_told_of_with_the_nodes_that_do_not_answer() -> None:
    away = [node("n2", state="down"), node("n3", state="unknown"), node("n4", availability="drain")]
    (told,) = losses.lost([*ONE_MANAGER, *away]).items()
    assert told == ("nodes", State("lost", {"which": "n2 (down)", "more": "./inv nodes"}))
    assert losses.lost(ONE_MANAGER) == {}
