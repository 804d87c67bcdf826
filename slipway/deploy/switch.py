"""From a release that was started to one that is live, or back to the one before."""

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Any

from slipway.core.errors import Problem
from slipway.core.signals import uninterrupted
from slipway.core.steps import Steps
from slipway.core.words import of_log
from slipway.deploy import watch
from slipway.deploy.ledger import Entry, Outcome
from slipway.engine.containers import GONE, Verdict
from slipway.project.checkout import Checkout
from slipway.runtime.release import Answers, Release, host
from slipway.runtime.releases import Proxy, Releases

DRAIN = 1  # seconds that the old release goes on: a request that is on its way there has to arrive
PROBE = 10  # seconds
POLL = 0.1
LOG = 60  # lines


@dataclass(frozen=True)
class Change:
    """How one release takes another's place.

    `old` is the one that runs, if any. The new one has to be up for `settle` seconds before, and is watched for
    `bake` seconds afterwards. One that was `kept` is only stopped when it fails. `configuration` is the proxy's, before
    and after.
    """

    old: Release | None
    settle: float = 0
    bake: float = 0
    kept: bool = False
    configuration: tuple[str, str] = ("", "")


def go_live(
    checkout: Checkout, releases: Releases, entry: Entry, change: Change, start: Callable[[], Mapping[str, Any]]
) -> Entry:
    """Start a release, lead everybody to it once it is ready, and watch it.

    `start` starts it, and returns what else the entry has to say. Returns the entry, which is in the ledger then.
    Raises Problem, or whatever stopped it; the old release is live then, and the new one removed or stopped.
    """
    steps, began, told = checkout.steps, time.monotonic(), ("", "")
    try:
        entry = replace(entry, **start())
        ready(checkout, releases, entry.release, change.settle)
        smoke(checkout, releases, entry.release)
        told = change.configuration
        take(steps, releases.proxy, *told)
        entry = replace(entry, outcome=Outcome.LIVE, steps=times(steps))
        switch(steps, releases, entry, change.old)
        probe(checkout, releases.proxy, entry.release)
        bake(checkout, releases, entry.release, change)
    except BaseException as error:
        failed = replace(entry, reason=reason(steps, error))
        live = back(checkout, releases, failed, replace(change, configuration=told))
        if isinstance(error, Problem):
            error.message = f"{error.message}\n{live} Once it is mended: ./inv {entry.what}"
        else:
            steps.note("stopped", live)
        raise
    entry = replace(entry, steps=times(steps), seconds=round(time.monotonic() - began, 3))
    releases.record(entry.line())
    for other in releases.all().values():  # the old one; or the rest of one whose web had gone, and which had no place
        if other.id != entry.release and other.at_work:
            stop(steps, releases, other, entry.image)
    return entry


def stop(steps: Steps, releases: Releases, old: Release, live: str) -> None:
    """Stop the release whose place was taken; raises Problem."""
    try:
        with steps.step("stop", old.image):
            releases.stop(old)
    except BaseException:
        steps.say(f"  {live} is live; what is left of the old release, the next deployment stops")
        raise


def take(steps: Steps, proxy: Proxy, before: str, now: str) -> None:
    """Let the running proxy take a changed configuration; raises Problem."""
    if before != now:
        with steps.step("proxy", "has the changed Caddyfile"):
            proxy.load(now)


def times(steps: Steps) -> dict[str, float]:
    """Return the seconds of the steps so far."""
    return {name: round(seconds, 3) for name, seconds in steps.times.items()}


def ready(checkout: Checkout, releases: Releases, release: str, settle: float) -> None:
    """Wait until a release is ready, and has been up for so many seconds; raises Problem with its log."""
    with checkout.steps.step("ready", "healthy"):
        if how := watch.wait_ready(lambda: _verdict(releases, release), checkout.project.wait, settle):
            raise Problem(f"The new release {how}; {_show_log(checkout.steps, releases, release)}.")


def smoke(checkout: Checkout, releases: Releases, release: str) -> None:
    """Ask a release from the proxy's place, before anybody else does; raises Problem with the answer."""
    paths = checkout.project.deploy.smoke or (checkout.project.health,)
    with checkout.steps.step("smoke", f"{', '.join(paths)} answered"):
        for path in paths:
            good, head = releases.proxy.ask(release, path)
            if not good:
                _show_log(checkout.steps, releases, release)
                raise Problem(f"{head.strip()}\nThe new release doesn't answer {path} as it should (see above).")


def switch(steps: Steps, releases: Releases, entry: Entry, old: Release | None) -> None:
    """Lead every request from now on to a release; raises Problem."""
    with steps.step("switch", f"to {host(entry.release)}"), uninterrupted():
        releases.switch(entry.release, old.id if old else "", entry.line())


def probe(checkout: Checkout, proxy: Proxy, release: str) -> None:
    """Ask through the proxy until this release answers; raises Problem when it doesn't."""
    with checkout.steps.step("probe", "it answers through the proxy"):
        if not _answers(checkout, proxy, release):
            raise Problem(f"{host(release)} doesn't answer through the proxy.")


def bake(checkout: Checkout, releases: Releases, release: str, change: Change) -> None:
    """Watch a release; raises Problem when it is not good, or when somebody has gone back meanwhile."""
    steps, seconds = checkout.steps, change.bake
    before, since = releases.proxy.look().answers, Answers()
    with steps.step("bake", f"{seconds:.0f} s") if seconds else steps.silent() as step:
        for _ in watch.moments(max(seconds, DRAIN)):
            found = releases.proxy.look()
            since = found.answers.since(before)
            if found.pointer.release not in ("", release):  # "": the proxy cannot be asked just now
                raise Problem(rolled_back(found.pointer.by))
            how = _verdict(releases, release).wrong or watch.worse(before, since, checkout.project.deploy.errors)
            if how and seconds:
                raise Problem(f"The new release {how}; {_show_log(steps, releases, release)}.")
        if change.old and not releases.seal():
            raise Problem(rolled_back(releases.pointer().by))
        step.detail += f": {since.all} answers, {since.failed} of them 5xx"


def rolled_back(by: str) -> str:
    """Return what to say when somebody has gone back."""
    return f"{by or 'Somebody'} has rolled it back."


def reason(steps: Steps, error: BaseException) -> str:
    """Return in a line why a deployment ended, for the ledger."""
    said = str(error.message).strip().splitlines() if isinstance(error, Problem) else []
    return steps.redact(said[-1]) if said else "stopped"


def back(checkout: Checkout, releases: Releases, entry: Entry, change: Change) -> str:
    """Give the old release its place back, take the new one away, and say what is live then: whether it answers.

    What clients are led to is never taken away: without an old one that runs, there is nothing better. Nothing is
    touched once the lock was lost. The proxy's configuration is taken back if it was taken. Raises nothing itself.
    """
    steps, release, old = checkout.steps, entry.release, change.old
    try:
        # A step that was interrupted or failed may have come to its end all the same, or be about to.
        if not releases.fence(release):
            raise Problem("The lock of the deployment was taken away.")
        outcome = _led_back(steps, releases, release, old)
        if outcome != Outcome.LIVE and (new := releases.again(release)):
            (releases.halt if change.kept else releases.remove)(new)
        releases.tidy()
        if outcome != Outcome.LIVE:
            take(steps, releases.proxy, *reversed(change.configuration))
        releases.record(replace(entry, outcome=outcome, steps=times(steps)).line())
        releases.forget_rollback()
        lost = outcome != Outcome.LIVE and old and not _answers(checkout, releases.proxy, old.id)
    except Problem as problem:
        return f"{problem.message} What is live: ./inv status --prod; the next deployment puts it in order."
    if outcome == Outcome.LIVE:
        return f"{entry.image} stays live, as nothing else runs."
    if old and lost:
        path = checkout.project.health
        return (
            f"Clients are led to {old.image} ({old.id}), as before, but it doesn't answer {path} through the proxy. "
            "What runs: ./inv status --prod."
        )
    return f"{old.image} is live, as before ({old.id})." if old else "Nothing was live before."


def _led_back(steps: Steps, releases: Releases, release: str, old: Release | None) -> Outcome:
    # Whom clients are led to in the end, and what that makes of the new release.
    pointer = releases.pointer()
    outcome = Outcome.FLIPPED_BACK if pointer.by or pointer.release == release else Outcome.FAILED
    if pointer.release == release and old:
        with steps.step("back", f"to {old.host}"):
            if not releases.back("") and releases.pointer().release == release:
                raise Problem(f"The proxy could not be led back to {old.host}.")
            time.sleep(DRAIN)
    return Outcome.LIVE if releases.pointer().release == release else outcome


def _answers(checkout: Checkout, proxy: Proxy, release: str) -> bool:
    # Whether it does through the proxy, sooner or later.
    end = time.monotonic() + PROBE
    while proxy.answered_by(checkout.project.health) != release:
        if time.monotonic() > end:
            return False
        time.sleep(POLL)
    return True


def _verdict(releases: Releases, release: str) -> Verdict:
    found = releases.again(release)
    return found.verdict if found else GONE


def _show_log(steps: Steps, releases: Releases, release: str) -> str:
    # Returns where the reader finds it.
    if text := releases.log(release, LOG):
        steps.say(text)
    return of_log(text)
