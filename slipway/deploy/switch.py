"""From a release that was started to one that is live, or back to the one before."""

import time
from collections.abc import Callable
from dataclasses import replace
from typing import Any

from slipway.core.errors import Problem
from slipway.core.shell import uninterrupted
from slipway.deploy import ledger
from slipway.deploy import watch as baking
from slipway.deploy.compose import proxy
from slipway.deploy.compose.deployment import FLIPPED, LIVE, Production
from slipway.deploy.compose.release import Release
from slipway.deploy.ledger import Entry
from slipway.runtime.compose import last_lines

DRAIN = 1  # seconds that the old release goes on: a request that is on its way there has to arrive
PROBE = 10  # seconds
LOG = 60  # lines
ROLLED_BACK = 3  # the status of `seal`, in deployment.sh


def go_live(
    production: Production,
    entry: Entry,
    old: Release | None,
    start: Callable[[], dict[str, Any]],
    *,
    settle: float,
    seconds: float,
    kept: bool = False,
    caddyfile: tuple[str, str] = ("", ""),
) -> Entry:
    """Start a release, lead everybody to it once it is ready, and watch it for so many seconds.

    `start` starts it, and returns what else the entry has to say; `settle` are the seconds that it has to be up;
    `caddyfile` is the proxy's configuration before and after. Returns the entry, which is in the ledger then. Raises
    Problem, or whatever stopped it; the old release is live then, and the new one removed (or only stopped, with
    `kept`).
    """
    steps, began, told = production.here.steps, time.monotonic(), ("", "")
    try:
        entry = replace(entry, **start())
        ready(production, entry.release, settle)
        smoke(production, entry.release)
        told = caddyfile
        take(production, *caddyfile)
        entry = replace(entry, outcome=ledger.LIVE, steps=times(production))
        switch(production, entry, old)
        probe(production, f"web-{entry.release}")
        bake(production, entry.release, old, seconds)
    except BaseException as error:
        live = back(production, replace(entry, reason=reason(production, error)), old, kept, told)
        if isinstance(error, Problem):
            error.message = f"{error.message}\n{live} Once it is mended: ./inv {entry.what}"
        else:
            steps.say(f"  stopped    {live}")
        raise
    entry = replace(entry, steps=times(production), seconds=round(time.monotonic() - began, 3))
    production.append(entry)
    if old:
        try:
            with steps.step("stop", old.image):
                production.stop_release(old)
        except BaseException:
            steps.say(f"  {entry.image} is live; what is left of the old release, the next deployment stops")
            raise
    return entry


def take(production: Production, before: str, now: str) -> None:
    """Let the running proxy take a changed Caddyfile; raises Problem."""
    if before != now:
        with production.here.steps.step("proxy", "has the changed Caddyfile"):
            proxy.load(production, now)


def times(production: Production) -> dict[str, float]:
    """Return the seconds of the steps so far."""
    return {name: round(seconds, 3) for name, seconds in production.here.steps.times.items()}


def ready(production: Production, release: str, settle: float) -> None:
    """Wait until a release is ready, and has been up for so many seconds; raises Problem with its log."""

    def look() -> tuple[dict[str, Any], ...]:
        found = production.fresh(release)
        return found.containers if found else ()

    with production.here.steps.step("ready", "healthy"):
        if how := baking.wait_ready(look, production.project.wait, settle):
            show_log(production, release)
            raise Problem(f"The new release {how}; the last lines of its log are above.")


def smoke(production: Production, release: str) -> None:
    """Ask a release from the proxy's place, before anybody else does; raises Problem with the answer."""
    paths = production.project.deploy.smoke or (production.project.health,)
    with production.here.steps.step("smoke", f"{', '.join(paths)} answered"):
        for path in paths:
            status, head = proxy.ask(production, f"http://web-{release}:8000{path}")
            if status:
                show_log(production, release)
                raise Problem(f"{head.strip()}\nThe new release doesn't answer {path} as it should (see above).")


def switch(production: Production, entry: Entry, old: Release | None) -> None:
    """Lead every request from now on to a release; raises Problem."""
    with production.here.steps.step("switch", f"to web-{entry.release}"), uninterrupted():
        names = [f"web-{entry.release}", old.host if old else ""]
        if production.script("switch", *names, given=entry.line(), echo=True, apart=True)[0]:
            raise Problem("The proxy could not be led to the new release.")


def probe(production: Production, host: str) -> None:
    """Ask through the proxy until this release answers; raises Problem when it doesn't."""
    with production.here.steps.step("probe", "it answers through the proxy"):
        end = time.monotonic() + PROBE
        while proxy.answered_by(production, production.project.health) != host:
            if time.monotonic() > end:
                raise Problem(f"{host} doesn't answer through the proxy.")
            time.sleep(0.1)


def bake(production: Production, release: str, old: Release | None, seconds: float) -> None:
    """Watch a release; raises Problem when it is not good, or when somebody has gone back meanwhile."""
    here = production.here
    before, since = proxy.look(production).answers, proxy.Answers()
    with here.steps.step("bake", f"{seconds:.0f} s") if seconds else here.steps.silent() as step:
        for _ in baking.watch(max(seconds, DRAIN)):
            found = proxy.look(production)
            since = found.answers.since(before)
            if found.live not in ("", f"web-{release}"):  # "": the proxy cannot be asked just now
                raise Problem(f"{found.by or 'Somebody'} has rolled it back.")
            containers = getattr(production.fresh(release), "containers", ())
            how = baking.judged(containers) or baking.worse(before, since, here.project.deploy.errors)
            if how and seconds:
                show_log(production, release)
                raise Problem(f"The new release {how}; the last lines of its log are above.")
        if old and (status := production.script("seal")[0]):
            if status != ROLLED_BACK:
                raise Problem("The deployment's files could not be changed.")
            raise Problem(f"{production.read(FLIPPED)[0] or 'Somebody'} has rolled it back.")
        step.detail += f": {since.all} answers, {since.failed} of them 5xx"


def reason(production: Production, error: BaseException) -> str:
    """Return in a line why a deployment ended, for the ledger."""
    said = str(error.message).strip().splitlines() if isinstance(error, Problem) else []
    return production.here.steps.redact(said[-1]) if said else "stopped"


def back(production: Production, entry: Entry, old: Release | None, kept: bool, caddyfile: tuple[str, str]) -> str:
    """Give the old release its place back, take the new one away, and say what is live then.

    What the proxy is led to is never taken away: without an old one that runs, there is nothing better. Nothing is
    touched once the lock was lost. `caddyfile` is what was taken, if it was: before and after. Raises nothing itself.
    """
    here, host = production.here, f"web-{entry.release}"
    try:
        # A step that was interrupted or failed may have come to its end all the same, or be about to.
        if production.script("fence", host)[0]:
            raise Problem("The lock of the deployment was taken away.")
        live, by = production.read(LIVE, FLIPPED)
        outcome = "flipped back" if by or live == host else "failed"
        if live == host and old:
            with here.steps.step("back", f"to {old.host}"):
                if production.script("back", "", echo=True)[0] and production.read(LIVE)[0] == host:
                    raise Problem(f"The proxy could not be led back to {old.host}.")
                time.sleep(DRAIN)
        if production.read(LIVE)[0] == host:
            outcome = ledger.LIVE
        elif new := production.fresh(entry.release):
            if kept:
                here.shell.probe(["docker", "stop", *new.names], echo=True)
            else:
                production.remove(new)
        production.remove_stray_secrets()
        if outcome != ledger.LIVE:
            take(production, caddyfile[1], caddyfile[0])
        production.append(replace(entry, outcome=outcome, steps=times(production)))
        production.script("noted")
    except Problem as problem:
        return f"{problem.message} What is live: ./inv status --prod; the next deployment puts it in order."
    if outcome == ledger.LIVE:
        return f"{entry.image} stays live, as nothing else runs."
    return f"{old.image} is live, as before ({old.id})." if old else "Nothing was live before."


def show_log(production: Production, release: str) -> None:
    """Print the last lines of a release's log: of a container that is not well, if there is one."""
    if found := production.fresh(release):
        one = next((one for one in found.containers if baking.judged([one]) != ""), found.containers[0])
        production.here.steps.say(last_lines(production.here.shell, one["Id"], LOG))
