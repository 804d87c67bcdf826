"""Cleans up after killed deployments; removes releases beyond `keep`."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from enum import Enum

from slipway.core.errors import Problem
from slipway.core.steps import Steps
from slipway.deploy import history, ledger, processes
from slipway.deploy.ledger import Entry, Outcome
from slipway.deploy.trial import rolled_back
from slipway.engine import references
from slipway.runtime.release import Pointer, Release, Remembered
from slipway.runtime.releases import Releases

LINES = 1000  # of the ledger
CUT_OFF = "it was cut off"
LED_BACK = (Outcome.FLIPPED_BACK, Outcome.ROLLED_BACK)


class Standing(Enum):
    """What a release that has containers is."""

    GOOD = "it was live once"
    STRAY = "it never came to be live, or was taken back"
    UNKNOWN = "the ledger doesn't say: it is to be noted"


@dataclass(frozen=True)
class Stand:
    """How a deployment stands, as it does once it was put in order.

    `live` is the release that clients are led to; that was `lost` where it is told by containers alone. `entries` are
    those of the ledger, among them what became of those whose end it doesn't have (`settled`), and then what it doesn't
    have at all (`found`). `strays` are releases that go.
    """

    live: str
    lost: bool
    entries: tuple[Entry, ...]
    settled: tuple[Entry, ...]
    found: tuple[Entry, ...]
    strays: tuple[str, ...]


def stand(remembered: Remembered, there: Mapping[str, Release]) -> Stand:
    """Return how a deployment stands, of what is remembered and which releases have containers."""
    live, entries = remembered.pointer.release, ledger.parse(remembered.ledger)
    settled = {one.event: one for one in unsettled(entries, remembered.pointer)}
    entries = [settled.get(one.event, one) for one in entries]
    runs = None if live in there else running(there, entries)
    live = runs.id if runs else live
    made = there[live].made if live in there else datetime.min.replace(tzinfo=UTC)
    by_age = sorted(there.values(), key=lambda one: one.made)
    judgements = {one.id: judged(one.id, live, entries, one.made < made) for one in by_age}
    found = [of_containers(one) for one in by_age if judgements[one.id] is Standing.UNKNOWN]
    if not entries and found and found[-1].release != live and live in there:
        # What was made after the live one may have been rolled back from.
        found.append(replace(of_containers(there[live]), what=ledger.ROLLBACK, reason="", seconds=ledger.ENDED))
    strays = tuple(one for one, judgement in judgements.items() if judgement is Standing.STRAY)
    return Stand(live, bool(runs), (*entries, *found), tuple(settled.values()), tuple(found), strays)


def recover(steps: Steps, releases: Releases) -> None:
    """Let one release be live, and what is left of others be what can be gone back to.

    To be called by who holds the lock. What the proxy asks counts: a release that it was led to is live, whether or
    not its deployment came to its end; one that it never was led to is removed. A proxy that doesn't run is started
    first, so that clients don't wait for what comes. Raises Problem.
    """
    _revive(steps, releases)
    there = releases.all()
    now = stand(releases.remembered(), there)
    if now.lost:
        releases.point(now.live)
        steps.note("recovered", f"which release is live was lost: it is {there[now.live].title}")
    live, is_back = there.get(now.live), any(one.outcome in LED_BACK for one in now.settled)
    if live and (live.running or (is_back and not live.has_web)):  # without web, all of it was told to stop
        _resume(steps, releases, live, is_back)
    for entry in (*now.settled, *now.found):  # from here on, nobody knows that it was gone back to
        releases.record(entry.line())
    for name in dict.fromkeys(entry.release for entry in now.found):
        steps.note("recovered", f"{there[name].title} was not in the ledger")
    for release in there.values():
        if release.id in now.strays:
            releases.remove(release)
            steps.note("recovered", f"{release.title} never came to be live, or was taken back: removed")
        elif release.id != now.live and release.at_work:
            releases.stop(release)
            steps.note("recovered", f"{release.title} is not live any more: stopped")
    releases.clear_marks()
    releases.tidy()


def _resume(steps: Steps, releases: Releases, live: Release, is_back: bool) -> None:
    # Of one that others had replaced. What was told to stop by who was cut off runs until it has: it is waited for.
    if is_back and any(one.running for one in live.processes):
        releases.retire(live)
        releases.retired(live)
        live = releases.again(live.id) or live
    if not all(one.running for one in live.processes):
        releases.resume_processes(live)
        steps.note("recovered", f"{processes.listed(live.replicas)} of {live.title}: started again")


def _revive(steps: Steps, releases: Releases) -> None:
    try:
        releases.proxy.revive()
    except Problem as problem:  # what is to be done with it otherwise, a deployment decides
        steps.say(str(problem.message))


def unsettled(entries: Sequence[Entry], pointer: Pointer) -> list[Entry]:
    """Return the entries whose end nobody has noted, with what became of them.

    `pointer` is whom clients are led to. Who has gone back (`by`) did so from the last deployment.
    """
    found = []
    for entry in entries:
        if entry.outcome == Outcome.UNDER_WAY:
            led = entry.release == pointer.release
            found.append(replace(entry, outcome=Outcome.LIVE if led else Outcome.FAILED, reason="" if led else CUT_OFF))
    last = next((one for one in reversed(entries) if one.outcome == Outcome.LIVE and not one.goes_back), None)
    if pointer.by and last and last.release != pointer.release:  # else the mark is an older one, and it is noted
        found.append(replace(last, outcome=Outcome.ROLLED_BACK, reason=rolled_back(pointer.by)))
    elif entries and entries[-1].is_cut_off and pointer.release not in ("", entries[-1].release):
        # Who led clients back was killed, or could not write, before that was noted.
        found.append(replace(entries[-1], outcome=Outcome.FLIPPED_BACK, reason=CUT_OFF))
    return found


def judged(release: str, live: str, entries: Sequence[Entry], older: bool) -> Standing:
    """Judge a release that has containers.

    One that is not in the ledger and was made after the live one comes from a deployment of an earlier version that was
    killed before it switched. An `older` one was live before the ledger was lost; and without a ledger that cannot be
    told of any.
    """
    if any(entry.release == release for entry in ledger.good(entries)):
        return Standing.GOOD
    if release == live or (live and not entries):
        return Standing.UNKNOWN
    if any(entry.release == release for entry in entries):
        return Standing.STRAY
    return Standing.UNKNOWN if older else Standing.STRAY


def running(releases: Mapping[str, Release], entries: Sequence[Entry]) -> Release | None:
    """Return the last release that was live and runs; the newest that runs where nothing is known of any."""
    good = (releases.get(entry.release) for entry in ledger.good(entries))
    found = good if entries else reversed(list(releases.values()))
    return next((release for release in found if release and release.running), None)


def of_containers(release: Release) -> Entry:
    """Return what the ledger would say of a release, as far as its containers tell."""
    return Entry(
        event=ledger.new_event(), what="deploy", release=release.id, image=release.image, image_id=release.image_id,
        began=ledger.now(), by="", outcome=Outcome.LIVE, reason=ledger.FOUND, schema=release.schema,
        scale=release.scale or int(release.has_web), replicas=release.replicas,
    )  # fmt: skip


def prune(releases: Releases, keep: int) -> None:
    """Remove the releases that are not kept, and their images where nothing else needs them."""
    remembered = releases.remembered()
    entries, live = ledger.parse(remembered.ledger), remembered.pointer.release
    there = releases.all()
    doomed = history.superfluous(entries, live, keep, there)
    for entry in doomed:
        if entry.release in there:
            releases.remove(there[entry.release])
    kept = {references.plain(entry.image) for entry in ledger.good(entries) if entry not in doomed}
    gone = {references.plain(entry.image): entry.image_id for entry in doomed}
    for image in sorted(gone.keys() & releases.images.listed() - kept):
        found = releases.images.find(image)
        if found and found.id == gone[image]:  # else the name means another image by now, which is somebody's
            releases.images.remove(image)
    releases.trim(LINES)
