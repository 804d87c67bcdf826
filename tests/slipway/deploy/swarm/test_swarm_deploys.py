"""Deployments to a Swarm in memory: good ones, bad ones, and whoever is at it killed before and after each change."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from slipway.core.errors import Problem
from slipway.deploy import ledger, recover, watch
from slipway.deploy.facts import Options
from slipway.deploy.rollback import Rollback
from slipway.deploy.run import Deployer
from slipway.deploy.swarm import spread
from slipway.engine.swarm import services
from slipway.project.checkout import Checkout
from slipway.runtime.environment import Environment
from slipway.runtime.release import Answers
from tests.slipway.deploy.in_memory import MemoryDeployment
from tests.slipway.deploy.mortal import KilledError
from tests.slipway.deploy.swarm.in_memory import MemoryApi, api, kill, revive
from tests.slipway.deploy.swarm.releases_in_memory import SwarmReleasesInMemory

Production = tuple[Checkout, Environment]
MOST = 200  # changes of a deployment, and more


@pytest.fixture(autouse=True)
def at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """Look once, and wait for nothing."""
    monkeypatch.setattr(watch, "moments", lambda seconds: iter([seconds]))
    monkeypatch.setattr(spread, "LOOK", 0)


@pytest.fixture
def releases(tmp_path: Path, production: Production) -> SwarmReleasesInMemory:
    """Give a deployment of which a is live, with two of web."""
    return live(tmp_path, production)


def live(root: Path, production: Production) -> SwarmReleasesInMemory:
    found = SwarmReleasesInMemory(MemoryApi(), root)
    for image in ("shop:a", "shop:b", "shop:c"):
        found.images.add(image)
    deploy(production, found, "shop:a", scale=2)
    return found


def deploy(production: Production, releases: Any, image: str, scale: int = 0) -> ledger.Entry:
    deployer = Deployer(*production, MemoryDeployment(releases), 8000)
    options = Options(tag=image, bake=1, scale=scale)
    return deployer.deploy(deployer.gather(options), options)


def rollback(production: Production, releases: Any) -> ledger.Entry:
    return Rollback(*production, MemoryDeployment(releases), lambda: 8000, hooks=False).run(wait=False)


def images(releases: SwarmReleasesInMemory) -> dict[str, str]:
    """Return what each service is made of."""
    there = releases.parts.all().values()
    return {one.name: one.spec["TaskTemplate"]["ContainerSpec"]["Image"] for one in there}


def all_of(image: str) -> dict[str, str]:
    return {"shop-prod_web": image, "shop-prod_worker": image}


def test_a_release_takes_the_place_of_another(production: Production, releases: SwarmReleasesInMemory) -> None:
    deploy(production, releases, "shop:b")
    assert images(releases) == all_of("shop:b")
    assert releases.live().scale == 2  # type: ignore[union-attr]
    rollback(production, releases)
    assert images(releases) == all_of("shop:a")
    entries = ledger.parse(releases.ledger())
    assert [(one.what, one.outcome) for one in entries] == [
        ("deploy", "live"),
        ("deploy", "live"),
        ("rollback", "live"),
    ]


def test_one_that_is_not_ready_never_comes_to_clients(production: Production, releases: SwarmReleasesInMemory) -> None:
    releases.memory.state = lambda name, spec: "failed" if "shop:b" in str(spec) else "running"
    changes = len(releases.memory.done)
    with pytest.raises(Problem, match="The new release ended with status 0"):
        deploy(production, releases, "shop:b")
    assert images(releases) == all_of("shop:a")
    assert not any("update" in one for one in releases.memory.done[changes:])


def test_one_whose_clients_get_errors_is_taken_back(production: Production, releases: SwarmReleasesInMemory) -> None:
    releases.counts["shop:b"] = [Answers(), Answers(100, 8)]
    with pytest.raises(Problem, match="fails 8 of 100 requests"):
        deploy(production, releases, "shop:b")
    assert images(releases) == all_of("shop:a")
    assert ledger.parse(releases.ledger())[-1].outcome == "flipped back"


def test_what_the_swarm_takes_back_by_itself_is_told(production: Production, releases: SwarmReleasesInMemory) -> None:
    look = releases.proxy.look

    def late() -> Any:
        if releases.pointer().release != first:
            releases.memory.roll_back("shop-prod_web")
        return look()

    first = releases.pointer().release
    releases.proxy.look = late  # type: ignore[method-assign]
    with pytest.raises(Problem, match="The Swarm has rolled it back"):
        deploy(production, releases, "shop:b")
    assert images(releases) == all_of("shop:a")
    assert ledger.parse(releases.ledger())[-1].outcome == "rolled back"
    releases.proxy.look = look  # type: ignore[method-assign]
    deploy(production, releases, "shop:c")  # what was noted of it is over
    assert images(releases) == all_of("shop:c")


Verb = Callable[[Production, SwarmReleasesInMemory], object]


def to_b(production: Production, releases: SwarmReleasesInMemory) -> object:
    return deploy(production, releases, "shop:b")


def to_a_bad_one(production: Production, releases: SwarmReleasesInMemory) -> object:
    releases.counts["shop:b"] = [Answers(), Answers(100, 8)]
    return deploy(production, releases, "shop:b")


def there_and_back(production: Production, releases: SwarmReleasesInMemory) -> object:
    deploy(production, releases, "shop:b")
    return rollback(production, releases)


@pytest.mark.parametrize("verb", [to_b, to_a_bad_one, there_and_back])
@pytest.mark.parametrize("late", [False, True], ids=["before", "after"])
def test_whenever_the_deployer_is_killed_web_goes_on_and_the_next_one_puts_it_right(
    tmp_path: Path, production: Production, verb: Verb, late: bool
) -> None:
    for at in range(MOST):
        releases, killed = live(tmp_path, production), False
        kill(releases.memory, at, late)
        try:
            verb(production, releases)
        except KilledError:
            killed = True
        except Problem:
            assert verb is to_a_bad_one
        revive(releases.memory)
        web = services.tasks_of(api(releases.memory), releases.parts.find("web").id)  # type: ignore[union-attr]
        assert sum(one.is_running for one in web) == 2, at
        recover.recover(production[0].steps, releases)
        live_one = releases.live()
        assert live_one, at
        assert images(releases) == all_of(live_one.image), at
        assert live_one.ready, at
        entries = ledger.parse(releases.ledger())
        assert ledger.of_release(entries, live_one.id), at
        assert {*releases.records()} <= {one.release for one in ledger.good(entries)}, at
        if not killed:
            assert at > 8
            return
    raise AssertionError("it never came to its end")
