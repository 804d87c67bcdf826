"""`inv rollback`: to a release that was live before."""

import secrets
import sys
import time
from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

from slipway.core.errors import Problem
from slipway.database import migrate as migrating
from slipway.deploy import ledger
from slipway.deploy import recover as recovering
from slipway.deploy import settings as starting
from slipway.deploy import source as candidate
from slipway.deploy import switch as switching
from slipway.deploy.compose.deployment import SALT, Production
from slipway.deploy.compose.release import Release, new_release
from slipway.deploy.ledger import Entry
from slipway.deploy.source import Candidate
from slipway.project.revisions import Live, caller
from slipway.verbs.session import Lifecycle


def rollback(here: Lifecycle, to: str, wait: bool, as_json: bool) -> None:
    """Go back to a release: the one before, or a named one.

    Within the bake window of a deployment that is a renaming, also while the deployment is under way. Raises Problem
    when there is none, when its image doesn't know the schema, or when it doesn't become ready; all is as before then.
    """
    production = here.production
    by = caller("prod")["SLIPWAY_BY"]
    if not to and (entry := flip(production, by)):
        here.steps.say("  the deployment that was under way ends, and removes its release")
    else:
        here.settings.check()
        with production.alone("rollback", wait):
            entry = None if to else flip(production, by)
            recovering.recover(production)
            entry = entry or go_back(production, to, by)
    if as_json:
        sys.stdout.write(entry.line())
        return
    here.steps.say(f"  live       {entry.image}, as {entry.release}")
    here.steps.total()


def flip(production: Production, by: str) -> Entry | None:
    """Go back within a bake window, in the lock's container; return what is live then, None when there was none."""
    status, host = production.script("back", by, locked=True)
    if status:
        return None
    switching.probe(production, host)
    release = host.removeprefix("web-")
    found = ledger.of_release(production.ledger(), release)
    return found or recovering.of_containers(production.releases[release])


def go_back(production: Production, to: str, by: str) -> Entry:
    """Start an earlier release, and lead everybody to it; return what the ledger says of it."""
    here = production.here
    entries, live = production.ledger(), production.live_release
    target = choose(entries, live, to)
    if live:
        check_schema(production, live, target, entries)
    kept = production.releases.get(target.release)
    entry = replace(
        target, event=secrets.token_hex(8), what="rollback", by=by, outcome="", reason="", migrated=(), backup="",
        began=datetime.now(UTC).isoformat(timespec="seconds"), steps={},
    )  # fmt: skip
    if not kept:
        here.steps.say(f"  the containers of {target.release} are gone: new ones are made, with the settings of today")
        image = image_of(production, target)
        taken = [*production.releases, *(one.release for one in entries)]
        entry = replace(
            entry, release=new_release(taken, time.time()), repeats=target.repeats or target.release,
            image=target.image if target.digest else image.reference,
            settings=starting.settings(production, production.read(SALT)[0]),
        )  # fmt: skip

    def start() -> dict[str, Any]:
        if kept:
            with here.steps.step("start", f"{target.image}, kept as {kept.host}"):
                here.shell.output(["docker", "start", *kept.names], echo=True, failed="It cannot be started again.")
        else:
            starting.start(production, image, entry.release, target.scale)
        return {}

    old = live if live and live.running else None
    return switching.go_live(production, entry, old, start, settle=0, seconds=0, kept=bool(kept))


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


def image_of(production: Production, target: Entry) -> Candidate:
    """Return the image of a release, from the engine or its registry; raises Problem."""
    found = candidate.inspect(production, target.image_id)
    if found:
        return replace(found, reference=target.image) if candidate.is_called(production, found, target.image) else found
    if target.digest:
        named = candidate.pinned(target.image, target.digest)
        return candidate.get(production, candidate.resolve(production, named))
    raise Problem(f"The image {target.image} is gone from the engine. Build or push it, then: ./inv deploy --tag TAG")


def check_schema(production: Production, live: Release, target: Entry, entries: Sequence[Entry]) -> None:
    """Raise Problem when the schema has lost what the release needs, or doesn't have it yet."""
    here, name = production.here, target.image
    if not here.project.migrations or target.schema == live.schema:
        return
    with here.steps.step("schema") as step:
        found = standing(production, Live(name, target.schema), [live.image_id, target.image_id, *images(entries)])
        if not found:
            raise Problem(f"Which revisions {name} knows cannot be told: ./inv deploy --tag {target.tag} deploys it.")
        if found["lost"]:
            raise Problem(
                f"{name} cannot be gone back to: {', '.join(found['lost'])} took away what it may need, and it doesn't "
                "know that. To go on instead, mend what is live and: ./inv deploy"
            )
        if found["missing"]:
            raise Problem(
                f"{name} needs {', '.join(found['missing'])}, and the database is at {', '.join(found['at'])}. To "
                f"apply that and deploy it: ./inv deploy --tag {target.tag}"
            )
        step.detail = f"at {', '.join(found['at'])}: {name} can live with it"


def standing(production: Production, release: Live, known: Sequence[str]) -> dict[str, Any]:
    """Return how a release stands to the database, told by the first of these images that can; {} when none can."""
    for one in dict.fromkeys(known):
        if candidate.inspect(production, one):
            production.use(one)
            if (found := migrating.known_to(production.here, release))["can_tell"]:
                return found
    return {}


def images(entries: Sequence[Entry]) -> list[str]:
    """Return the images that were live, the newest first."""
    return [entry.image_id for entry in ledger.good(entries)]
