"""The processes of a release beside web: on releases in memory."""

from dataclasses import replace
from typing import Any

import pytest

from slipway.core.errors import Problem
from slipway.deploy import ledger, plan, processes, recover, trial, watch
from slipway.deploy.facts import Options
from slipway.deploy.rollback import Rollback
from slipway.deploy.run import Deployer
from slipway.project.checkout import Checkout
from slipway.project.labels import SINGLE
from slipway.runtime.environment import Environment
from slipway.runtime.release import Release
from tests.slipway.deploy.in_memory import MemoryDeployment
from tests.slipway.deploy.mortal import KilledError, Mortal
from tests.slipway.deploy.support import MemoryReleases, entry, process, web

B = Options(tag="shop:b", bake=1)
BESIDE = {"scheduler": 1, "worker": 0}
Production = tuple[Checkout, Environment]


@pytest.fixture(autouse=True)
def at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """Have the bake window look once, and wait for nothing."""
    monkeypatch.setattr(watch, "moments", lambda seconds: iter([seconds]))


def live_with_processes(**how: Any) -> MemoryReleases:
    """Return releases of which a is live, with two workers and a scheduler; b has such as well."""
    found = MemoryReleases(beside_web=dict(BESIDE), **how)
    found.has(entry("a", replicas={"worker": 2, "scheduler": 1}))
    beside = {"worker": (process("a", "worker"), process("a", "worker", 1)), "scheduler": (process("a", "scheduler"),)}
    found.there["a"] = Release("a", {**found.there["a"].services, **beside})
    found.images.add("shop:b")
    return found


def deploy(production: Production, releases: Any, options: Options = B) -> ledger.Entry:
    """Deploy image b."""
    deployer = Deployer(*production, MemoryDeployment(releases), 8000)
    return deployer.deploy(deployer.gather(options), options)


def at_work(releases: MemoryReleases) -> dict[str, list[str]]:
    """Return which processes of which image are at work."""
    found = {one.image: [each.service for each in one.processes if each.running] for one in releases.all().values()}
    return {image: names for image, names in found.items() if names}


def test_new_ones_begin_once_web_is_well_and_old_ones_are_told_to_stop_at_the_switch(production: Production) -> None:
    releases = live_with_processes()
    done = deploy(production, releases)

    order = [what.replace(done.release, "b") for what in releases.done]
    wanted = ["start b", "asked b /", "start processes of b", "switch", "retire a", "seal", "stop a"]
    assert [what for what in order if what in wanted] == wanted
    assert at_work(releases) == {"shop:b": ["scheduler", "worker", "worker"]}  # as many as there were
    assert done.replicas == {"scheduler": 1, "worker": 2}


def test_ones_that_end_at_once_are_refused_and_the_old_ones_never_stopped(production: Production) -> None:
    releases = live_with_processes(ended={"shop:b"})
    with pytest.raises(Problem, match="The new release has a scheduler that ended with status 3") as raised:
        deploy(production, releases)

    assert "shop:a is live, as before (a)" in str(raised.value.message)
    assert not {"switch", "retire a"} & set(releases.done)
    assert at_work(releases) == {"shop:a": ["worker", "worker", "scheduler"]}


def test_one_that_ends_while_it_is_watched_takes_the_release_back(production: Production) -> None:
    releases = live_with_processes()
    _dies_after_the_switch(releases)
    with pytest.raises(Problem, match="has a worker that ended with status 3"):
        deploy(production, releases)

    assert at_work(releases) == {"shop:a": ["worker", "worker", "scheduler"]}
    assert releases.done.index("resume processes of a") < releases.done.index("remove " + _other(releases))


@pytest.mark.parametrize("dies", [True, False], ids=["ill", "good"])
def test_whenever_the_deployer_is_killed_some_are_at_work_and_the_next_one_puts_it_right(
    production: Production, dies: bool
) -> None:
    for at in range(400):
        releases, killed = live_with_processes(), False
        if dies:
            _dies_after_the_switch(releases)
        try:
            deploy(production, Mortal(releases, [at]))
        except KilledError:
            killed = True
        except Problem:
            assert dies
        working = {name for names in at_work(releases).values() for name in names}
        assert working >= ({"scheduler"} if dies else {"worker", "scheduler"}), at
        recover.recover(production[0].steps, releases)
        live = releases.pointer().release
        every = [one for each in releases.all().values() for one in each.processes if one.running]
        assert every == list(releases.there[live].processes), at
        if not killed:
            assert at > 50
            return
    raise AssertionError("it never came to its end")


def test_those_that_were_told_to_stop_before_the_release_came_back_are_at_work_again(production: Production) -> None:
    for at in range(400):
        releases, killed = live_with_processes(), False
        stopping = _stops_late(releases)
        _dies_after_the_switch(releases)
        try:
            deploy(production, Mortal(releases, [at]))
        except KilledError:
            killed = True
        except Problem:
            pass
        recover.recover(production[0].steps, releases)
        for release in stopping & releases.there.keys():  # the engine goes on with what it was told
            _ended(releases, release)
        live = releases.there[releases.pointer().release]
        assert all(one.running for one in live.processes), at
        if not killed:
            return
    raise AssertionError("it never came to its end")


def test_a_release_that_is_gone_back_to_has_its_own_at_work_again(production: Production) -> None:
    releases = live_with_processes()
    releases.beside_web = {}  # b has none
    deploy(production, releases)
    assert at_work(releases) == {}

    going = Rollback(*production, MemoryDeployment(releases), lambda: 8000)
    assert ("processes", "scheduler 0 -> 1, worker 0 -> 2") in going.plan()
    going.run(wait=False)
    assert at_work(releases) == {"shop:a": ["worker", "worker", "scheduler"]}
    assert releases.done.index("resume a") < releases.done.index("resume processes of a")


def test_the_plan_says_how_many_there_are_and_when_they_stop(production: Production) -> None:
    releases = live_with_processes()
    options = replace(B, replicas={"worker": 3})
    facts = Deployer(*production, MemoryDeployment(releases), 8000).look(options)
    rows = dict(plan.rows(facts, options))

    assert rows["processes"] == "scheduler 1 -> 1, worker 2 -> 3"
    assert (
        "smoke test, start scheduler, 3 of worker, switch, stop scheduler, 2 of worker of the old one" in rows["steps"]
    )


@pytest.mark.parametrize(
    ("asked", "said"),
    [
        ({"wroker": 2}, "there is no process 'wroker'; there are web, scheduler, worker"),
        ({"scheduler": 2}, "never two"),
    ],
    ids=["unknown", "two of one"],
)
def test_what_cannot_be_is_refused_before_anything_is_touched(
    production: Production, asked: dict[str, int], said: str
) -> None:
    releases = live_with_processes()
    with pytest.raises(Problem, match=said):
        deploy(production, releases, replace(B, replicas=asked))
    assert not [what for what in releases.done if what.startswith(("start", "stop", "retire"))]


def test_another_number_of_them_is_another_deployment(production: Production) -> None:
    releases = live_with_processes()
    deploy(production, releases)
    deployer = Deployer(*production, MemoryDeployment(releases), 8000)
    more = replace(B, replicas={"worker": 4})

    assert ("nothing", plan.rows(deployer.look(B), B)[0][1])[0] == plan.rows(deployer.look(B), B)[0][0]
    assert plan.rows(deployer.look(more), more)[0][0] == "now"


def test_the_health_of_a_single_one_counts_when_it_no_longer_waits() -> None:
    one = process("b", "scheduler")
    ill = replace(one, labels={**one.labels, SINGLE: "true"}, health="unhealthy")
    release = Release("b", {"web": (web("b"),), "scheduler": (ill,)})

    assert release.verdict(waits=True).ready
    assert trial.judged(release).wrong == "has a scheduler that is unhealthy"


@pytest.mark.parametrize("becomes", ["healthy", "starting", "unhealthy"])
def test_a_single_one_is_watched_until_it_is_well(
    production: Production, becomes: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(watch, "LOOK", 0.01)
    releases = live_with_processes()
    _has_health(releases, becomes)
    if becomes == "healthy":
        deploy(production, releases)
        assert at_work(releases) == {"shop:b": ["scheduler", "worker", "worker"]}
        return
    said = "was not well in 1 s after its turn" if becomes == "starting" else "has a scheduler that is unhealthy"
    with pytest.raises(Problem, match=said):
        deploy(production, releases)
    assert at_work(releases) == {"shop:a": ["worker", "worker", "scheduler"]}


def test_counts_are_as_asked_as_defined_as_before_or_one() -> None:
    defined = {"a": 0, "b": 3, "c": 0}
    assert processes.counts(defined, {"a": 2, "b": 2, "gone": 4}, {"b": 5}) == {"a": 2, "b": 5, "c": 1}


def _other(releases: MemoryReleases) -> str:
    return ledger.parse(releases.lines)[-1].release


def _dies_after_the_switch(releases: MemoryReleases) -> None:
    switch = releases.switch

    def and_one_ends(new: str, old: str, line: str) -> None:
        switch(new, old, line)
        services = releases.there[new].services
        dead = tuple(replace(one, running=False) for one in services["worker"])
        releases.there[new] = Release(new, {**services, "worker": dead})

    releases.switch = and_one_ends  # type: ignore[method-assign]


def _stops_late(releases: MemoryReleases) -> set[str]:
    # Whose processes the engine was told to stop; they run until somebody has waited for that.
    stopping: set[str] = set()

    def retired(release: Release) -> None:
        if release.id in stopping:
            stopping.remove(release.id)
            _ended(releases, release.id)

    releases.retire = lambda release: stopping.add(release.id)  # type: ignore[method-assign]
    releases.retired = retired  # type: ignore[method-assign]
    return stopping


def _ended(releases: MemoryReleases, release: str) -> None:
    releases._run(release, False, *releases.there[release].replicas)


def _has_health(releases: MemoryReleases, becomes: str) -> None:
    # A scheduler that waits for the old one, and is so once it has been looked at for some time after that.
    again, looks = releases.again, iter(range(1000))

    def look(release: str) -> Release | None:
        found = again(release)
        if not found or found.image != "shop:b" or "scheduler" not in found.services:
            return found
        health = becomes if "switch" in releases.done and next(looks) > 3 else "starting"
        one = found.services["scheduler"][0]
        ill = replace(one, health=health, labels={**one.labels, SINGLE: "true"})
        return Release(release, {**found.services, "scheduler": (ill,)})

    releases.again = look  # type: ignore[method-assign]
