"""What clients can do from outside: to each other, and to whoever deploys."""

import logging
import shutil
from pathlib import Path

import pytest

from tests.e2e import attacks
from tests.e2e.attacks import Attack, Target, attack, streams
from tests.e2e.load import Load, under_load
from tests.e2e.production import after, all_is_stored, change, title, webs
from tests.e2e.support import commit, run
from tests.e2e.talk import done, token
from tests.support import Checkout, wait_for

log = logging.getLogger(__name__)
pytestmark = pytest.mark.minutes(4)

RATE = 50  # requests a second of those who mean well
# How often a second, how often in all in the short run and in the long one, and what is answered.
ATTACKS: list[tuple[Attack, float, int, int, set[str]]] = [
    (attacks.malformed, 4, 12, 80, {"400"}),
    (attacks.given_up, 4, 12, 80, {""}),
    (attacks.cut_off, 4, 12, 80, {"400"}),
    (attacks.slow_upload, 10, 10, 100, {"200"}),
    (attacks.slow_head, 100, 200, 200, {""}),
]


@pytest.fixture
def open_to_all(docker: Checkout) -> Checkout:
    """Give a production that has the endpoints of the tests as well."""
    shutil.copy(Path(__file__).parent / "endpoints.py", docker.root / "app/endpoints.py")
    docker.edit("app/main.py", "from app import docs, health", "from app import docs, endpoints, health")
    docker.edit(
        "app/main.py", "    app.include_router(health.router)",
        "    app.include_router(endpoints.router)\n    app.include_router(health.router)",
    )  # fmt: skip
    docker.edit("pyproject.toml", "settle = 1\n", "settle = 1\ndrain = 60\n")  # longer than all that is open
    commit(docker, "Add what the tests ask for")
    return docker


def figures(what: str, load: Load, since: int, answers: object) -> None:
    """Say how those who mean well fared (--log-cli-level=INFO); not judged, as a machine has other things to do."""
    sent = len(load.latencies) - since
    shares = [round(load.percentile(share, since), 3) for share in (0.5, 0.99, 1)]
    log.info("%s: %s; of %d requests beside it: median, p99, slowest %s s", what, answers, sent, shares)


@pytest.mark.parametrize("long", [False, pytest.param(True, marks=pytest.mark.full)], ids=["short", "long"])
def test_nobody_is_harmed_by_what_others_send(open_to_all: Checkout, long: bool) -> None:
    docker = open_to_all
    done(docker, "deploy", "--yes", "--bake", "0", WEB_CONCURRENCY="2")
    at, headers = Target(docker.url), token(docker.url)
    with under_load(docker.url, headers, RATE) as load, streams(at, 30 if long else 5) as open_:
        after(load, RATE)
        for kind, rate, few, many, expected in ATTACKS:
            before = len(load.latencies)
            found = attack(kind, at, rate, many if long else few)
            after(load, RATE)
            figures(kind.__name__, load, before, dict(found))
            assert set(found) == expected, kind
            assert load.failed == [], kind
        change(docker, "under attack")
        kinds = (attacks.malformed, attacks.given_up)
        with docker.start("deploy", "--yes", "--bake", "5") as process:
            while process.poll() is None:
                for kind in kinds:
                    attack(kind, at, 5, 5)
            last, _ = process.communicate()
        assert process.returncode == 0, last
        assert title(docker) == "Release under attack"
    all_is_stored(docker, load)
    assert open_.broken == []
    assert set(open_.done) == {"WebSocket", "events", "upload"}


def test_a_request_that_ends_its_worker_ends_one(open_to_all: Checkout) -> None:
    docker = open_to_all
    done(docker, "deploy", "--yes", "--bake", "0", WEB_CONCURRENCY="3")
    at, headers = Target(docker.url), token(docker.url)
    (container,) = webs()

    def died() -> int:
        return run("docker", "logs", container).count("exited with code 1")

    with under_load(docker.url, headers, RATE) as load:
        for ended in range(1, 6):
            assert attack(attacks.exits, at, 1, 1) == {"502": 1}
            wait_for(lambda ended=ended: died() == ended)  # type: ignore[misc]
        after(load, RATE)
    figures("exits", load, 0, f"{len(load.failed)} failed beside the 5 that end a worker")
    assert died() == 5
    assert len(load.failed) <= 5 * 8  # what a worker has taken at a moment: few of 50 a second
    assert all(one.startswith("502") for one in load.failed)
