"""Which release `inv rollback` goes back to, and what is said of that; nothing is asked or changed here."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass

from slipway.core.errors import Problem
from slipway.deploy import history, ledger, processes, settings
from slipway.deploy.ledger import Entry, Outcome
from slipway.deploy.source import NO_RELEASE
from slipway.runtime.release import Release

STEPS = "ready, smoke test, switch, let the live one finish, stop it"
STEPS_WITHOUT_WEB = "switch, let the live one finish"


@dataclass(frozen=True)
class Target:
    """A release to go back to, from the live one, which may be gone (None).

    `kept` are its containers, None when they are gone. `settings` and `definition` are what its containers have, or
    will have; `schema` says how it stands to the database. `volumes` are those that it shares with others if it is made
    anew, as people read it.
    """

    entry: Entry
    live: Release | None
    now: Entry | None
    kept: Release | None
    settings: dict[str, str]
    definition: str
    schema: str = ""
    volumes: tuple[str, ...] = ()

    @property
    def change(self) -> str:
        """How its settings and definition differ from those of the live release, by name; "" for not at all."""
        changed = settings.difference(self.now.settings, self.settings) if self.now else ""
        known = self.now and self.now.definition and self.definition
        defined = (
            "compose.release.yaml differs" if known and self.now and self.now.definition != self.definition else ""
        )
        return "; ".join(filter(None, (changed, defined)))


def choose(entries: Sequence[Entry], live: Release | None, there: Collection[str], to: str) -> Entry:
    """Return the release to go back to; `there` are those that have containers. Raises Problem."""
    now = ledger.of_release(entries, live.id) if live else None
    if to:
        target = ledger.find(entries, to)
        if not target:
            raise Problem(f"{to} was never live here. What was: ./inv releases")
        if live and target.release == live.id:
            raise Problem(f"{to} is live.")
    else:
        if not live:
            raise Problem(NO_RELEASE)
        target = history.previous(entries, live.id)
        if not target:
            raise Problem(nothing_before(entries, live.id, there))
    if now and target.release not in there and target.image_id == now.image_id:
        raise Problem(_refused(entries, target, now))
    return target


def nothing_before(entries: Sequence[Entry], live: str, there: Collection[str]) -> str:
    """Say that there is no earlier release, and which others are kept."""
    others = [one for one in history.ranked(entries, live) if one.release in there]
    listed = ", ".join(f"{one.tag} ({one.release})" for one in others)
    kept = (
        f"Kept, though rolled back from: {listed}. To go to one: ./inv rollback --to {others[0].release}"
        if others
        else ""
    )
    return f"There is no earlier release to go back to. {kept or 'To deploy an image: ./inv deploy --tag TAG'}"


def gone(entry: Entry, entries: Sequence[Entry], live: str, there: Collection[str]) -> str:
    """Say that the image of a release is gone, and which others are kept."""
    kept = next((one for one in history.ranked(entries, live) if one.release in there), None)
    instead = f" Kept is {kept.image}: ./inv rollback --to {kept.release}." if kept else ""
    return (
        f"The image {entry.image} is gone from the engine, as are the containers of {entry.release}.{instead} To have "
        "it again, build or push it, then: ./inv deploy --tag TAG"
    )


def _refused(entries: Sequence[Entry], target: Entry, now: Entry) -> str:
    # Its containers are gone: what would be made is the live image with the settings of today, and no step back.
    other = settings.difference(now.settings, target.settings)
    known = other not in ("", settings.NOT_KNOWN)
    differs = f" It had other settings ({other}), which went with its containers." if known else ""
    further = next((one for one in history.leading(entries, now.release) if one.image_id != now.image_id), None)
    more = f"the release before with another image: ./inv rollback --to {further.release}" if further else ""
    return (
        f"{target.image}, as {target.release}, is the image that is live.{differs} To take today's settings: "
        f"./inv deploy{f'; to go to {more}' if more else ''}"
    )


def done(entries: Sequence[Entry], live: str, seen: str, waited: str) -> str:
    """Return who has made this rollback already, "" when it is to be made.

    `live` is the live release, `seen` the one that was live when the rollback was asked for, `waited` whose work was
    waited for since then ("" for nobody's).
    """
    last = entries[-1] if entries else None
    if not last:
        return ""
    if last.outcome == Outcome.ROLLED_BACK:  # and who did it was cut off
        return last.reason
    went_back = last.goes_back and last.outcome == Outcome.LIVE and last.release == live
    if went_back and (last.is_cut_off or waited or seen != live):
        return f"{last.by} has rolled back to {last.image} ({last.release})."
    if waited and not last.goes_back and last.outcome != Outcome.LIVE:
        return f"What was under way, {last.what} of {last.image} by {last.by}, did not stay live."
    return ""


def rows(target: Target) -> list[tuple[str, str]]:
    """Return what will be done, as names and lines."""
    entry, live = target.entry, target.live
    how = "kept" if target.kept else "made anew, with the settings of today, as its containers are gone"
    found = [
        ("now", f"{live.image} ({live.id})" if live else "nothing is live"),
        ("then", f"{entry.image} ({entry.release}), {how}"),
    ]
    before, after = (live.replicas if live else {}), (target.kept.replicas if target.kept else entry.replicas)
    if before or after:
        found.append(("processes", processes.changes(before, after)))
    if target.now:
        found.append(("settings", target.change or "the same"))
    if target.volumes:
        found.append(("volumes", "; ".join(target.volumes)))
    if target.schema:
        found.append(("schema", target.schema))
    return found
