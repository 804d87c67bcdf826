"""What a new release has to pass: ready, smoke, probe, and the time in which it is watched."""

import contextlib
import time
from collections.abc import Callable
from dataclasses import dataclass, replace

from slipway.core.errors import Problem
from slipway.core.steps import Steps
from slipway.core.words import of_log
from slipway.deploy import watch
from slipway.engine.health import GONE, Verdict, until_ready
from slipway.project.checkout import Checkout
from slipway.runtime.release import Answers, Look, Pointer, Release, host
from slipway.runtime.releases import Proxy, Releases

LEAST = 1  # seconds that both run after the switch: a request that is on its way to the old one has to arrive
PROBE = 10  # seconds
POLL = 0.1
LOG = 60  # lines


def of_web(checkout: Checkout, releases: Releases, release: str, settle: float) -> None:
    """Wait until the web of a release is ready, and ask it, where the project has one; raises Problem."""
    if checkout.project.has_web:
        ready(checkout, releases, release, settle)
        smoke(checkout, releases, release)


def ready(checkout: Checkout, releases: Releases, release: str, settle: float) -> None:
    """Wait until the web of a release is ready, and has been up for so many seconds; raises Problem with its log."""

    def look() -> Verdict:
        found = releases.again(release)
        return judged(found and found.bare)

    with checkout.steps.step("ready", "healthy"):
        if how := until_ready(look, checkout.project.wait, settle):
            raise Problem(f"The new release {how}; {show_log(checkout.steps, releases, release)}.")


def smoke(checkout: Checkout, releases: Releases, release: str) -> None:
    """Ask a release from the proxy's place, before anybody else does; raises Problem with the answer."""
    paths = checkout.project.deploy.smoke or (checkout.project.health,)
    with checkout.steps.step("smoke", f"{', '.join(paths)} answered"):
        for path in paths:
            good, head = releases.proxy.ask(release, path)
            if not good:
                show_log(checkout.steps, releases, release)
                raise Problem(f"{head.strip()}\nThe new release doesn't answer {path} as it should (see above).")


@dataclass(frozen=True)
class Clients:
    """What the clients of a release get from now on.

    `begun` is what was counted before: by its containers (gunicorn.conf.py), which `themselves` says; or by the proxy,
    of all releases, where they don't count. None when nobody could be asked: then nothing is said of them.
    """

    themselves: bool
    begun: Answers | None

    @property
    def first(self) -> Answers:
        """What was counted before."""
        return self.begun or Answers()

    @classmethod
    def of(cls, releases: Releases, release: Release | None, first: Answers | None = None) -> "Clients":
        """Begin to count; `first` is what a release that counts had before, unless that is to be looked up."""
        found = counted(releases, release)
        if found:
            return cls(True, first or found)
        look = releases.proxy.look()
        return cls(False, look.answers if look.pointer.release else None)

    def since(self, releases: Releases, release: Release | None, look: Look | None = None) -> Answers:
        """Return what they got since then; nothing when that cannot be told just now.

        `look` is a look at the proxy, if one was taken just now.
        """
        if self.begun is None:
            return Answers()
        if not self.themselves:
            return (look or releases.proxy.look()).answers.since(self.first)
        found = counted(releases, release)
        return found.since(self.first) if found else Answers()


def counted(releases: Releases, release: Release | None) -> Answers | None:
    """Return what the containers of a release count; None when they don't, or cannot be asked just now."""
    try:
        return releases.answers(release) if release else None
    except Problem:  # whether one of them is gone, or the engine doesn't answer, is told where it is looked at again
        return None


class Watch:
    """Looks at a release from the switch on: is it well, what do its clients get, has somebody gone back?

    `before` is what clients got of the old one; `waits` tells whether a process of it may wait for one of another.
    """

    def __init__(
        self, checkout: Checkout, releases: Releases, release: str, before: Answers, waits: Callable[[], bool] = bool
    ) -> None:
        self.checkout, self.releases, self.release, self.before = checkout, releases, release, before
        self.waits = waits
        self.since = Answers()
        self._clients = Clients.of(releases, releases.again(release), self.since)

    def look(self) -> str:
        """Return what is wrong with it, "" for nothing; raises Problem when somebody has gone back."""
        look = self.releases.proxy.look()
        self._check_led(look.pointer)
        found = self.releases.again(self.release)
        self.since = self._clients.since(self.releases, found, look)
        wrong = judged(found, self.waits()).wrong
        if wrong:  # as it was told to end, while all this was asked
            with contextlib.suppress(Problem):
                look = replace(look, pointer=self.releases.pointer())
            self._check_led(look.pointer)
        return wrong or watch.worse(self.before, self.since, self.checkout.project.deploy.errors)

    def _check_led(self, pointer: Pointer) -> None:
        if pointer.release not in ("", self.release):  # "": the proxy cannot be asked just now
            raise Problem(rolled_back(pointer.by))

    def check(self) -> None:
        """Raise Problem when something is wrong with it, or somebody has gone back."""
        if how := self.look():
            log = show_log(self.checkout.steps, self.releases, self.release)
            raise Problem(f"The new release {how}; {log}.")

    def until_well(self) -> None:
        """Wait until a process is well that had to wait for another release's; raises Problem as `check` does."""
        while not judged(self.releases.again(self.release)).ready:
            may_wait = self.waits()
            self.check()
            if not may_wait:
                log = show_log(self.checkout.steps, self.releases, self.release)
                raise Problem(f"The new release was not well in {self.checkout.project.wait} s after its turn; {log}.")
            time.sleep(watch.LOOK)


def probe(checkout: Checkout, proxy: Proxy, release: str, check: Callable[[], None] | None = None) -> None:
    """Ask through the proxy until this release answers; raises Problem when it doesn't, or what `check` raises.

    Without web, nobody is asked.
    """
    if not checkout.project.has_web:
        return
    with checkout.steps.step("probe", "it answers through the proxy"):
        if not is_answering(checkout, proxy, release, check):
            said = f"{proxy.said.strip()}\n{host(release)} doesn't answer {checkout.project.health} through the proxy"
            raise Problem(f"{said}{' (see above)' if proxy.said else ''}.".lstrip())


def bake(watched: Watch, seconds: float, returns: bool) -> None:
    """Watch a release for so many seconds; raises Problem when it is not good, or when somebody has gone back.

    It is watched on for as long as a process of it has to wait for one of another release, and to become well then.
    `returns` tells whether there is one that anybody can go back to, which ends here.
    """
    steps, releases = watched.checkout.steps, watched.releases
    look = watched.check if seconds else watched.look  # which still notices that somebody has gone back
    with steps.step("bake", f"{seconds:.0f} s") if seconds else steps.silent() as step:
        for _ in watch.moments(max(seconds, LEAST)):
            look()
        if seconds:
            watched.until_well()
        if returns and not releases.seal():
            raise Problem(rolled_back(releases.pointer().by))
        since = watched.since
        if watched.checkout.project.has_web:
            step.detail += f": {since.all} answers, {since.failed + since.busy} of them failed"


def rolled_back(by: str) -> str:
    """Return what to say when somebody has gone back."""
    return f"{by or 'Somebody'} has rolled it back."


def is_answering(checkout: Checkout, proxy: Proxy, release: str, check: Callable[[], None] | None = None) -> bool:
    """Tell whether a release answers through the proxy, sooner or later; raises what `check` raises meanwhile."""
    end = time.monotonic() + PROBE
    while proxy.answered_by(checkout.project.health) != release:
        if check:
            check()
        if time.monotonic() > end:
            return False
        time.sleep(POLL)
    return True


def judged(release: Release | None, waits: bool = False) -> Verdict:
    """Judge a release, one of whose processes may wait for another release's; one that isn't there is gone."""
    return release.verdict(waits) if release else GONE


def show_log(steps: Steps, releases: Releases, release: str) -> str:
    """Show the last lines of a release's log; return where the reader finds them."""
    if text := releases.log(release, LOG):
        steps.say(text)
    return of_log(text)
