"""Cleans up after killed deployments; removes releases beyond `keep`."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from enum import Enum

from slipway.core.errors import Problem
from slipway.core.steps import Steps
from slipway.deploy import history, ledger
from slipway.deploy.ledger import Entry, Outcome
from slipway.deploy.trial import rolled_back
from slipway.engine import references
from slipway.runtime.release import Pointer, Release
from slipway.runtime.releases import Releases

LINES = 1000  # of the ledger
CUT_OFF = "it was cut off"


class Standing(Enum):
    """What a release that has containers is."""

    GOOD = "it was live once"
    STRAY = "it never came to be live, or was taken back"
    UNKNOWN = "the ledger doesn't say: it is to be noted"


def recover(steps: Steps, releases: Releases) -> None:
    """Let one release be live, and what is left of others be what can be gone back to.

    To be called by who holds the lock. What the proxy asks counts: a release that it was led to is live, whether or
    not its deployment came to its end; one that it never was led to is removed. A proxy that doesn't run is started
    first, so that clients don't wait for what comes. Raises Problem.
    """
    _revive(steps, releases)
    remembered = releases.remembered()
    live, entries = remembered.pointer.release, ledger.parse(remembered.ledger)
    settled = {one.event: one for one in unsettled(entries, remembered.pointer)}
    for one in settled.values():
        releases.record(one.line())
    entries = [settled.get(one.event, one) for one in entries]
    there = releases.all()
    if live not in there and (lost := running(there, entries)):
        live = lost.id
        releases.point(live)
        steps.note("recovered", f"which release is live was lost: it is {lost.host}")
    made = there[live].made if live in there else datetime.min.replace(tzinfo=UTC)
    # What is not in the ledger is noted in this order, so that what may have been rolled back from comes first.
    for release in sorted(there.values(), key=lambda one: (one.id == live, one.made <= made, one.made)):
        standing = judged(release.id, live, entries, release.made < made)
        _put_in_order(steps, releases, release, live, standing)
    releases.clear_marks()
    releases.tidy()


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
    return found


def _put_in_order(steps: Steps, releases: Releases, release: Release, live: str, standing: Standing) -> None:
    if standing is Standing.STRAY:
        releases.remove(release)
        steps.note("recovered", f"{release.host} never came to be live, or was taken back: removed")
        return
    if standing is Standing.UNKNOWN:
        releases.record(of_containers(release).line())
        steps.note("recovered", f"{release.host} was not in the ledger")
    if release.id != live and release.at_work:
        releases.stop(release)
        steps.note("recovered", f"{release.host} is not live any more: stopped")


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
        scale=release.scale,
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
