"""What a backup is, and which are kept."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from slipway.project.tables import Retention

TIME = "%Y%m%dT%H%M%SZ"


@dataclass(frozen=True)
class Backup:
    """One backup: `20261124T180102Z-0002.dump`, and its size in bytes."""

    name: str
    size: int

    @property
    def made(self) -> datetime:
        """When it was made (UTC), as its name says: nothing is ordered by that."""
        return datetime.strptime(self.name.partition("-")[0], TIME)

    @property
    def revision(self) -> str:
        """The revision that the database was at."""
        return self.name.partition("-")[2].removesuffix(".dump")

    def as_json(self) -> dict[str, object]:
        """Return it as plain values."""
        return {"name": self.name, "made": self.made.isoformat() + "Z", "bytes": self.size}


def parse(said: str) -> list[Backup]:
    """Read lines of a name and a size, in their order; others' files are left out."""
    found = []
    for line in said.splitlines():
        name, _, size = line.rpartition(" ")
        try:
            backup = Backup(name, int(size))
            _ = backup.made
        except ValueError:
            continue
        found.append(backup)
    return found


def superfluous(backups: Sequence[Backup], keep: Retention, made: str = "") -> list[str]:
    """Return the names of the backups that the rule doesn't keep, of all in the order in which they were made.

    The one that was just `made` is kept, whatever the rule says.
    """
    newest_first = list(reversed(backups))
    kept = {made, *(backup.name for backup in newest_first[: keep.keep_last])}
    for form, count in (("%Y-%m-%d", keep.keep_daily), ("%G-%V", keep.keep_weekly)):
        latest: dict[str, str] = {}
        for backup in newest_first:
            latest.setdefault(backup.made.strftime(form), backup.name)
        kept |= set(list(latest.values())[:count])
    return sorted(backup.name for backup in backups if backup.name not in kept)
