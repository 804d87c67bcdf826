"""Releases that have no web: on releases in memory."""

import contextlib
from dataclasses import replace
from typing import Any

import pytest

from slipway.core.errors import Problem
from slipway.deploy import ledger, plan, recover, watch
from slipway.deploy.facts import Options
from slipway.deploy.rollback import Rollback
from slipway.deploy.run import Deployer
from slipway.project.checkout import Checkout
from slipway.project.processes import Process
from slipway.runtime.environment import Environment
from slipway.runtime.release import Look
from tests.slipway.deploy.in_memory import MemoryDeployment
from tests.slipway.deploy.mortal import KilledError, Mortal
from tests.slipway.deploy.support import MemoryReleases, a_release, entry, process

B = Options(tag="shop:b", bake=1)
BOTS = {"bot": 2, "ticker": 1}
Production = tuple[Checkout, Environment]


@pytest.fixture(autouse=True)
def at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """Have the bake window look once, and wait for nothing."""
    monkeypatch.setattr(watch, "moments", lambda seconds: iter([seconds]))


@pytest.fixture
def webless(production: Production) -> Production:
    """Give a project without web, and its production."""
    checkout, environment = production
    project = replace(checkout.project, asgi="", processes={"bot": Process("bot"), "ticker": Process("ticker")})
    return replace(checkout, project=project), environment


def bots(**how: Any) -> MemoryReleases:
    """Return releases without web of which a is live, with two bots and a ticker; b has such as well."""
    found = MemoryReleases(beside_web={"bot": 0, "ticker": 1}, **how)
    found.has(entry("a", scale=0, replicas=dict(BOTS)))
    found.images.add("shop:b")
    return found


def deploy(webless: Production, releases: Any, options: Options = B) -> ledger.Entry:
    """Deploy image b."""
    deployer = Deployer(*webless, MemoryDeployment(releases), 8000)
    return deployer.deploy(deployer.gather(options), options)


def going_back(webless: Production, releases: Any, to: str = "") -> Rollback:
    """Return a rollback."""
    return Rollback(*webless, MemoryDeployment(releases), lambda: 8000, to)


def at_work(releases: MemoryReleases) -> dict[str, list[str]]:
    """Return which processes of which image are at work."""
    found = {one.image: [each.service for each in one.processes if each.running] for one in releases.all().values()}
    return {image: names for image, names in found.items() if names}


def test_new_ones_begin_beside_the_old_ones_which_stop_at_the_switch(webless: Production) -> None:
    releases = bots()
    done = deploy(webless, releases)

    order = [what.replace(done.release, "b") for what in releases.done if not what.startswith(("tid", "lock"))]
    assert order == ["start b", "start processes of b", "switch", "retire a", "seal"]
    assert at_work(releases) == {"shop:b": ["bot", "bot", "ticker"]}
    assert (done.scale, done.replicas) == (0, BOTS)


def test_the_first_deployment_has_no_proxy_and_asks_nobody(webless: Production) -> None:
    releases = MemoryReleases(beside_web={"bot": 0})
    releases.images.add("shop:b")
    releases.proxy.defined = "start"
    deploy(webless, releases)

    assert at_work(releases) == {"shop:b": ["bot"]}
    assert not [what for what in releases.done if what.startswith(("asked", "proxy"))]


def test_ones_that_end_at_once_are_refused_and_the_old_ones_never_stopped(webless: Production) -> None:
    releases = bots(ended={"shop:b"})
    with pytest.raises(Problem, match="The new release has a bot that ended with status 3") as raised:
        deploy(webless, releases)

    assert "shop:a is live, as before (a). Once" in str(raised.value.message)
    assert not {"switch", "retire a"} & set(releases.done)
    assert at_work(releases) == {"shop:a": ["bot", "bot", "ticker"]}


def test_one_that_ends_while_it_is_watched_takes_the_release_back(webless: Production) -> None:
    releases = bots()
    _dies_after_the_switch(releases)
    with pytest.raises(Problem, match="has a bot that ended with status 3"):
        deploy(webless, releases)

    assert at_work(releases) == {"shop:a": ["bot", "bot", "ticker"]}
    assert list(releases.there) == ["a"]


@pytest.mark.parametrize("back", [False, True], ids=["deploy", "rollback"])
@pytest.mark.parametrize("dies", [True, False], ids=["ill", "good"])
def test_whenever_it_is_killed_some_are_at_work_and_the_next_verb_puts_it_right(
    webless: Production, dies: bool, back: bool
) -> None:
    for at in range(400):
        releases, killed = bots(), False
        if back:
            deploy(webless, releases)
        if dies:
            _dies_after_the_switch(releases)
        try:
            mortal = Mortal(releases, [at])
            going_back(webless, mortal).run(wait=False) if back else deploy(webless, mortal)
        except KilledError:
            killed = True
        except Problem:
            assert dies
        working = {name for names in at_work(releases).values() for name in names}
        assert working >= ({"ticker"} if dies else {"bot", "ticker"}), at
        _also_killed(webless, releases, at)
        recover.recover(webless[0].steps, releases)
        live = releases.pointer().release
        every = [one for each in releases.all().values() for one in each.containers if one.running]
        assert sorted(one.service for one in every) == ["bot", "bot", "ticker"], at
        assert {one.labels["dev.slipway.release"] for one in every} == {live}, at
        if not killed:
            assert at > 30
            return
    raise AssertionError("it never came to its end")


def test_one_that_was_stopped_by_hand_is_not_started_before_the_new_one(webless: Production) -> None:
    releases = bots()
    releases.stop(releases.there["a"])
    deploy(webless, releases)
    assert "resume processes of a" not in releases.done
    assert at_work(releases) == {"shop:b": ["bot", "bot", "ticker"]}


def test_a_rollback_within_the_bake_window_returns_once_the_old_ones_are_at_work(webless: Production) -> None:
    releases, backs = bots(), list[str]()
    seen = releases.proxy.look

    def look() -> Look:
        if releases.previous:
            backs.append(going_back(webless, releases).run(wait=False).release)
            assert at_work(releases)["shop:a"] == ["bot", "bot", "ticker"]
        return seen()

    releases.proxy.look = look  # type: ignore[method-assign]
    with pytest.raises(Problem, match="has rolled it back"):
        deploy(webless, releases)
    assert backs == ["a"]
    assert at_work(releases) == {"shop:a": ["bot", "bot", "ticker"]}


def test_a_release_that_is_gone_back_to_is_at_work_again(webless: Production) -> None:
    releases = bots()
    deploy(webless, releases)
    going = going_back(webless, releases)
    assert ("steps", "start it, switch, let the live one finish") in going.plan()
    going.run(wait=False)
    assert at_work(releases) == {"shop:a": ["bot", "bot", "ticker"]}


def test_the_plan_says_nothing_of_clients(webless: Production) -> None:
    facts = Deployer(*webless, MemoryDeployment(bots(away={"on": "x"})), 8000).look(B)
    rows = dict(plan.rows(facts, B))
    assert rows["processes"] == "bot 2 -> 2, ticker 1 -> 1"
    assert rows["steps"] == (
        "start 2 of bot, ticker beside the old one, switch, stop 2 of bot, ticker of the old one, watch for 1 s, let "
        "the old one finish"
    )
    assert not {"replicas", "proxy", "clients", "ipv6"} & rows.keys()


def test_what_is_live_already_is_left_alone(webless: Production) -> None:
    deployer = Deployer(*webless, MemoryDeployment(releases := bots()), 8000)
    deploy(webless, releases)
    assert plan.rows(deployer.look(B), B)[0][0] == "nothing"


@pytest.mark.parametrize(
    ("options", "said"),
    [
        (replace(B, scale=2), "--scale: the project has no web .*; there are bot, ticker"),
        (replace(B, replicas={"wroker": 2}), "there is no process 'wroker'; there are bot, ticker"),
        (replace(B, recreate_proxy=True), "and so no proxy"),
    ],
    ids=["of web", "unknown", "proxy"],
)
def test_what_is_asked_of_a_web_is_refused(webless: Production, options: Options, said: str) -> None:
    releases = bots()
    with pytest.raises(Problem, match=said):
        deploy(webless, releases, options)
    assert not [what for what in releases.done if what.startswith(("start", "stop", "retire"))]


def test_a_release_with_web_is_not_followed_by_one_without_nor_the_other_way_round(
    webless: Production, production: Production
) -> None:
    with_web = MemoryReleases(beside_web={"bot": 0}).has(entry("a"))
    _refused(webless, with_web, "has releases that clients are led to")
    _refused(production, bots(), "has releases without web")


def test_what_is_left_of_a_release_whose_web_is_gone_is_one_with_web(production: Production) -> None:
    releases = MemoryReleases().has(entry("a"))
    releases.there["a"] = replace(a_release("a"), services={"worker": (process("a", "worker"),)})
    releases.images.add("shop:b")
    deploy(production, releases)
    assert recover.of_containers(releases.there["a"]).scale == 1


def test_after_all_was_removed_no_release_of_the_other_kind_is_gone_back_to(webless: Production) -> None:
    releases = MemoryReleases(beside_web={"bot": 0}).has(entry("w"))
    releases.there.clear()
    releases.images.add("shop:b")
    deploy(webless, releases)
    with pytest.raises(Problem, match="shop:w, as w, had a web, and the project has none by now"):
        going_back(webless, releases).run(wait=False)


def _refused(of: Production, releases: MemoryReleases, said: str) -> None:
    deployer, going = Deployer(*of, MemoryDeployment(releases), 8000), going_back(of, releases)
    for verb in (lambda: deployer.gather(B), lambda: deployer.look(B), going.plan, lambda: going.run(wait=False)):
        with pytest.raises(Problem, match=rf"{said}.*\./inv down, then \./inv deploy"):
            verb()
    assert releases.done == []


def _also_killed(webless: Production, releases: MemoryReleases, at: int) -> None:
    with contextlib.suppress(KilledError):
        recover.recover(webless[0].steps, Mortal(releases, [at % 17]))


def _dies_after_the_switch(releases: MemoryReleases) -> None:
    switch = releases.switch

    def and_one_ends(new: str, old: str, line: str) -> None:
        switch(new, old, line)
        services = releases.there[new].services
        dead = tuple(replace(one, running=False) for one in services["bot"])
        releases.there[new] = replace(releases.there[new], services={**services, "bot": dead})

    releases.switch = and_one_ends  # type: ignore[method-assign]
