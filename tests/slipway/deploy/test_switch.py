"""A release takes another's place, or doesn't: on releases in memory."""

from collections.abc import Mapping
from typing import Any

import pytest

from slipway.core.errors import Interrupted, Problem
from slipway.deploy import ledger
from slipway.deploy.ledger import Outcome
from slipway.deploy.switch import Change, go_live
from slipway.project.checkout import Checkout
from slipway.runtime.environment import Environment
from slipway.runtime.release import Answers, NewRelease
from tests.slipway.deploy.support import MemoryReleases, a_release, entry, web


@pytest.fixture
def checkout(production: tuple[Checkout, Environment]) -> Checkout:
    """Give a project; nothing is waited for."""
    return production[0]


def deployed(checkout: Checkout, releases: MemoryReleases, **how: Any) -> ledger.Entry:
    """Deploy release b in the place of a."""

    def start() -> Mapping[str, Any]:
        releases.start(NewRelease("b", "shop:b", "65532"))
        return {"migrated": ("0003",)}

    new = entry("b", outcome="")
    return go_live(checkout, releases, new, Change(releases.live(), **how), start)


def outcomes(releases: MemoryReleases) -> dict[str, str]:
    """Return what the ledger says of each release."""
    return {one.release: one.outcome for one in ledger.parse(releases.lines)}


def test_a_good_release_is_started_asked_switched_to_watched_and_then_the_old_one_stops(checkout: Checkout) -> None:
    releases = MemoryReleases().has(entry("a"))
    done = deployed(checkout, releases)

    assert releases.done == ["start b", "asked b /", "switch", "seal", "stop a"]
    assert releases.pointer().release == "b"
    assert (done.outcome, done.migrated) == (Outcome.LIVE, ("0003",))
    assert outcomes(releases) == {"a": "live", "b": "live"}
    assert not releases.there["a"].running


def test_the_first_release_has_nobody_to_go_back_to(checkout: Checkout) -> None:
    releases = MemoryReleases()
    deployed(checkout, releases)
    assert releases.done == ["start b", "asked b /", "switch"]


def test_a_release_that_is_never_good_leaves_the_old_one(checkout: Checkout) -> None:
    releases = MemoryReleases(becomes={"shop:b": "unhealthy"}).has(entry("a"))
    with pytest.raises(Problem, match="is unhealthy") as raised:
        deployed(checkout, releases)

    assert "shop:a is live, as before (a). Once it is mended: ./inv deploy" in str(raised.value.message)
    assert releases.pointer().release == "a"
    assert list(releases.there) == ["a"]
    assert outcomes(releases) == {"a": "live", "b": "failed"}


def test_one_that_does_not_answer_is_not_switched_to(checkout: Checkout) -> None:
    releases = MemoryReleases().has(entry("a"))
    releases.proxy.broken = {"b"}
    with pytest.raises(Problem, match="doesn't answer / as it should"):
        deployed(checkout, releases)
    assert "switch" not in releases.done
    assert list(releases.there) == ["a"]


def test_an_old_one_that_the_proxy_does_not_reach_is_not_called_live(checkout: Checkout) -> None:
    releases = MemoryReleases(fails={"start b": Problem("The proxy is unhealthy.")}).has(entry("a"))
    releases.proxy.broken = {"a"}
    with pytest.raises(Problem, match="unhealthy") as raised:
        deployed(checkout, releases)
    said = (
        "Clients are led to shop:a (a), as before, but it doesn't answer / through the proxy. What runs: ./inv status"
    )
    assert said in str(raised.value.message)
    assert "is live" not in str(raised.value.message)
    assert outcomes(releases) == {"a": "live", "b": "failed"}


def test_one_that_answers_5xx_gives_the_place_back(checkout: Checkout) -> None:
    releases = MemoryReleases().has(entry("a"))
    releases.proxy.answers = [Answers(100, 0), Answers(100, 0), Answers(100, 0), Answers(100, 0), Answers(110, 8)]
    with pytest.raises(Problem, match="fails 8 of 10 requests"):
        deployed(checkout, releases, bake=1)
    assert releases.done[-3:] == ["back to a", "remove b", "tidied"]
    assert outcomes(releases) == {"a": "live", "b": "flipped back"}


@pytest.mark.parametrize(
    ("answers", "status", "said"),
    [
        ([Answers(4, 0), Answers(30, 25)], "healthy", "fails 25 of 30 requests"),
        ([], "unhealthy", "is unhealthy"),
    ],
)
def test_what_its_clients_get_is_looked_at_before_it_answers_through_the_proxy(
    checkout: Checkout, monkeypatch: pytest.MonkeyPatch, answers: list[Answers], status: str, said: str
) -> None:
    releases = MemoryReleases(counted={"b": answers} if answers else {}).has(entry("a"))
    switch = releases.switch

    def and_falls_ill(*how: str) -> None:
        switch(*how)
        releases.there["b"] = a_release("b", web("b", status))

    monkeypatch.setattr(releases, "switch", and_falls_ill)
    monkeypatch.setattr(releases.proxy, "answered_by", lambda path: "a" if releases.pointed.release == "a" else "")
    with pytest.raises(Problem, match=said) as raised:
        deployed(checkout, releases, bake=1)
    assert "shop:a is live, as before (a)" in str(raised.value.message)
    assert list(releases.there) == ["a"]


def test_one_that_is_well_but_never_answers_through_the_proxy_gives_the_place_back(
    checkout: Checkout, monkeypatch: pytest.MonkeyPatch
) -> None:
    releases = MemoryReleases().has(entry("a"))
    monkeypatch.setattr(releases.proxy, "answered_by", lambda path: "a" if releases.pointed.release == "a" else "")
    with pytest.raises(
        Problem, match=r"^HTTP/1.1 400 Bad Request\nweb-b doesn't answer /\S* through the proxy \(see above\)\."
    ):
        deployed(checkout, releases, bake=1)
    assert outcomes(releases) == {"a": "live", "b": "flipped back"}


@pytest.mark.parametrize(
    ("old", "new", "good"),
    [
        ([Answers(1000, 1), Answers(1100, 1)], [Answers(1), Answers(100, 20)], False),
        ([Answers(1000, 1), Answers(1100, 31)], [Answers(1), Answers(100, 20)], True),  # under attack, as before
        ([Answers(1000, 1), Answers(1001, 2)], [Answers(1), Answers(100, 20)], False),
        (
            [Answers(1000, 1), Answers(1100, 1, 50)],
            [Answers(1), Answers(100, 0, 40)],
            True,
        ),  # too much to do, as before
        ([], [Answers(1), Answers(100, 20)], False),  # of before, the proxy alone can tell
    ],
)
def test_what_is_counted_of_a_release_is_compared_with_the_one_before(
    checkout: Checkout, old: list[Answers], new: list[Answers], good: bool
) -> None:
    releases = MemoryReleases().has(entry("a"))
    releases.counted = {"a": old, "b": new}
    releases.proxy.answers = [Answers(100, 0), Answers(200, 0), Answers(300, 200)]  # of others: what clients broke
    if good:
        deployed(checkout, releases, bake=1)
    else:
        with pytest.raises(Problem, match="fails 20 of 100 requests"):
            deployed(checkout, releases, bake=1)
    assert releases.pointer().release == ("b" if good else "a")


def test_the_old_one_is_stopped_when_it_has_answered_or_its_time_is_over(checkout: Checkout) -> None:
    releases = MemoryReleases().has(entry("a"))
    releases.proxy.left = [2, None, 1]
    deployed(checkout, releases, drain=60)
    assert releases.proxy.left == []
    assert releases.done[-1] == "stop a"

    endless = MemoryReleases().has(entry("a"))
    endless.proxy.left = [1] * 1000
    deployed(checkout, endless, drain=0.1)
    assert len(endless.proxy.left) > 900
    assert endless.done[-1] == "stop a"


@pytest.mark.parametrize("when", ["start b", "switch", "seal"])
@pytest.mark.parametrize("how", [Interrupted(15), KeyboardInterrupt(), Problem("it failed")])
def test_whatever_stops_it_the_old_one_is_live(checkout: Checkout, when: str, how: BaseException) -> None:
    releases = MemoryReleases(fails={when: how}).has(entry("a"))
    with pytest.raises(type(how)):
        deployed(checkout, releases)
    assert releases.pointer().release == "a"
    assert list(releases.there) == ["a"]
    assert releases.there["a"].running
    assert outcomes(releases)["a"] == "live"


def test_who_is_stopped_after_the_switch_is_told_what_is_live(
    checkout: Checkout, capsys: pytest.CaptureFixture[str]
) -> None:
    releases = MemoryReleases(fails={"stop a": Interrupted(15)}).has(entry("a"))
    with pytest.raises(Interrupted):
        deployed(checkout, releases)
    assert releases.pointer().release == "b"
    assert capsys.readouterr().err.count("is live (b); what is left of the old release, the next deployment stops") == 1


def test_without_an_old_one_that_runs_the_new_one_stays(checkout: Checkout) -> None:
    releases = MemoryReleases(fails={"switch": Interrupted(15)})
    with pytest.raises(Interrupted):
        deployed(checkout, releases)
    assert releases.pointer().release == "b"
    assert outcomes(releases) == {"b": "live"}


def test_nothing_is_touched_once_the_lock_is_lost(checkout: Checkout) -> None:
    releases = MemoryReleases(fails={"seal": Problem("it failed")}, lost=True).has(entry("a"))
    with pytest.raises(Problem, match="it failed") as raised:
        deployed(checkout, releases)
    assert "The lock of the deployment was taken away" in str(raised.value.message)
    assert "the next deployment puts it in order" in str(raised.value.message)
    assert releases.done[-1] == "seal"


def test_somebody_may_go_back_meanwhile(checkout: Checkout) -> None:
    releases = MemoryReleases().has(entry("a"))
    look = releases.proxy.look

    def and_goes_back() -> Any:
        releases.back("ann@here")
        return look()

    releases.proxy.look = and_goes_back  # type: ignore[method-assign]
    with pytest.raises(Problem, match="ann@here has rolled it back"):
        deployed(checkout, releases, bake=1)
    assert releases.pointer().release == "a"
    assert outcomes(releases) == {"a": "live", "b": "rolled back"}


def test_the_proxy_gets_its_old_configuration_back(checkout: Checkout) -> None:
    releases = MemoryReleases(fails={"seal": Problem("it failed")}).has(entry("a"))
    releases.configuration = "before"
    with pytest.raises(Problem):
        deployed(checkout, releases, configuration=("before", "after"))
    assert releases.done.count("proxy loaded") == 2
    assert releases.configuration == "before"


def test_one_that_was_kept_is_only_stopped_when_it_fails(checkout: Checkout) -> None:
    releases = MemoryReleases(becomes={"shop:b": "unhealthy"}).has(entry("a"))
    with pytest.raises(Problem):
        deployed(checkout, releases, kept=True)
    assert sorted(releases.there) == ["a", "b"]
    assert "stop b" in releases.done


def test_how_long_a_deployment_took_is_noted_also_when_it_failed(checkout: Checkout) -> None:
    releases = MemoryReleases(becomes={"shop:b": "unhealthy"}).has(entry("a"))
    with pytest.raises(Problem):
        deployed(checkout, releases)
    assert ledger.parse(releases.lines)[-1].seconds > 0


def test_a_proxy_that_does_not_run_is_started_before_it_is_said_who_is_live(checkout: Checkout) -> None:
    releases = MemoryReleases(fails={"start b": Problem("It failed.")}).has(entry("a"))
    releases.proxy.defined = "start"
    with pytest.raises(Problem, match="It failed") as raised:
        deployed(checkout, releases)
    assert "Clients are led to shop:a (a), as before, but the proxy doesn't run" in str(raised.value.message)

    def revived() -> bool:
        releases.proxy.defined = ""
        return True

    releases.proxy.revive = revived  # type: ignore[method-assign]
    releases.given_up.clear()
    with pytest.raises(Problem) as raised:
        deployed(checkout, releases)
    assert "shop:a is live, as before (a)" in str(raised.value.message)
