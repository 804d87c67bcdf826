"""What killed deployments have left behind is put in order; what is kept no longer is removed."""

import secrets
from dataclasses import replace
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from slipway import ledger
from slipway.ledger import Entry
from slipway.production import FLIPPED, LEDGER, LIVE, PREVIOUS

if TYPE_CHECKING:
    from slipway.production import Production, Release

LINES = 1000  # of the ledger


def recover(production: "Production") -> None:
    """Let one release be live, and what is left of others be what can be gone back to.

    To be called by who holds the lock. What the proxy asks counts: a release that it was led to is live, whether or
    not its deployment came to its end; one that it never was led to is removed.
    """
    say = production.here.steps.say
    named, previous, by, text = production.read(LIVE, PREVIOUS, FLIPPED, LEDGER)
    live = named.removeprefix("web-")
    entries = ledger.parse(text)
    if by and (away := next((entry for entry in ledger.good(entries) if entry.release != live), None)):
        production.append(replace(away, outcome="flipped back", reason=f"{by} has rolled it back."))
        entries = production.ledger()
    found = production.releases.get(live)
    if found and not ledger.of_release(entries, live):
        production.append(of_containers(found))
        say(f"  recovered  {found.host} is live; its deployment was killed before it said so")
    good = {entry.release for entry in ledger.good(entries)}
    for release in production.releases.values():
        if release.id != live and release.id not in good:
            production.remove(release)
            say(f"  recovered  {release.host} never came to be live, or was taken back: removed")
        elif release.id != live and release.running:
            production.stop_release(release)
            say(f"  recovered  {release.host} is not live any more: stopped")
    if previous or by:
        production.script("clear")
    production.remove_stray_secrets()


def of_containers(release: "Release") -> Entry:
    """Return what the ledger would say of a release, as far as its containers tell."""
    return Entry(
        event=secrets.token_hex(8), what="deploy", release=release.id, image=release.image, image_id=release.image_id,
        began=datetime.now(UTC).isoformat(timespec="seconds"), by="", outcome=ledger.LIVE,
        reason="the deployment was killed", schema=release.schema, scale=len(release.containers),
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
    kept = {entry.image for entry in ledger.good(entries) if entry not in doomed}
    shell = production.here.shell
    there = set(shell.output(["docker", "image", "ls", "--format", "{{.Repository}}:{{.Tag}}"]).split())
    for image in sorted({entry.image for entry in doomed} & there - kept):
        shell.probe(["docker", "image", "rm", image])  # one that is in use stays
    production.script("trim", str(LINES))
