"""What a deployment does with what stands beside it, and says of that."""

import pytest

from slipway.deploy import plan
from slipway.deploy.facts import Options, is_nothing
from slipway.deploy.run import Deployer
from slipway.project.checkout import Checkout
from slipway.runtime.environment import Environment
from tests.slipway.deploy.in_memory import MemoryCompanions, MemoryDeployment
from tests.slipway.deploy.support import MemoryReleases, entry

B = Options(tag="shop:b", bake=0)


@pytest.fixture
def beside() -> MemoryCompanions:
    """Give a cache that is new, and a queue that was made otherwise."""
    return MemoryCompanions(("cache", "mail", "queue"), absent=("cache",), outdated=("queue",))


@pytest.fixture
def deploys(production: tuple[Checkout, Environment], beside: MemoryCompanions) -> Deployer:
    """Give what deploys beside them."""
    releases = MemoryReleases().has(entry("a"))
    releases.images.add("shop:b")
    return Deployer(*production, MemoryDeployment(releases, companions=beside), 8000)


def test_what_does_not_run_is_started_and_the_rest_stays(deploys: Deployer, beside: MemoryCompanions) -> None:
    facts = deploys.look(B)
    said = dict(plan.rows(facts, B))
    assert said["companions"] == (
        "cache to be started; queue as before; what defines it has changed since: ./inv deploy --recreate queue"
    )
    assert "start cache" in said["steps"].split(", ")
    deploys.deploy(deploys.gather(B), B)
    assert beside.done == ["cache"]
    assert is_nothing(deploys.look(B), B)


def test_one_is_made_anew_when_that_is_asked_for_also_where_nothing_else_is_new(
    deploys: Deployer, beside: MemoryCompanions
) -> None:
    deploys.deploy(deploys.gather(B), B)
    asked = Options(tag="shop:b", bake=0, recreate=("queue",))
    facts = deploys.look(asked)
    assert not is_nothing(facts, asked)
    said = dict(plan.rows(facts, asked))
    assert said["companions"] == "queue made anew: away for some seconds"
    assert said["steps"] == "start queue, the release stays"
    deploys.deploy(deploys.gather(asked), asked)
    assert beside.done == ["cache", "queue"]
    assert "companions" not in dict(plan.rows(deploys.look(B), B))
