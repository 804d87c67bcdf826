"""The processes of a release beside `web`: how those of one release follow those of another.

Nobody is led to them, and so nothing of them has to wait for a switch: the new ones are started once the new web is
well, the old ones are told to stop as soon as clients are led to the new one. They finish what they are at meanwhile.
Of one that is single, the new one waits for the lock that the old one has, and is at work when that has ended.

Of a release without web they are all that there is, and which release is live is told by the same pointer.
"""

import time
from collections.abc import Callable, Mapping, Sequence

from slipway.core.errors import Problem
from slipway.deploy import trial
from slipway.engine.health import until_ready
from slipway.project.checkout import Checkout
from slipway.runtime.release import WEB, Release
from slipway.runtime.releases import Releases


def counts(defined: Mapping[str, int], now: Mapping[str, int], asked: Mapping[str, int]) -> dict[str, int]:
    """Return how many there will be of each process that is `defined`: as asked, as defined, or as there are now.

    `defined` has 0 where that says nothing.
    """
    return {name: asked.get(name) or said or now.get(name) or 1 for name, said in defined.items()}


def check(asked: Mapping[str, int], defined: Mapping[str, int], single: Sequence[str], has_web: bool = True) -> None:
    """Raise Problem where more is asked for than there can be."""
    for name, count in asked.items():
        if name not in defined:
            there = ", ".join([WEB, *defined] if has_web else defined)
            raise Problem(f"--scale: there is no process {name!r}; there are {there}. Nothing was changed.")
        if name in single and count > 1:
            raise Problem(f"--scale: {name} is a single one, of which never two are at work. Nothing was changed.")


def listed(replicas: Mapping[str, int]) -> str:
    """Name processes, with how many there are of each."""
    return ", ".join(f"{count} of {name}" if count > 1 else name for name, count in replicas.items())


def changes(before: Mapping[str, int], after: Mapping[str, int]) -> str:
    """Say how many there are of each before and after; "" without any."""
    names = dict.fromkeys([*after, *before])
    return ", ".join(f"{name} {before.get(name, 0)} -> {after.get(name, 0)}" for name in names)


def start(checkout: Checkout, releases: Releases, release: str, begin: Callable[[], None], settle: float) -> None:
    """Start those of a release, and wait until all of it is well for so many seconds; raises Problem with a log."""
    with checkout.steps.step("processes") as step:
        begin()
        how = until_ready(lambda: trial.judged(releases.again(release), True), checkout.project.wait, settle)
        if how:
            raise Problem(f"The new release {how}; {trial.show_log(checkout.steps, releases, release)}.")
        found = releases.again(release)
        step.detail = listed(found.replicas) if found else ""


def handed_over(checkout: Checkout, releases: Releases, release: str) -> Callable[[], bool]:
    """Tell the processes of all other releases to stop at once; raises Problem.

    Returns what tells whether a single one of this release may still wait for its turn, or become well after that.
    """
    others = [
        one for one in releases.all().values() if one.id != release and any(each.running for each in one.processes)
    ]
    for other in others:
        releases.retire(other)
    begun = time.monotonic()

    def waits() -> bool:
        nonlocal begun
        if any(releases.is_retiring(other) for other in others):
            begun = time.monotonic()
        return time.monotonic() - begun < checkout.project.wait

    return waits


def put_back(checkout: Checkout, releases: Releases, old: Release) -> None:
    """Have those of a release at work again that were, as its web is; raises Problem.

    The other release's are not stopped before: what happens to this process, one that is single is at work.
    """
    names = [one.name for one in old.processes if one.running]
    if not names:
        return
    releases.retired(old)  # what is told to stop cannot be started before it has
    found = releases.again(old.id)
    if found and any(not one.running for one in found.processes if one.name in names):
        with checkout.steps.step("processes", f"{listed(old.replicas)} of {old.image} again"):
            releases.resume_processes(found)
