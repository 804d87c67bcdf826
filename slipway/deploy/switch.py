"""From a release that was started to one that is live, or back to the one before."""

import re
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Any

from slipway.core.errors import Problem
from slipway.core.signals import uninterrupted
from slipway.core.steps import Steps
from slipway.deploy import beside, processes, trial, watch
from slipway.deploy.ledger import Entry, Outcome
from slipway.deploy.trial import Clients, Watch
from slipway.project.checkout import Checkout
from slipway.runtime.release import Answers, Release, host
from slipway.runtime.releases import Proxy, Releases

LATER = "what is left of the old release, the next deployment stops"
NOTHING = "Nothing was changed."
SHOWN = re.compile(r"; (the last lines of )?its log (is|are) above| \(see above\)")
BACK = 1  # seconds that a release goes on that was led away from: a request that is on its way there has to arrive


@dataclass(frozen=True)
class Change:
    """How one release takes another's place.

    `old` is the one that runs, if any. The new one has to be up for `settle` seconds before, and is watched for
    `bake` seconds afterwards. The old one has `drain` seconds after the switch to finish what it is at, before it is
    told to stop. A new one that was `kept` is only stopped when it fails; from one that is gone back to (`one_way`)
    nobody can go back in between. `configuration` is the proxy's, before and after; `anew` makes a proxy that is to be
    defined otherwise. `processes` starts those of the new one beside its web, None where it has none. What `moves` says
    nothing of what is live when it fails: whoever moves it does.
    """

    old: Release | None
    settle: float = 0
    bake: float = 0
    drain: float = 0
    kept: bool = False
    one_way: bool = False
    configuration: tuple[str, str] = ("", "")
    anew: Callable[[], None] | None = None
    processes: Callable[[], None] | None = None
    moves: bool = False

    @property
    def returns(self) -> str:
        """The release that anybody can go back to while the new one is watched, "" for none."""
        return self.old.id if self.old and not self.one_way else ""

    def make_anew(self, late: bool) -> None:
        """Make the proxy anew; late for what moves: until there is web, who is there tells clients to come again."""
        if self.anew and self.moves is late:
            self.anew()


def go_live(
    checkout: Checkout, releases: Releases, entry: Entry, change: Change, start: Callable[[], Mapping[str, Any]]
) -> Entry:
    """Start a release, lead everybody to it once it is ready, and watch it.

    `start` starts it, and returns what else the entry has to say. Returns the entry, which is in the ledger from the
    beginning. Raises Problem, or whatever stopped it; the old release is live then, and the new one removed or stopped.
    """
    steps, began, told = checkout.steps, time.monotonic(), False
    try:
        releases.record(entry.line())
        entry = replace(entry, **start())
        earlier = Clients.of(releases, change.old) if change.old else None  # asked while the new one becomes ready
        trial.of_web(checkout, releases, entry.release, 0 if change.processes else change.settle)
        if change.processes:
            processes.start(checkout, releases, entry.release, change.processes, change.settle)
        change.make_anew(late=False)
        told = True
        take(steps, releases.proxy, *change.configuration)
        entry = replace(entry, outcome=Outcome.LIVE, steps=times(steps), beside=beside.noted(releases.beside()))
        switch(steps, releases, entry, change.returns)
        switched, waits = time.monotonic(), processes.handed_over(checkout, releases, entry.release)
        before = watch.standard(earlier.first, earlier.since(releases, change.old)) if earlier else Answers()
        watched = Watch(checkout, releases, entry.release, before, waits)
        releases.spread(entry.release, watched.check)
        change.make_anew(late=True)
        trial.probe(checkout, releases.proxy, entry.release, watched.check)
        trial.bake(watched, change.bake, bool(change.returns))
    except BaseException as error:
        failed = replace(entry, reason=reason(steps, error), seconds=since(began))
        done = change if told else replace(change, configuration=("", ""), anew=None)
        live = back(checkout, releases, failed, done)
        if isinstance(error, Problem):
            error.message = f"{error.message}\n{live}{'' if change.moves else f' {again(entry.what)}'}"
        else:
            steps.note("stopped", live)
        raise
    entry = replace(entry, steps=times(steps), seconds=since(began))
    _end(steps, releases, entry, switched + change.drain)
    return entry


def _end(steps: Steps, releases: Releases, entry: Entry, drained: float) -> None:
    # Stop whatever else runs, from a moment on, and write that it has ended. It is live even if either fails.
    try:
        _stop_others(steps, releases, entry, drained)
        releases.even()
    except Problem:
        raise
    except BaseException:
        steps.note("stopped", f"{entry.image} is live ({entry.release}); {LATER}")
        raise


def _stop_others(steps: Steps, releases: Releases, entry: Entry, drained: float) -> None:
    try:
        for other in releases.all().values():  # the old one; or the rest of one whose web had gone, without a place
            if other.id != entry.release and other.at_work:
                stop(steps, releases, other, entry.image, drained - time.monotonic())
    finally:
        try:
            releases.record(entry.line())
        except Problem as problem:
            problem.message = (
                f"{str(problem.message).strip()}\n{entry.image} is live ({entry.release}). The ledger doesn't have "
                "that this came to its end, and what is beyond `keep` is still there: the next deployment removes it."
            )
            raise


def since(began: float) -> float:
    """Return the seconds since a moment, as the ledger has them: never 0, which is for what has not ended."""
    return max(round(time.monotonic() - began, 3), 0.001)


def stop(steps: Steps, releases: Releases, old: Release, live: str, drain: float) -> None:
    """Stop the release whose place was taken, once it has finished, or after so many seconds; raises Problem."""
    try:
        if old.has_web:
            with steps.step("drain") as step:
                step.detail = watch.drained(lambda: releases.proxy.connections(old), drain)
        with steps.step("stop", old.image):
            releases.retired(old)
            releases.stop(old)
    except Problem:
        steps.say(f"  {live} is live; {LATER}")
        raise


def take(steps: Steps, proxy: Proxy, before: str, now: str) -> None:
    """Let the running proxy take a changed configuration; raises Problem."""
    if before != now:
        with steps.step("proxy", "has the changed Caddyfile"):
            proxy.load(now)


def times(steps: Steps) -> dict[str, float]:
    """Return the seconds of the steps so far."""
    return {name: round(seconds, 3) for name, seconds in steps.times.items()}


def switch(steps: Steps, releases: Releases, entry: Entry, returns: str) -> None:
    """Lead every request from now on to a release, from which one can go back to another; raises Problem."""
    to = host(entry.release) if entry.scale else entry.release  # without web, it is no host
    with steps.step("switch", f"to {to}"), uninterrupted():
        releases.switch(entry.release, returns, entry.line())


def reason(steps: Steps, error: BaseException) -> str:
    """Return in a line why a deployment ended, for the ledger: nothing is above it there."""
    lines = str(error.message).strip().splitlines() if isinstance(error, Problem) else []
    said = [line for line in lines if line != NOTHING]
    return steps.redact(SHOWN.sub("", said[-1].strip(" -"))) if said else "stopped"


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
        if outcome != Outcome.LIVE and old:
            processes.put_back(checkout, releases, old)
        if outcome != Outcome.LIVE and (new := releases.again(release)):
            (releases.halt if change.kept else releases.remove)(new)
        releases.tidy()
        if outcome != Outcome.LIVE:
            take(steps, releases.proxy, *reversed(change.configuration))
    except Problem as problem:
        return f"{problem.message} What is live: ./inv status; the next deployment puts it in order."
    missing = _noted(releases, replace(entry, outcome=outcome, steps=times(steps)))
    if change.moves:
        return missing
    if outcome == Outcome.LIVE:
        return f"{missing}{entry.image} stays live, as nothing else runs."
    if not old:
        return f"{missing}Nothing was live before."
    proxy = " The proxy stays as it was made anew." if change.anew else ""
    return missing + standing(checkout, releases, old) + proxy


def _noted(releases: Releases, entry: Entry) -> str:
    # Note how it ended; return what to say where that fails.
    try:
        releases.record(entry.line())
        releases.forget_rollback()
    except Problem as problem:
        return f"{str(problem.message).strip()} The next deployment notes how this one ended.\n"
    return ""


def standing(checkout: Checkout, releases: Releases, old: Release) -> str:
    """Say that the old release is live, if it answers; a proxy that doesn't run is started first."""
    if not old.has_web:
        wrong = trial.judged(releases.again(old.id), waits=True).wrong
        doubt = f", but it {wrong}. What runs: ./inv status" if wrong else ""
        return f"{old.image} is live, as before ({old.id}){doubt}."
    proxy, said = releases.proxy, ""
    try:
        runs = proxy.revive()
    except Problem as problem:
        runs, said = False, f" {str(problem.message).strip()}"
    if runs and trial.is_answering(checkout, proxy, old.id):
        return f"{old.image} is live, as before ({old.id})."
    why = f"but it doesn't answer {checkout.project.health} through the proxy" if runs else "but the proxy doesn't run"
    return f"Clients are led to {old.image} ({old.id}), as before, {why}.{said} What runs: ./inv status."


def again(verb: str) -> str:
    """Say what to do when something was mended."""
    return f"Once it is mended: ./inv {verb}"


def _led_back(steps: Steps, releases: Releases, release: str, old: Release | None) -> Outcome:
    # Whom clients are led to in the end, and what that makes of the new release.
    pointer = releases.pointer()
    was_live = Outcome.FLIPPED_BACK if pointer.release == release else Outcome.FAILED
    outcome = Outcome.ROLLED_BACK if pointer.by else was_live
    if pointer.release == release and old:
        with steps.step("back", f"to {old.title}"):
            if not releases.back("") and releases.pointer().release == release:
                releases.point(old.id)  # no way back was noted: of a rollback, or of a switch that broke off
            time.sleep(BACK)
    return Outcome.LIVE if releases.pointer().release == release else outcome
