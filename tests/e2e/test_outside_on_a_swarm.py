"""What is done from outside to a production on a Swarm of several nodes, and to who is there beside."""

from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor

import httpx2
import pytest

from tests.e2e import attacks, outside, repeated
from tests.e2e.attacks import Target, streams
from tests.e2e.load import under_load
from tests.e2e.outside import ATTACKS, GATEWAYS, RATE, figures
from tests.e2e.production import after
from tests.e2e.registries import Registry
from tests.e2e.support import commit
from tests.e2e.swarm import NODES, Swarm, ask_there, live, on_swarm
from tests.e2e.talk import token
from tests.support import Checkout, wait_for

pytestmark = [pytest.mark.full, pytest.mark.minutes(8)]
SOON = 30  # seconds after which what may be repeated is; all are sent in less


@pytest.fixture
def swarm(docker: Checkout, plain: Registry) -> Iterator[Swarm]:
    """Give a cluster of three nodes, and the release with the endpoints of the tests in the registry."""
    outside.open_to_all(docker)
    docker.edit("pyproject.toml", "idempotent = [", f"repeat-after = {SOON}\nidempotent = [")
    commit(docker, "Repeat soon")
    with on_swarm(docker, plain) as made:
        made.push("r1")
        yield made


def test_nobody_is_harmed_by_what_others_send(swarm: Swarm) -> None:
    env = {"WEB_CONCURRENCY": "2", "TRUSTED_PROXIES": GATEWAYS, "LOGIN_ATTEMPTS_PER_CLIENT": "3"}
    swarm.deploy("r1", "--scale", "3", "--bake", "0", "--force")
    outside.nobody_is_believed(swarm.base("n2"))
    swarm.deploy("r1", "--scale", "3", "--bake", "0", "--force", **env)
    for node in NODES[:2]:
        wait_for(lambda node=node: outside.seen(swarm.base(node))["client"] == "203.0.113.9")  # type: ignore[misc]
    outside.a_proxy_is_believed(swarm.base("n2"))

    at = Target(swarm.base())
    swarm.push_another("r2", like="r1")
    with under_load(swarm.base("n2"), token(swarm.base("n2")), RATE) as load, streams(at, 5) as open_:
        after(load, RATE)
        outside.they_are_harmless(at, load, ATTACKS, False, lambda: "")
        before = len(load.latencies)
        with swarm.docker.start(
            "deploy", "--yes", "--tag", "r2", "--bake", "5", DOCKER_CONTEXT=swarm.context, **env
        ) as process:
            outside.attacked_until_it_ends(process, at)
        figures("a deployment", load, before, "live")
    assert load.failed == [], load.failed[:5]
    assert int(ask_there(swarm, "SELECT count(*) FROM posts")) == len(load.stored)
    assert str(live(swarm)["image"]).partition("@")[0].endswith(":r2")
    assert [one for one in open_.broken if "code=1012" not in one] == []  # a task that ends tells WebSockets so
    assert set(open_.done) == {"WebSocket", "events", "upload"}


def test_a_request_that_ends_its_worker_ends_one(swarm: Swarm) -> None:
    swarm.deploy("r1", "--scale", "3", "--bake", "0", WEB_CONCURRENCY="2")
    containers = swarm.containers("web")

    def died() -> int:
        logs = (swarm.nodes.docker(node, "logs", name) for node, name in containers)
        return sum(log.count("exited with code 1") for log in logs)

    outside.each_ends_one_worker(swarm.base(), token(swarm.base()), attacks.exits, 5, died)
    outside.one_with_a_key_ends_two(swarm.base(), died)
    a_node_falls_silent(swarm, containers)


def a_node_falls_silent(swarm: Swarm, containers: list[tuple[str, str]]) -> None:
    """Let the power of a node go that is at requests of each kind: others answer those that may be repeated."""
    for node, name in containers:
        swarm.nodes.docker(node, "exec", name, "mkdir", repeated.STAY)

    def at(one: tuple[str, str]) -> int:
        return len(swarm.nodes.docker(one[0], "exec", one[1], "ls", repeated.STAY).split())

    def staying() -> list[int]:
        with ThreadPoolExecutor(3) as pool:
            return list(pool.map(at, containers))

    url = f"{swarm.base()}/tests/stay"
    kinds: list[tuple[str, dict[str, str]]] = [("POST", repeated.key()), ("GET", {}), ("POST", {})]
    with ThreadPoolExecutor(9) as pool:
        sent: list[Future[int]] = []
        for number, (method, headers) in enumerate([kind for kind in kinds for _ in containers], 1):
            sent.append(pool.submit(status, method, url, headers))
            wait_for(lambda number=number: sum(staying()) == number)  # type: ignore[misc]  # the least busy gets the next
        assert staying() == [3, 3, 3]
        for node, name in containers:
            if node != "n3":
                swarm.nodes.docker(node, "exec", name, "rm", "-r", repeated.STAY)
        swarm.nodes.cut("n3")
        swarm.nodes.kill("n3")
        found = [one.result() for one in sent]
    assert found[:6] == [200] * 6
    assert sorted(found[6:]) == [0, 200, 200]


def status(method: str, url: str, headers: dict[str, str]) -> int:
    """Return the status of an answer; 0 when none comes for longer than one that is repeated takes."""
    try:
        return httpx2.request(method, url, headers=headers, timeout=SOON + 20).status_code
    except httpx2.ReadTimeout:
        return 0
