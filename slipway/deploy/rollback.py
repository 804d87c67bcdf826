"""`inv rollback`: to a release that was live before."""

import time
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from slipway.core.caller import who
from slipway.core.errors import Problem
from slipway.database import schema
from slipway.deploy import ledger, recover, settings, source, switch, trial
from slipway.deploy.ledger import Entry
from slipway.deploy.source import Candidate
from slipway.deploy.switch import Change
from slipway.engine.references import pinned
from slipway.project.checkout import Checkout
from slipway.runtime import Deployment, LiveRelease
from slipway.runtime.environment import Environment
from slipway.runtime.release import NewRelease, Release
from slipway.schema.protocol import Known


def rollback(checkout: Checkout, environment: Environment, deployment: Deployment, to: str, wait: bool) -> Entry:
    """Go back to a release: the one before, or a named one; return what the ledger says of it.

    Within the bake window of a deployment that is a renaming, also while the deployment is under way. Raises Problem
    when there is none, when its image doesn't know the schema, or when it doesn't become ready; all is as before then.
    """
    if not to and (entry := flip(checkout, deployment)):
        checkout.steps.say("  the deployment that was under way ends, and removes its release")
        return entry
    environment.settings.check()
    with deployment.releases.lock("rollback", wait):
        flipped = None if to else flip(checkout, deployment)
        recover.recover(checkout.steps, deployment.releases)
        return flipped or go_back(checkout, environment, deployment, to)


def flip(checkout: Checkout, deployment: Deployment) -> Entry | None:
    """Go back within a bake window, in the lock's container; return what is live then, None when there was none."""
    releases = deployment.releases
    release = releases.back(who(), any_lock=True)
    if not release:
        return None
    trial.probe(checkout, releases.proxy, release)
    found = ledger.of_release(ledger.parse(releases.ledger()), release)
    return found or recover.of_containers(releases.all()[release])


def go_back(checkout: Checkout, environment: Environment, deployment: Deployment, to: str) -> Entry:
    """Start an earlier release, and lead everybody to it; return what the ledger says of it."""
    steps, releases = checkout.steps, deployment.releases
    entries, live = ledger.parse(releases.ledger()), releases.live()
    target = choose(entries, live, to)
    if live:
        check_schema(checkout, environment, deployment, (live, target), entries)
    kept = releases.all().get(target.release)
    entry = replace(
        target, event=ledger.new_event(), what="rollback", by=who(), outcome="", reason="", migrated=(), backup="",
        began=ledger.now(), beside={}, steps={},
    )  # fmt: skip
    new: NewRelease | None = None
    if not kept:
        steps.say(f"  the containers of {target.release} are gone: new ones are made, with the settings of today")
        image = image_of(checkout, deployment, target)
        entry = made_anew(deployment, target, entry, image, [one.release for one in entries])
        new = NewRelease(entry.release, image.reference, image.user, target.scale)

    def start() -> Mapping[str, Any]:
        if kept:
            with steps.step("start", f"{target.image}, kept as {kept.host}"):
                releases.resume(kept)
        elif new:
            with steps.step("start", started(new)):
                releases.start(new)
        return {}

    drain = checkout.project.deploy.drain
    change = Change(live if live and live.running else None, drain=drain, kept=bool(kept))
    return switch.go_live(checkout, releases, entry, change, start)


def started(new: NewRelease) -> str:
    """Say what is started."""
    return f"{new.image}{f', {new.scale} of them' if new.scale > 1 else ''}"


def made_anew(deployment: Deployment, target: Entry, entry: Entry, image: Candidate, before: Sequence[str]) -> Entry:
    """Return the entry of a release that is made again of an earlier one's image; `before` are names that are taken."""
    releases = deployment.releases
    return replace(
        entry, release=ledger.new_release([*releases.all(), *before], time.time()),
        repeats=target.repeats or target.release, image=target.image if target.digest else image.reference,
        settings=settings.hashes(releases.variables(), releases.remembered().salt),
    )  # fmt: skip


def choose(entries: Sequence[Entry], live: Release | None, to: str) -> Entry:
    """Return the release to go back to; raises Problem."""
    if to:
        target = ledger.find(entries, to)
        if not target:
            raise Problem(f"{to} was never live here. What was: ./inv releases")
        if live and target.release == live.id:
            raise Problem(f"{to} is live.")
        return target
    target = ledger.previous(entries, live.id) if live else None
    if not target:
        raise Problem(
            "There is no earlier release to go back to (./inv releases). To deploy an image: ./inv deploy --tag TAG"
            if live
            else "No release is live. To start one: ./inv deploy"
        )
    return target


def image_of(checkout: Checkout, deployment: Deployment, target: Entry) -> Candidate:
    """Return the image of a release, from the engine or its registry; raises Problem."""
    images = deployment.releases.images
    found = source.find(images, target.image_id)
    if found:
        return source.called(images, found, target.image)
    if target.digest:
        named = pinned(target.image, target.digest)
        return source.get(checkout, deployment, source.resolve(checkout, deployment, named))
    raise Problem(f"The image {target.image} is gone from the engine. Build or push it, then: ./inv deploy --tag TAG")


def check_schema(
    checkout: Checkout,
    environment: Environment,
    deployment: Deployment,
    between: tuple[Release, Entry],
    entries: Sequence[Entry],
) -> None:
    """Raise Problem when the schema has lost what a release needs, or doesn't have it yet.

    `between` are the live release and the one to go back to.
    """
    (live, target), name = between, between[1].image
    if not checkout.project.migrations or target.schema == live.schema:
        return
    with checkout.steps.step("schema") as step:
        known = [live.image_id, target.image_id, *images(entries)]
        found = standing(environment, deployment, LiveRelease(name, target.schema), known)
        if not found:
            raise Problem(f"Which revisions {name} knows cannot be told: ./inv deploy --tag {target.tag} deploys it.")
        if found.lost:
            raise Problem(
                f"{name} cannot be gone back to: {', '.join(found.lost)} took away what it may need, and it doesn't "
                "know that. To go on instead, mend what is live and: ./inv deploy"
            )
        if found.missing:
            raise Problem(
                f"{name} needs {', '.join(found.missing)}, and the database is at {', '.join(found.at)}. To "
                f"apply that and deploy it: ./inv deploy --tag {target.tag}"
            )
        step.detail = f"at {', '.join(found.at)}: {name} can live with it"


def standing(
    environment: Environment, deployment: Deployment, release: LiveRelease, known: Sequence[str]
) -> Known | None:
    """Return how a release stands to the database, told by the first of these images that can; None for none.

    Raises Problem when none can, and one of them could not be asked.
    """
    failed: Problem | None = None
    for one in dict.fromkeys(known):
        if source.find(deployment.releases.images, one):
            deployment.use(one)
            try:
                found = schema.known(environment, deployment, release)
            except Problem as problem:  # an image that is broken, or of another Slipway; another may know
                failed = problem
                continue
            if found.can_tell:
                return found
    if failed:
        raise failed
    return None


def images(entries: Sequence[Entry]) -> list[str]:
    """Return the images that were live, the newest first."""
    return [entry.image_id for entry in ledger.good(entries)]
