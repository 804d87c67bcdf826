"""What was deployed when, by whom, and how it ended: a line of JSON each in `releases.jsonl`."""

import json
import secrets
import time
from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass, field, fields, replace
from datetime import UTC, datetime
from enum import StrEnum
from typing import Any

from slipway.engine import references

ROTATE = "rotate"  # what an entry begins with that a rotation has made
FOUND = "found without an entry"  # the reason in an entry that was made of containers alone


class Outcome(StrEnum):
    """How a deploy or rollback ended."""

    LIVE = "live"  # it was switched to and stayed
    FAILED = "failed"
    FLIPPED_BACK = "flipped back"  # somebody went back while it was watched


@dataclass(frozen=True)
class Entry:
    """One deploy or rollback.

    `release` names the containers (web-<release>), `image` is what they were started from, `image_id` what that meant,
    `digest` what the registry calls it ("" for an image of this engine). `schema` are the newest revisions that the
    image knows; `migrated` those that were applied. `repeats` is the release whose image was started again, "" for
    none. `settings` has a salted hash for each variable. `beside` has the images that ran beside it when it was live
    last, the database's and the proxy's, by the names and tags in the Compose files: the digest of each in its
    registry, its id where it has none. `began` is the time (ISO 8601, UTC), `steps` are seconds.
    `outcome` is an Outcome, "" as long as it is under way; `reason` says why it is not live.
    """

    event: str
    what: str
    release: str
    image: str
    image_id: str
    began: str
    by: str
    outcome: str = ""
    reason: str = ""
    repeats: str = ""
    digest: str = ""
    schema: str = ""
    migrated: tuple[str, ...] = ()
    backup: str = ""
    scale: int = 1
    settings: dict[str, str] = field(default_factory=dict)
    beside: dict[str, str] = field(default_factory=dict)
    steps: dict[str, float] = field(default_factory=dict)
    seconds: float = 0

    @property
    def age(self) -> tuple[str, str]:
        """What orders releases: the time of the first that was this."""
        return (self.repeats or self.release, self.release)

    @property
    def tag(self) -> str:
        """The image's tag without its repository, for people."""
        return references.tag(self.image) or self.image

    def line(self) -> str:
        """Return the entry as a line of the ledger."""
        return json.dumps(asdict(self)) + "\n"


def parse(text: str) -> list[Entry]:
    """Read a ledger, the oldest first.

    A later line of the same event takes the place of the earlier one. What cannot be read (a line that was cut off) is
    left out, and so is what a newer version has added. What was made of containers, by an older version that doesn't
    find this ledger, tells nothing of a release that was live here.
    """
    known = {one.name for one in fields(Entry)}
    found: dict[str, Entry] = {}
    for line in text.splitlines():
        try:
            values: dict[str, Any] = json.loads(line)
            entry = Entry(**{name: value for name, value in values.items() if name in known})
            found[entry.event] = replace(entry, migrated=tuple(entry.migrated))
        except (ValueError, TypeError, AttributeError):
            continue
    known_live: set[str] = set()
    kept = []
    for entry in found.values():
        if entry.reason != FOUND or entry.release not in known_live:
            kept.append(entry)
        if entry.outcome == Outcome.LIVE:
            known_live.add(entry.release)
    return kept


def good(entries: Iterable[Entry]) -> list[Entry]:
    """Return those that can be gone back to: the last of each release that was live and stayed, the newest first."""
    latest: dict[str, Entry] = {}
    for entry in entries:
        if entry.outcome == Outcome.LIVE:
            latest.pop(entry.release, None)
            latest[entry.release] = entry
    return list(reversed(latest.values()))


def of_release(entries: Sequence[Entry], release: str) -> Entry | None:
    """Return the latest entry of a release that was live, or None."""
    return next(
        (entry for entry in reversed(entries) if entry.release == release and entry.outcome == Outcome.LIVE), None
    )


def previous(entries: Sequence[Entry], live: str) -> Entry | None:
    """Return what `inv rollback` goes back to from the live release, or None.

    It is the last one before it that was another image, or had other settings: going back twice goes further back.
    """
    mine = of_release(entries, live)
    if not mine:
        return None
    for entry in sorted(good(entries), key=lambda entry: entry.age, reverse=True):
        if entry.age < mine.age and (entry.image_id, entry.settings) != (mine.image_id, mine.settings):
            return entry
    return None


def find(entries: Sequence[Entry], named: str) -> Entry | None:
    """Return the newest that has this name: its release, tag or image."""
    return next((one for one in good(entries) if named in (one.release, one.tag, one.image)), None)


def superfluous(entries: Sequence[Entry], live: str, keep: int) -> list[Entry]:
    """Return those that can be gone back to, and are more than are kept beside the live one.

    What a rotation has taken the place of is the same image with another secret: the last one stays and isn't counted,
    what other rotations have replaced before it goes.
    """
    known, newer, kept, doomed = good(entries), None, 0, []
    replaced: set[str] = set()
    for entry in known:
        if entry.release == live:
            pass
        elif newer and newer.what.startswith(ROTATE) and newer.image_id == entry.image_id:
            doomed += [entry] if entry.image_id in replaced else []
            replaced.add(entry.image_id)
        else:
            kept += 1
            doomed += [entry] if kept > keep else []
        newer = entry
    return doomed


def new_event() -> str:
    """Return the name of a new event."""
    return secrets.token_hex(8)


def now() -> str:
    """Return the time, as entries have it."""
    return datetime.now(UTC).isoformat(timespec="seconds")


def new_release(taken: Sequence[str], now: float) -> str:
    """Return the name of a release made now (seconds since 1970): its time in UTC, fit for a host name."""
    while (name := time.strftime("%Y%m%dt%H%M%S", time.gmtime(now))) in taken:
        now += 1
    return name


def rows(entries: Sequence[Entry], live: str, kept: Sequence[str]) -> list[list[str]]:
    """Return a ledger as rows, the first their heads; `kept` are the releases that have containers."""
    latest = {entry.release: entry.event for entry in entries}
    found = []
    for entry in reversed(entries):
        state, newest = entry.outcome, latest[entry.release] == entry.event
        if entry.outcome == Outcome.LIVE:
            here = "live" if entry.release == live else "kept" if entry.release in kept else ""
            state = here if newest and here else "was live"
        why = entry.reason if entry.outcome != Outcome.LIVE else ""
        schema, took = entry.schema or "-", f"{entry.seconds:.1f} s"
        found.append([entry.release, entry.what, entry.tag, schema, took, entry.by, state, why])
    return [["RELEASE", "BY WHAT", "IMAGE", "SCHEMA", "TOOK", "WHO", "IS", ""], *found] if found else []
