"""A whole `inv deploy` on releases in memory: what is looked at, what is done, what is refused."""

import json
from contextlib import nullcontext
from dataclasses import replace

import pytest

from slipway.core.errors import Problem
from slipway.core.shell import Ran
from slipway.deploy import ledger
from slipway.deploy.facts import Options
from slipway.deploy.plan import steps
from slipway.deploy.run import Deployer
from slipway.project.checkout import Checkout
from slipway.project.tables import Hooks
from slipway.runtime import Job
from slipway.runtime.environment import Environment
from slipway.runtime.release import PROXY, Beside
from slipway.schema.answers import State
from slipway.schema.protocol import written
from tests.slipway.deploy.in_memory import MemoryDeployment
from tests.slipway.deploy.support import MemoryReleases, entry, web

B = Options(tag="shop:b", bake=0)


@pytest.fixture
def releases() -> MemoryReleases:
    """Give a deployment's releases, of which a is live, and an image b."""
    there = MemoryReleases().has(entry("a"))
    there.images.add("shop:b")
    return there


@pytest.fixture
def deploys(production: tuple[Checkout, Environment], releases: MemoryReleases) -> Deployer:
    """Give what deploys to these releases."""
    return Deployer(*production, MemoryDeployment(releases), 8000)


def outcomes(releases: MemoryReleases) -> list[tuple[str, str]]:
    """Return which images the ledger knows, and how each deployment ended."""
    return [(one.image, one.outcome) for one in ledger.parse(releases.lines)]


def test_an_image_takes_the_place_of_what_is_live_and_is_not_deployed_twice(
    deploys: Deployer, releases: MemoryReleases
) -> None:
    done = deploys.deploy(deploys.gather(B), B)

    assert done.image == "shop:b"
    assert outcomes(releases) == [("shop:a", "live"), ("shop:b", "live")]
    assert [(one.id == done.release, one.running) for one in releases.all().values()] == [(False, False), (True, True)]
    assert set(done.settings) == {"LOG_FORMAT"}

    releases.done.clear()
    again = deploys.deploy(deploys.gather(B), B)
    assert again.release == done.release
    assert not [what for what in releases.done if what.startswith(("start", "stop", "remove"))]


def test_why_clients_share_an_address_is_among_the_facts(deploys: Deployer, releases: MemoryReleases) -> None:
    assert deploys.look(B).sharing == ""
    releases.proxy.shared = "Docker Desktop hides theirs"
    assert deploys.look(B).sharing == "Docker Desktop hides theirs"


@pytest.fixture
def migrating(production: tuple[Checkout, Environment], releases: MemoryReleases) -> Deployer:
    """Give what deploys a project with migrations; of its database, image b says that nothing is pending."""
    checkout, environment = production
    checkout = replace(checkout, project=replace(checkout.project, migrations="alembic"))
    deployment = MemoryDeployment(releases, answers={"shop:b": json.loads(written(State(at=("0002",))))})
    return Deployer(checkout, environment, deployment, 8000)


def test_why_nothing_is_said_of_the_schema_is_among_the_facts(
    migrating: Deployer, deploys: Deployer, releases: MemoryReleases
) -> None:
    found = migrating.look(B)
    assert (found.untold, found.schema and found.schema.at) == ("", ("0002",))
    releases.proxy.defined = "start"
    assert migrating.look(B).untold == "the deployment's network is there"
    migrating.deployment.database.is_up = False  # type: ignore[attr-defined]
    for found in (migrating.look(B), migrating.gather(B)):
        assert (found.untold, found.schema) == ("the database runs", None)
    assert migrating.look(Options()).untold == "the image is built"
    assert deploys.look(Options()).untold == ""  # it has no migrations


def test_looking_changes_nothing(deploys: Deployer, releases: MemoryReleases) -> None:
    before = releases.lines
    facts = deploys.look(B)
    assert (facts.live and facts.live.id, facts.image and facts.image.reference) == ("a", "shop:b")
    assert (releases.lines, releases.done) == (before, [])


def test_what_is_left_of_a_killed_deployment_goes_first(deploys: Deployer, releases: MemoryReleases) -> None:
    releases.there["b0"] = MemoryReleases().has(entry("b0")).there["b0"]
    deploys.gather(B)
    assert releases.done[:2] == ["remove b0", "tidied"]


def test_a_service_of_a_release_whose_web_is_gone_is_stopped_all_the_same(
    deploys: Deployer, releases: MemoryReleases
) -> None:
    rest = {"web": (web("a", running=False),), "worker": (web("a"),)}
    releases.there["a"] = type(releases.there["a"])("a", rest)
    deploys.deploy(deploys.gather(B), B)
    assert "stop a" in releases.done


def test_a_full_disk_is_told_before_anything_is_started(deploys: Deployer, releases: MemoryReleases) -> None:
    releases.free = 999_999_999
    with pytest.raises(Problem, match=r"1000\.0 MB left on its disk; a deployment asks for 1\.0 GB.*docker system df"):
        deploys.gather(B)
    assert releases.live() is not None
    releases.free = 1_000_000_000
    assert deploys.gather(B).image


def test_what_is_live_is_told_when_nothing_was_begun(deploys: Deployer, releases: MemoryReleases) -> None:
    releases.free = 1
    with pytest.raises(Problem) as raised:
        deploys.gather(B)
    assert str(raised.value.message).endswith("docker system df\nshop:a is live, as before (a).")
    with pytest.raises(Problem) as looked:
        deploys.look(B)
    assert str(looked.value.message).endswith("docker system df")


def test_a_port_that_the_proxy_needs_and_another_has_is_told(deploys: Deployer, releases: MemoryReleases) -> None:
    deploys.deployment.service.taken.add(8000)  # type: ignore[attr-defined]
    assert deploys.gather(B)  # the proxy runs, and stays
    releases.proxy.defined = "start"
    with pytest.raises(Problem, match="port 8000 is taken"):
        deploys.gather(B)


def test_a_database_is_made_anew_when_told_and_changed(deploys: Deployer) -> None:
    database = deploys.deployment.database
    database.outdated = True  # type: ignore[attr-defined]
    deploys.deploy(deploys.gather(B), B)
    assert database.is_outdated(8000)
    told = Options("b", recreate_database=True)
    deploys.deploy(deploys.gather(told), told)
    assert not database.is_outdated(8000)


def test_the_ledger_has_the_images_beside_a_release_as_they_are_when_it_is_live(
    deploys: Deployer, releases: MemoryReleases
) -> None:
    caddy = Beside(PROXY, "caddy:2", ("sha256:1",), ("sha256:2",))
    releases.others = (caddy,)
    done = deploys.deploy(deploys.gather(B), B)
    assert done.beside == {"caddy:2": "sha256:1"}
    assert deploys.gather(B).proxy == ""

    told = Options("shop:b", bake=0, recreate_proxy=True)
    facts = deploys.gather(told)
    assert facts.proxy == "recreate"
    releases.others = (Beside(PROXY, "caddy:2", ("sha256:2",), ("sha256:2",)),)
    assert deploys.deploy(facts, told) == replace(done, beside={"caddy:2": "sha256:2"})
    assert ledger.of_release(ledger.parse(releases.lines), done.release) == replace(
        done, beside={"caddy:2": "sha256:2"}
    )
    assert len(ledger.parse(releases.lines)) == 2  # a line takes the place of another
    assert deploys.gather(told).proxy == ""  # there is nothing to take up


def test_a_proxy_is_made_anew_once_the_release_that_comes_is_good(deploys: Deployer, releases: MemoryReleases) -> None:
    releases.proxy.defined = "recreate"
    releases.becomes["shop:b"] = "unhealthy"
    with pytest.raises(Problem, match="is unhealthy"):
        deploys.deploy(deploys.gather(B), B)
    assert "proxy started" not in releases.done

    releases.becomes.clear()
    releases.done.clear()
    new = deploys.deploy(deploys.gather(B), B).release
    began = releases.done.index(f"start {new}")
    assert releases.done[began : began + 4] == [f"start {new}", f"asked {new} /", "proxy started", "switch"]


def test_a_proxy_that_was_made_anew_is_told_of_when_the_release_fails(
    deploys: Deployer, releases: MemoryReleases
) -> None:
    releases.proxy.defined = "recreate"
    releases.fails["switch"] = Problem("it failed")
    with pytest.raises(Problem) as raised:
        deploys.deploy(deploys.gather(B), B)
    assert "shop:a is live, as before (a). The proxy stays as it was made anew." in str(raised.value.message)


def test_what_is_live_is_told_when_the_proxy_alone_changes_and_fails(
    deploys: Deployer, releases: MemoryReleases, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(configuration: str, port: int) -> None:
        raise Problem("no memory")

    deploys.deploy(deploys.gather(B), B)
    releases.proxy.defined = "recreate"
    monkeypatch.setattr(releases.proxy, "start", fail)
    with pytest.raises(Problem) as raised:
        deploys.deploy(deploys.gather(B), B)
    live = releases.pointed.release
    assert raised.value.message == f"no memory\nshop:b is live, as before ({live}). Once it is mended: ./inv deploy"


def test_a_database_that_goes_away_meanwhile_is_told(
    deploys: Deployer, releases: MemoryReleases, monkeypatch: pytest.MonkeyPatch
) -> None:
    facts = deploys.gather(B)
    releases.becomes["shop:b"] = "unhealthy"
    monkeypatch.setattr(deploys.deployment.database, "start", lambda: None)
    monkeypatch.setattr(deploys.deployment.database, "is_up", False)

    with pytest.raises(Problem) as raised:
        deploys.deploy(facts, B)

    assert str(raised.value.message).splitlines()[-1] == "it is away: start it"


def test_an_image_that_nobody_has_is_told(deploys: Deployer, releases: MemoryReleases) -> None:
    with pytest.raises(Problem, match=r"There is no image shop:9\.9\.9"):
        deploys.gather(Options(tag="9.9.9"))


def test_more_than_is_kept_is_removed_with_its_image(deploys: Deployer, releases: MemoryReleases) -> None:
    for name in "bcdef":
        releases.images.add(f"shop:{name}")
        options = Options(tag=f"shop:{name}", bake=0)
        deploys.deploy(deploys.gather(options), options)
    assert len(releases.there) == 1 + 3
    assert releases.images.removed == ["shop:a", "shop:b"]


@pytest.mark.parametrize("status", [0, 3], ids=["done", "failed"])
def test_what_comes_after_a_migration_comes_before_the_release(
    production: tuple[Checkout, Environment], releases: MemoryReleases, status: int
) -> None:
    class Seeding(MemoryDeployment):
        def run(self, job: Job) -> Ran:
            releases.done.append(f"{self.asked[-1]}: {' '.join(job.argv)}")
            return Ran(status)

    checkout, environment = production
    checkout = replace(checkout, project=replace(checkout.project, hooks=Hooks(("python seed.py",))))
    deployer = Deployer(checkout, environment, Seeding(releases), 8000)
    facts = deployer.gather(B)
    assert steps(facts, B)[0] == "run 'python seed.py'"

    with pytest.raises(Problem, match=r"'python seed\.py' of after-migrate") if status else nullcontext():
        deployer.deploy(facts, B)

    done = [what for what in releases.done if what.startswith(("shop:b", "start"))]
    assert done[0] == "shop:b: python seed.py"
    assert len(done) == (1 if status else 2)
    assert releases.pointed.release != "a" or status
