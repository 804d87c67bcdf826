"""What was live before what: which release is gone back to, which are kept, and how both are listed.

The order is that of the lines in the ledger, to which only who holds the deployment's lock adds. No clock is asked.
"""

from collections.abc import Collection, Sequence

from slipway.deploy.ledger import ENDED, ROTATE, Entry, Outcome, good

NOT_ENDED = "not ended"


def line(entries: Sequence[Entry]) -> list[Entry]:
    """Return the releases that lead to the live one, which is the last.

    Each was live when the next one took its place. To go back takes away what came after: what was rolled back from is
    in the line no more. A release that is gone back to from elsewhere, or that was deployed, comes last.
    """
    found: list[Entry] = []
    for entry in entries:
        if entry.outcome != Outcome.LIVE:
            continue
        at = next((number for number, one in enumerate(found) if one.origin == entry.origin), len(found))
        found = [*(found[:at] if entry.goes_back else [*found[:at], *found[at + 1 :]]), entry]
    return found


def leading(entries: Sequence[Entry], live: str) -> list[Entry]:
    """Return the line up to a release, that one first, and then what was live before it; [] for one not in the line."""
    found = line(entries)
    at = next((number for number, one in enumerate(found) if one.release == live), -1)
    return found[: at + 1][::-1]


def is_same(one: Entry, other: Entry) -> bool:
    """Tell whether two are the same image with the same settings, defined alike as far as the ledger knows."""
    known = one.definition and other.definition
    alike = (one.image_id, one.settings) == (other.image_id, other.settings)
    return alike and (not known or one.definition == other.definition)


def previous(entries: Sequence[Entry], live: str) -> Entry | None:
    """Return what `inv rollback` goes back to from the live release, or None.

    It is what was live before it, and was not the same: going back twice goes further back.
    """
    found = leading(entries, live)
    return next((one for one in found[1:] if not is_same(one, found[0])), None)


def ranked(entries: Sequence[Entry], live: str) -> list[Entry]:
    """Return what can be gone back to from the live release: its line first, then what was rolled back from."""
    earlier = leading(entries, live)[1:]
    mine = {one.release for one in earlier} | {live}
    return [*earlier, *(one for one in good(entries) if one.release not in mine)]


def superfluous(entries: Sequence[Entry], live: str, keep: int, there: Collection[str]) -> list[Entry]:
    """Return those that can be gone back to, and are more than are kept beside the live one.

    Those that are `there` have containers. Others count for nothing, and go when they come after all that are kept.
    What a rotation has taken the place of is the same image with another secret: the last one stays and isn't counted,
    what other rotations have replaced before it goes. So does what is the same as one that is kept.
    """
    stay, go = leading(entries, live)[:1], list[Entry]()
    count, replaced = 0, set[str]()
    newer = stay[0] if stay else None
    for entry in ranked(entries, live):
        if newer and newer.what.startswith(ROTATE) and newer.image_id == entry.image_id:
            is_kept = entry.image_id not in replaced
            replaced.add(entry.image_id)
        elif any(one.definition and entry.definition and is_same(one, entry) for one in stay):
            is_kept = False
        else:
            is_kept = count < keep
            count += entry.release in there
        (stay if is_kept else go).append(entry)
        newer = entry
    return go


def kept(entries: Sequence[Entry], live: str, keep: int, there: Collection[str]) -> tuple[list[Entry], list[Entry]]:
    """Return which releases of those that have containers stay beside the live one, in the order of going back to them;
    and which go.
    """
    doomed = superfluous(entries, live, keep, there)
    known = [one for one in ranked(entries, live) if one.release in there]
    return [one for one in known if one not in doomed], [one for one in known if one in doomed]


def told(entries: Sequence[Entry], live: str, keep: int, there: Collection[str]) -> str:
    """Say which releases of those that have containers are kept, in the order of going back, and which go."""
    stay, go = (", ".join(f"{one.tag} ({one.release})" for one in each) for each in kept(entries, live, keep, there))
    return "; ".join(filter(None, (stay, go and f"removed: {go}")))


def rows(entries: Sequence[Entry], live: str, there: Collection[str]) -> list[list[str]]:
    """Return a ledger as rows, the first their heads; `there` are the releases that have containers."""
    latest = {entry.release: entry.event for entry in entries if entry.outcome == Outcome.LIVE}
    origins = {entry.origin for entry in line(entries)}
    found = []
    for entry in reversed(entries):
        state, newest, why = entry.outcome or NOT_ENDED, latest.get(entry.release) == entry.event, ""
        if entry.outcome == Outcome.LIVE:
            here = "kept" if entry.release in there else ""
            here = "live" if here and entry.release == live else here
            state = here if newest and here else "was live"
            why = "" if entry.origin in origins or not newest else "rolled back from"
        else:
            why = entry.reason
        without = [("no backup", entry.without_backup), ("no hooks", entry.without_hooks)]
        what = ", ".join([entry.what, *(said for said, is_so in without if is_so)])
        schema, took = entry.schema or "-", f"{entry.seconds:.1f} s" if entry.seconds > ENDED else "-"
        found.append([entry.release, what, entry.tag, schema, took, entry.by, state, why])
    return [["RELEASE", "BY WHAT", "IMAGE", "SCHEMA", "TOOK", "WHO", "IS", ""], *found] if found else []
