"""Going back to a release: on releases in memory."""

import pytest

from slipway.core.errors import Problem
from slipway.deploy.compatible import standing
from slipway.deploy.ledger import Outcome, parse
from slipway.deploy.rollback import Rollback
from slipway.project.checkout import Checkout
from slipway.runtime import LiveRelease
from slipway.runtime.environment import Environment
from slipway.runtime.release import PROXY, Beside, Pointer, Release
from tests.slipway.deploy.in_memory import MemoryDeployment
from tests.slipway.deploy.support import MemoryReleases, a_release, entry, web

Production = tuple[Checkout, Environment]


def going(production: Production, releases: MemoryReleases, to: str = "", **more: object) -> Rollback:
    """Give a rollback of releases."""
    return Rollback(*production, MemoryDeployment(releases, **more), lambda: 8000, to)  # type: ignore[arg-type]


@pytest.fixture
def releases() -> MemoryReleases:
    """Give releases, of which b is live and a is kept."""
    return MemoryReleases().has(entry("a", beside={"caddy:2": "sha256:1"}), entry("b"))


def test_where_nothing_was_deployed_not_even_the_lock_is_taken(production: Production) -> None:
    nothing = MemoryReleases()
    with pytest.raises(Problem, match="No release is live"):
        going(production, nothing).run(wait=True)
    assert nothing.done == []


def test_one_that_was_kept_is_started_again(production: Production, releases: MemoryReleases) -> None:
    releases.others = (Beside(PROXY, "caddy:2", ("sha256:2",)),)  # which has changed since
    back = going(production, releases).run(wait=False)
    assert (back.what, back.release, back.outcome, back.beside) == ("rollback", "a", "live", {"caddy:2": "sha256:2"})
    assert [what for what in releases.done if what.startswith(("resume", "switch", "stop"))] == [
        "resume a", "switch", "stop b",
    ]  # fmt: skip


def test_what_is_left_of_a_release_without_web_is_stopped(production: Production, releases: MemoryReleases) -> None:
    releases.there["b"] = Release("b", {"web": (web("b", running=False),), "worker": (web("b"),)})
    going(production, releases).run(wait=False)
    assert [what for what in releases.done if what != "unlocked"][-1] == "stop b"


def test_one_whose_containers_are_gone_is_made_again_of_its_image(
    production: Production, releases: MemoryReleases
) -> None:
    del releases.there["a"]
    back = going(production, releases, "a").run(wait=False)
    assert (back.image, back.repeats, back.release in releases.there) == ("shop:a", "a", True)
    del releases.images.known["shop:a"], releases.images.known["sha256:shop:a"], releases.there[back.release]
    releases.pointed = Pointer("b")
    with pytest.raises(Problem, match="The image shop:a is gone from the engine"):
        going(production, releases, "a").run(wait=False)


def test_whoever_knows_the_schema_tells_whether_one_can_live_with_it(
    production: Production, releases: MemoryReleases
) -> None:
    knows = {"version": 1, "at": ["0003"], "can_tell": True, "lost": [], "missing": []}
    ids = ["sha256:shop:b", "sha256:shop:a"]
    deployment = MemoryDeployment(releases, {ids[1]: knows})  # the image of b is broken
    found = standing(production[1], deployment, LiveRelease("shop:a", "0002"), ids)
    assert found
    assert (found.at, deployment.asked) == (("0003",), ids)

    nobody = MemoryDeployment(releases)
    with pytest.raises(Problem):
        standing(production[1], nobody, LiveRelease("shop:a", "0002"), ids)
    assert standing(production[1], nobody, LiveRelease("shop:a", "0002"), ["sha256:of nobody"]) is None


def test_a_rollback_is_in_the_ledger_from_the_beginning_with_its_own_time(
    production: Production, releases: MemoryReleases
) -> None:
    releases.lines = entry("a", seconds=30.0).line() + entry("b", seconds=40.0).line()
    releases.becomes["shop:a"] = "unhealthy"
    releases.resume = lambda release: releases._do("resume a")  # type: ignore[method-assign]  # it stays stopped
    with pytest.raises(Problem):
        going(production, releases).run(wait=False)
    last = parse(releases.lines)[-1]
    assert (last.what, last.release, last.outcome) == ("rollback", "a", Outcome.FAILED)
    assert 0 < last.seconds < 30
    assert releases.pointer().release == "b"


def test_a_database_and_a_proxy_that_do_not_run_are_started_first(
    production: Production, releases: MemoryReleases
) -> None:
    rollback = going(production, releases)
    rollback.deployment.database.is_up = False  # type: ignore[attr-defined]
    releases.proxy.defined = "start"
    rollback.run(wait=False)
    assert rollback.deployment.database.running()
    assert releases.done.index("proxy started") < releases.done.index("resume a")


def test_within_a_bake_window_it_is_a_renaming_that_the_ledger_has(
    production: Production, releases: MemoryReleases
) -> None:
    releases.switch("c", "b", entry("c").line())
    releases.there["c"] = a_release("c")
    assert [name for name, _ in going(production, releases).plan()] == ["now", "then"]

    back = going(production, releases).run(wait=False)
    assert (back.what, back.release, back.outcome, releases.pointer().release) == ("rollback", "b", "live", "b")
    assert "locked" not in releases.done
    # Who comes at the same time finds it done, while the deployment has yet to notice.
    assert going(production, releases).run(wait=False).release == "b"
    releases.forget_rollback()
    releases.record(entry("c", outcome="rolled back", reason="ann@here has rolled it back.").line())
    assert going(production, releases).run(wait=False).release == "a"


@pytest.mark.parametrize("killed", ["behind the switch", "in the bake window"])
def test_one_that_was_cut_off_is_not_made_twice(production: Production, releases: MemoryReleases, killed: str) -> None:
    releases.lines = "".join(entry(name).line() for name in "ab")
    releases.there["a"] = a_release("a")
    if killed == "behind the switch":
        releases.switch("a", "", entry("a", what="rollback").line())
    else:
        releases.previous = "a"
        releases.back("ann@here")
        releases.forget_rollback()  # the deployment of b has ended
        releases.record(entry("b", outcome="rolled back", reason="ann@here has rolled it back.").line())
    assert going(production, releases).run(wait=False).release == "a"
    assert releases.pointer().release == "a"
    assert not releases.there.get("b", a_release("b", web("b", running=False))).running
    with pytest.raises(Problem, match="no earlier release"):  # it has ended by now
        going(production, releases).run(wait=False)


def test_of_two_at_once_one_finds_it_done(production: Production) -> None:
    releases = MemoryReleases().has(entry("0"), entry("a"), entry("b"))
    going(production, releases).run(wait=False)
    releases.waited = "inv rollback of ann@here has been at work for 3 s"
    assert going(production, releases).run(wait=False).release == "a"
    assert going(production, releases, "a").run(wait=False).release == "a"
    releases.waited = ""
    with pytest.raises(Problem, match="a is live"):
        going(production, releases, "a").run(wait=False)
    assert going(production, releases).run(wait=False).release == "0"


def test_a_plan_changes_nothing(production: Production, releases: MemoryReleases) -> None:
    before = releases.lines
    assert [name for name, _ in going(production, releases).plan()] == ["now", "then", "settings", "steps"]
    assert (releases.done, releases.lines) == ([], before)


def test_one_that_was_kept_needs_no_settings_and_one_that_is_made_anew_does(
    production: Production, releases: MemoryReleases
) -> None:
    checkout, _ = production
    (checkout.root / ".env").write_text("PORT=none\n")
    assert going(production, releases).run(wait=False).release == "a"
    del releases.there["b"]
    for one in (going(production, releases, "b").plan, lambda: going(production, releases, "b").run(wait=False)):
        with pytest.raises(Problem, match="PORT is not a whole number"):
            one()


def test_a_plan_of_what_is_made_anew_says_what_it_shares_and_refuses_what_cannot_be_made(
    production: Production, releases: MemoryReleases, monkeypatch: pytest.MonkeyPatch
) -> None:
    del releases.there["a"]
    monkeypatch.setattr(releases, "volumes", lambda image: (f"uploads of {image}",))
    assert dict(going(production, releases, "a").plan())["volumes"] == "uploads of sha256:shop:a"

    def refused(_: str) -> tuple[str, ...]:
        raise Problem("web: container_name")

    monkeypatch.setattr(releases, "volumes", refused)
    with pytest.raises(Problem, match="container_name"):
        going(production, releases, "a").plan()


def test_a_plan_sees_what_recovery_will_see(production: Production, releases: MemoryReleases) -> None:
    releases.lines = ""
    assert dict(going(production, releases).plan())["then"].startswith("shop:a (a), kept")
