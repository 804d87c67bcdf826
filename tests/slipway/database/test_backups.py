"""Which backups are kept."""

from datetime import UTC, datetime, timedelta

from slipway.database.backups import TIME, Backup, parse, superfluous
from slipway.project.tables import Retention

NOON = datetime(2026, 11, 24, 12, tzinfo=UTC)


def made(*ago: timedelta) -> list[Backup]:
    """Return backups that were made so long before noon, the latest of them first given."""
    return [Backup(f"{NOON - one:{TIME}}-0002.dump", 1) for one in reversed(ago)]


def test_the_last_are_kept() -> None:
    backups = made(*(timedelta(minutes=n) for n in range(5)))

    doomed = superfluous(backups, Retention(keep_last=3, keep_daily=0, keep_weekly=0))

    assert doomed == sorted(backup.name for backup in backups[:2])


def test_what_was_made_last_is_kept_whatever_its_name_says() -> None:
    behind, ahead = Backup("20261124T110000Z-0002.dump", 1), Backup("20270101T120000Z-0002.dump", 1)
    rule = Retention(keep_last=1, keep_daily=1, keep_weekly=0)

    assert superfluous([ahead, behind], rule) == [ahead.name]
    assert superfluous([behind, ahead], rule, behind.name) == []


def test_the_last_of_each_day_and_week_is_kept() -> None:
    days = [timedelta(days=n) for n in range(30)]
    backups = made(*sorted([*days, *(day + timedelta(hours=1) for day in days)]))

    doomed = superfluous(backups, Retention(keep_last=1, keep_daily=3, keep_weekly=3))

    kept = {backup.made.date().day for backup in backups if backup.name not in doomed}
    assert len(backups) - len(doomed) == 4
    assert kept == {24, 23, 22, 15}  # the 22nd is the last day of its week as well, the 15th that of the one before
    assert all(backup.made.hour == 12 for backup in backups if backup.name not in doomed)


def test_nothing_is_removed_that_is_no_backup() -> None:
    said = "20261124T120000Z-0002.dump 12\nnotes.dump 3\n20261124T110000Z-none.dump 7\n"

    assert [(one.name, one.size, one.revision) for one in parse(said)] == [
        ("20261124T120000Z-0002.dump", 12, "0002"),
        ("20261124T110000Z-none.dump", 7, "none"),
    ]
