"""What was deployed when, by whom, and how it ended: a line of JSON each in `releases.jsonl`."""

import json
from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass, field, fields, replace
from typing import Any

from slipway.engine import registry

LIVE = "live"  # the outcome of what was switched to and stayed


@dataclass(frozen=True)
class Entry:
    """One deploy or rollback.

    `release` names the containers (web-<release>), `image` is what they were started from, `image_id` what that meant,
    `digest` what the registry calls it ("" for an image of this engine). `schema` are the newest revisions that the
    image knows; `migrated` those that were applied. `repeats` is the release whose image was started again, "" for
    none. `settings` has a salted hash for each variable. `began` is the time (ISO 8601, UTC), `steps` are seconds.
    `outcome` is "live", or what became of it otherwise, for `reason`.
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
    steps: dict[str, float] = field(default_factory=dict)
    seconds: float = 0

    @property
    def age(self) -> tuple[str, str]:
        """What orders releases: the time of the first that was this."""
        return (self.repeats or self.release, self.release)

    @property
    def tag(self) -> str:
        """The image's tag without its repository, for people."""
        return registry.tag(self.image) or self.image

    def line(self) -> str:
        """Return the entry as a line of the ledger."""
        return json.dumps(asdict(self)) + "\n"


def parse(text: str) -> list[Entry]:
    """Read a ledger, the oldest first.

    A later line of the same event takes the place of the earlier one. What cannot be read (a line that was cut off) is
    left out, and so is what a newer version has added.
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
    return list(found.values())


def good(entries: Iterable[Entry]) -> list[Entry]:
    """Return those that can be gone back to: the last of each release that was live and stayed, the newest first."""
    latest: dict[str, Entry] = {}
    for entry in entries:
        if entry.outcome == LIVE:
            latest.pop(entry.release, None)
            latest[entry.release] = entry
    return list(reversed(latest.values()))


def of_release(entries: Sequence[Entry], release: str) -> Entry | None:
    """Return the latest entry of a release that was live, or None."""
    return next((entry for entry in reversed(entries) if entry.release == release and entry.outcome == LIVE), None)


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
    """Return those that can be gone back to, and are more than are kept beside the live one."""
    return [entry for entry in good(entries) if entry.release != live][keep:]


def table(entries: Sequence[Entry], live: str, kept: Sequence[str]) -> list[str]:
    """Return the lines that show a ledger; `kept` are the releases that have containers."""
    rows = []
    latest = {entry.release: entry.event for entry in entries}
    for entry in reversed(entries):
        state = entry.outcome
        if entry.outcome == LIVE:
            newest = latest[entry.release] == entry.event
            state = (
                "live"
                if newest and entry.release == live
                else "kept"
                if newest and entry.release in kept
                else "was live"
            )
        rows.append(
            [entry.release, entry.what, entry.tag, entry.schema or "-", f"{entry.seconds:.1f} s", entry.by, state,
             entry.reason if entry.outcome != LIVE else ""]
        )  # fmt: skip
    if not rows:
        return []
    rows.insert(0, ["RELEASE", "BY WHAT", "IMAGE", "SCHEMA", "TOOK", "WHO", "IS", ""])
    widths = [max(len(row[i]) for row in rows) for i in range(len(rows[0]))]
    return ["  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip() for row in rows]
