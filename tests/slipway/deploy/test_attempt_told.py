"""What comes after a deployment or a rollback: hooks by how it ended, the log that is kept."""

from collections.abc import Callable
from dataclasses import replace

import pytest

from slipway.core.errors import Problem
from slipway.core.log import Log
from slipway.deploy import ledger, otlp
from slipway.deploy.attempt import Attempt
from slipway.deploy.facts import Options
from slipway.deploy.ledger import Entry
from slipway.deploy.rollback import Rollback
from slipway.deploy.run import Deployer
from slipway.project.checkout import Checkout
from slipway.project.tables import Hooks
from slipway.runtime.environment import Environment
from slipway.runtime.release import Pointer
from tests.slipway.deploy.in_memory import MemoryDeployment
from tests.slipway.deploy.support import MemoryReleases, a_release, entry

NOTE = (
    "sh -c 'echo $SLIPWAY_HOOK $SLIPWAY_VERSION $SLIPWAY_IMAGE [$SLIPWAY_OUTCOME] $SLIPWAY_REASON >>told; echo heard'"
)
B = Options(tag="shop:b", bake=0)


@pytest.fixture
def releases() -> MemoryReleases:
    """Give a deployment's releases, of which a is live, and an image b."""
    there = MemoryReleases().has(entry("0"), entry("a"))
    there.images.add("shop:b", **{"org.opencontainers.image.version": "1.2.3"})
    return there


@pytest.fixture
def production(production: tuple[Checkout, Environment]) -> tuple[Checkout, Environment]:
    """Give a project with all hooks, and its production."""
    checkout, environment = production
    hooks = Hooks((), (NOTE,), (NOTE,), (NOTE,), (NOTE,), timeout=20)
    checkout.steps.log = Log(checkout.root / "last.log")
    return replace(checkout, project=replace(checkout.project, hooks=hooks)), environment


Deploys = Callable[..., Entry]


@pytest.fixture
def deploys(production: tuple[Checkout, Environment], releases: MemoryReleases) -> Deploys:
    """Give what `inv deploy` does once it was confirmed."""

    def deploy(options: Options = B) -> Entry:
        deployment = MemoryDeployment(releases)
        deployer, one = Deployer(*production, deployment, 8000), Attempt(*production, deployment, not options.no_hooks)
        facts = deployer.gather(options)
        one.before(facts, options)
        return one.follow(lambda: deployer.deploy(facts, options, one.begin))

    return deploy


@pytest.fixture
def told(production: tuple[Checkout, Environment]) -> Callable[[], list[str]]:
    """Give what hooks were told, in order."""
    file = production[0].root / "told"
    return lambda: file.read_text().splitlines() if file.exists() else []


def kept(releases: MemoryReleases) -> str:
    """Return the log of the last entry."""
    return releases.kept_log(ledger.parse(releases.lines)[-1].event) or ""


Told = Callable[[], list[str]]


def test_a_deployment_tells_before_and_after_and_keeps_what_it_showed(
    deploys: Deploys, releases: MemoryReleases, told: Told
) -> None:
    done = deploys()
    assert told() == ["before-deploy 1.2.3 shop:b []", "after-deploy 1.2.3 shop:b [live]"]
    shown = kept(releases)
    assert list(releases.logs) == [done.event]
    assert "    heard\n" in shown
    assert shown.index("before-deploy") < shown.index("  switch") < shown.index("after-deploy")

    again = deploys()  # nothing has changed: no entry, and nobody is told of its end
    assert again.event == done.event
    assert told()[2:] == ["before-deploy 1.2.3 shop:b []"]
    assert list(releases.logs) == [done.event]


def test_one_that_fails_before_it_stops_it_without_a_trace(
    production: tuple[Checkout, Environment], deploys: Deploys, releases: MemoryReleases, told: Told
) -> None:
    object.__setattr__(production[0].project.hooks, "before_deploy", ("false",))
    before = releases.lines
    with pytest.raises(Problem, match="'false' of before-deploy"):
        deploys()
    assert (releases.lines, releases.logs, told()) == (before, {}, [])
    assert releases.pointed == Pointer("a")


def fails_to_start(releases: MemoryReleases) -> None:
    """Let the new release never become ready."""
    releases.becomes["shop:b"] = "unhealthy"


def fails_behind_the_switch(releases: MemoryReleases) -> None:
    """Let something fail once the new release is live."""
    releases.fails["switch"] = Problem("it failed")


def is_interrupted(releases: MemoryReleases) -> None:
    """Let Ctrl-C come while the proxy is switched."""
    releases.fails["switch"] = KeyboardInterrupt()


@pytest.mark.parametrize(
    ("fault", "said"),
    [
        (fails_to_start, "[failed] The new release is unhealthy"),
        (fails_behind_the_switch, "[flipped back] it failed"),
        (is_interrupted, "[flipped back] stopped"),
    ],
    ids=["failed", "flipped-back", "interrupted"],
)  # fmt: skip
def test_what_does_not_stay_live_is_told_and_its_log_kept(
    deploys: Deploys, releases: MemoryReleases, told: Told, fault: Callable[[MemoryReleases], None], said: str
) -> None:
    fault(releases)
    with pytest.raises((Problem, KeyboardInterrupt)) as raised:
        deploys()
    assert told()[1].startswith(f"after-failure 1.2.3 shop:b {said}")
    last = kept(releases).splitlines()[-1]
    assert last == (str(raised.value.message).splitlines()[-1] if isinstance(raised.value, Problem) else "Stopped.")


def test_what_is_refused_before_the_ledger_has_it_is_told_to_nobody(
    deploys: Deploys, releases: MemoryReleases, told: Told
) -> None:
    releases.fails["record"] = Problem("the disk is full")
    with pytest.raises(Problem, match="the disk is full"):
        deploys()
    assert [line.split()[0] for line in told()] == ["before-deploy"]
    assert releases.logs == {}


def test_when_nobody_can_tell_what_the_ledger_has_the_failure_is_told(
    deploys: Deploys, releases: MemoryReleases, told: Told, monkeypatch: pytest.MonkeyPatch
) -> None:
    def gone() -> str:
        raise Problem("The engine is gone.")

    fails_to_start(releases)
    monkeypatch.setattr(releases, "ledger", gone)
    with pytest.raises(Problem, match="is unhealthy"):
        deploys()
    assert told()[1].startswith("after-failure 1.2.3 shop:b [] The new release is unhealthy")


def test_what_cannot_be_kept_is_a_line(
    deploys: Deploys, releases: MemoryReleases, capsys: pytest.CaptureFixture[str]
) -> None:
    releases.fails["keep log"] = Problem("No space left.\nIt could not be written into the volume shop-prod_ledger.")
    assert deploys().outcome == "live"
    assert capsys.readouterr().err.splitlines()[-1] == (
        "  log        is not kept: It could not be written into the volume shop-prod_ledger. Nothing else failed."
    )


def test_without_hooks_none_is_told_and_the_ledger_says_so(
    deploys: Deploys, releases: MemoryReleases, told: Told
) -> None:
    done = deploys(replace(B, no_hooks=True))
    assert (done.without_hooks, told()) == (True, [])
    assert ledger.parse(releases.lines)[-1].without_hooks
    assert done.event in releases.logs


def rollback(production: tuple[Checkout, Environment], releases: MemoryReleases, hooks: bool = True) -> Entry:
    """Go back to the release before."""
    return Rollback(*production, MemoryDeployment(releases), lambda: 8000, "", hooks).run(wait=False)


def test_a_rollback_tells_and_keeps(
    production: tuple[Checkout, Environment], releases: MemoryReleases, told: Told
) -> None:
    back = rollback(production, releases)
    assert told() == ["after-rollback shop:0 [live]"]
    assert "  switch     to web-0" in releases.logs[back.event]


def test_a_flip_within_the_bake_window_tells_and_keeps(
    production: tuple[Checkout, Environment], releases: MemoryReleases, told: Told
) -> None:
    releases.switch("c", "a", entry("c").line())
    releases.there["c"] = a_release("c")
    back = rollback(production, releases, hooks=False)
    assert (back.without_hooks, told(), list(releases.logs)) == (True, [], [back.event])
    # Who comes at the same time finds it done, and tells nobody again.
    assert rollback(production, releases).release == "a"
    assert told() == []


def test_a_rollback_that_fails_tells(
    production: tuple[Checkout, Environment], releases: MemoryReleases, told: Told
) -> None:
    releases.fails["switch"] = Problem("it failed")
    with pytest.raises(Problem, match="it failed"):
        rollback(production, releases)
    assert told() == ["after-failure shop:0 [flipped back] it failed"]
    assert "it failed" in kept(releases)


def test_of_a_rollback_whose_lock_is_gone_the_log_is_kept_under_one_of_its_own(
    production: tuple[Checkout, Environment], releases: MemoryReleases, monkeypatch: pytest.MonkeyPatch
) -> None:
    def keep(event: str, text: str, any_lock: bool = False) -> None:
        if any_lock:
            raise Problem("No such container.")
        releases.logs[event] = text

    monkeypatch.setattr(releases, "keep_log", keep)
    releases.switch("c", "a", entry("c").line())
    releases.there["c"] = a_release("c")
    assert rollback(production, releases).event in releases.logs
    assert releases.done[-2:] == ["locked", "unlocked"]


def test_logs_are_sent_where_the_project_says(
    production: tuple[Checkout, Environment], deploys: Deploys, monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:  # fmt: skip
    sent: list[tuple[str, str, bytes]] = []

    def send(endpoint: str, headers: str, body: bytes) -> str:
        sent.append((endpoint, headers, body))
        return "http://collector:4318 answers 401"

    monkeypatch.setattr(otlp, "send", send)
    monkeypatch.setenv("OTEL_EXPORTER_OTLP_HEADERS", "api-key=abc-def-ghi")
    object.__setattr__(production[0].project.deploy, "otlp", "http://collector:4318")
    assert deploys().outcome == "live"
    assert [one[:2] for one in sent] == [("http://collector:4318", "api-key=abc-def-ghi")]
    assert b'"1.2.3"' in sent[0][2]
    last = capsys.readouterr().err.splitlines()[-1]
    assert last.endswith("of logs were not sent: http://collector:4318 answers 401; that changes nothing")
