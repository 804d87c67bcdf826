"""What was deployed when, by whom, and how it ended: a line of JSON each in `releases.jsonl`."""

import json
import secrets
import time
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, field, fields, replace
from datetime import UTC, datetime
from enum import StrEnum
from typing import Any

from slipway.core.errors import Problem
from slipway.engine import references

DEPLOY, ROLLBACK = "deploy", "rollback"  # what an entry is of
ROTATE = "rotate"  # what an entry begins with that a rotation has made
FOUND = "found without an entry"  # the reason in an entry that was made of containers alone
ENDED = 0.001  # the seconds of what was cut off, and has come to its end all the same: nobody knows when


class Outcome(StrEnum):
    """How a deploy, rollback or migration ended."""

    UNDER_WAY = ""  # or it was cut off, and nobody has noted that yet
    LIVE = "live"  # it was switched to and stayed
    FAILED = "failed"
    FLIPPED_BACK = "flipped back"  # it was switched to and was not good
    ROLLED_BACK = "rolled back"  # somebody went back while it was watched
    MIGRATED = "migrated"  # and nothing was deployed


@dataclass(frozen=True)
class Entry:
    """One deploy or rollback, or a migration without a backup.

    `release` names the containers (web-<release>), `image` is what they were started from, `image_id` what that meant,
    `digest` what the registry calls it ("" for an image of this engine). `schema` are the newest revisions that the
    image knows; `migrated` those that were applied. `repeats` is the release whose image was started again, "" for
    none. `settings` has a salted hash for each variable. `beside` has the images that ran beside it when it was live
    last, the database's and the proxy's, by the names and tags in the Compose files: the digest of each in its
    registry, its id where it has none. `definition` is a salted hash of what else defines its containers, "" when that
    was not noted. `without_backup` tells that none was made before what was migrated, as was asked for, and
    `without_hooks` that those of the machine that deploys were not run, likewise. `scale` is how many containers web
    has, `replicas` each process beside it. `began` is the time (ISO 8601, UTC) of whoever did it, for people; `steps`
    are seconds, and so are `seconds`: 0 until it has come to its end. `outcome` is an Outcome; `reason` says why it is
    not live.
    """

    event: str
    what: str
    release: str
    image: str
    image_id: str
    began: str
    by: str
    outcome: str = Outcome.UNDER_WAY
    reason: str = ""
    repeats: str = ""
    digest: str = ""
    schema: str = ""
    migrated: tuple[str, ...] = ()
    backup: str = ""
    without_backup: bool = False
    without_hooks: bool = False
    scale: int = 1
    replicas: dict[str, int] = field(default_factory=dict)
    settings: dict[str, str] = field(default_factory=dict)
    beside: dict[str, str] = field(default_factory=dict)
    definition: str = ""
    steps: dict[str, float] = field(default_factory=dict)
    seconds: float = 0

    @property
    def origin(self) -> str:
        """The release that it is, or that was made again as this one."""
        return self.repeats or self.release

    @property
    def goes_back(self) -> bool:
        """Whether it is a rollback."""
        return self.what == ROLLBACK

    @property
    def is_cut_off(self) -> bool:
        """Whether it was switched to, and did not come to its end afterwards, as far as the ledger knows."""
        return self.outcome == Outcome.LIVE and not self.seconds and self.reason != FOUND

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


def find(entries: Sequence[Entry], named: str) -> Entry | None:
    """Return the newest that has this name: its release, tag or image."""
    return next((one for one in good(entries) if named in (one.release, one.tag, one.image)), None)


def called(entries: Sequence[Entry], named: str) -> Entry:
    """Return the entry of an event, or the latest one of a release, however it ended; raises Problem."""
    found = next((one for one in reversed(entries) if named in (one.event, one.release)), None)
    if not found:
        raise Problem(f"There was no deployment {named} here. What there was: ./inv releases")
    return found


def no_log(entry: Entry) -> str:
    """Say why nothing was kept of what was shown of an entry."""
    why = "it has not ended, or whoever was at it was killed" if not entry.seconds else "it could not be kept"
    if entry.reason == FOUND:
        why = "the ledger was lost, and this was found by its containers"
    return (
        f"There is no log of this {entry.what} of {entry.image} ({entry.release}): {why}; or it is older than the last "
        "ones that are kept, or than the Slipway that keeps them."
    )


def migrated(live: Entry, noted: Mapping[str, Any], by: str) -> Entry:
    """Return the entry of a migration under a live release, of which this is to be noted; it is no release's."""
    return Entry(
        event=new_event(), what="migrate", release="-", image=live.image, image_id=live.image_id, by=by, began=now(),
        outcome=Outcome.MIGRATED, **noted,
    )  # fmt: skip


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
