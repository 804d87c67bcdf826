"""What killed deployments have left behind is put in order; what is kept no longer is removed."""

import secrets
from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from slipway.deploy import ledger
from slipway.deploy.compose.deployment import FLIPPED, LEDGER, LIVE
from slipway.deploy.ledger import Entry
from slipway.engine import registry

if TYPE_CHECKING:
    from slipway.deploy.compose.deployment import Production
    from slipway.deploy.compose.release import Release

LINES = 1000  # of the ledger
GOOD, STRAY, UNKNOWN = "good", "stray", "unknown"


def recover(production: "Production") -> None:
    """Let one release be live, and what is left of others be what can be gone back to.

    To be called by who holds the lock. What the proxy asks counts: a release that it was led to is live, whether or
    not its deployment came to its end; one that it never was led to is removed. Raises Problem.
    """
    say = production.here.steps.say
    named, by, text = production.read(LIVE, FLIPPED, LEDGER)
    live, entries = named.removeprefix("web-"), ledger.parse(text)
    if by and (away := next((entry for entry in ledger.good(entries) if entry.release != live), None)):
        entries.append(note(production, replace(away, outcome="flipped back", reason=f"{by} has rolled it back.")))
        entries.remove(away)
    releases = production.releases
    if live not in releases and (lost := running(releases, entries)):
        live = lost.id
        production.write(LIVE, lost.host)
        say(f"  recovered  which release is live was lost: it is {lost.host}")
    for release in releases.values():
        standing = judged(release.id, live, entries)
        if standing == STRAY:
            production.remove(release)
            say(f"  recovered  {release.host} never came to be live, or was taken back: removed")
            continue
        if standing == UNKNOWN:
            note(production, of_containers(release))
            say(f"  recovered  {release.host} was not in the ledger")
        if release.id != live and release.running:
            production.stop_release(release)
            say(f"  recovered  {release.host} is not live any more: stopped")
    production.script("clear")
    production.remove_stray_secrets()


def judged(release: str, live: str, entries: Sequence[Entry]) -> str:
    """Return whether a release that has containers was GOOD once, is a STRAY, or has to be noted: UNKNOWN.

    One that is not in the ledger and is newer than what is live comes from a deployment that was killed before it
    switched. An older one was live before the ledger was lost.
    """
    if any(entry.release == release for entry in ledger.good(entries)):
        return GOOD
    if release == live:
        return UNKNOWN
    if any(entry.release == release for entry in entries):
        return STRAY
    return UNKNOWN if release < live else STRAY


def running(releases: Mapping[str, "Release"], entries: Sequence[Entry]) -> "Release | None":
    """Return the last release that was live, if it runs still."""
    good = (releases.get(entry.release) for entry in ledger.good(entries))
    return next((release for release in good if release and release.running), None)


def note(production: "Production", entry: Entry) -> Entry:
    """Write an entry into the ledger, and return it; raises Problem."""
    production.append(entry)
    return entry


def of_containers(release: "Release") -> Entry:
    """Return what the ledger would say of a release, as far as its containers tell."""
    return Entry(
        event=secrets.token_hex(8), what="deploy", release=release.id, image=release.image, image_id=release.image_id,
        began=datetime.now(UTC).isoformat(timespec="seconds"), by="", outcome=ledger.LIVE,
        reason="found without an entry", schema=release.schema, scale=len(release.containers),
    )  # fmt: skip


def prune(production: "Production") -> None:
    """Remove the releases that are not kept, and their images where nothing else needs them."""
    entries = production.ledger()
    live = production.read(LIVE)[0].removeprefix("web-")
    doomed = ledger.superfluous(entries, live, production.project.deploy.keep)
    releases = production.releases
    for entry in doomed:
        if entry.release in releases:
            production.remove(releases[entry.release])
    kept = {registry.plain(entry.image) for entry in ledger.good(entries) if entry not in doomed}
    shell = production.here.shell
    form = "{{.Repository}}:{{.Tag}} {{.Repository}}@{{.Digest}}"
    there = set(shell.output(["docker", "image", "ls", "--digests", "--format", form]).split())
    for image in sorted({registry.plain(entry.image) for entry in doomed} & there - kept):
        shell.probe(["docker", "image", "rm", image])  # one that is in use stays
    production.script("trim", str(LINES))
