"""Backups in the order in which they were made, whatever a clock says, by the script beside a PostgreSQL."""

import os
import subprocess
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from slipway.database.backups import parse, superfluous
from slipway.database.store import script_command
from slipway.project.database import Database
from slipway.project.tables import Retention
from slipway.runtime.installations import installations, pick

AHEAD, BEHIND = "20990101T000000Z-0002.dump", "20200101T000000Z-0001.dump"


def told(folder: Path, *args: str) -> str:
    """Return what a function of the script prints in a folder, beside the tests' PostgreSQL."""
    path = f"{pick(installations(), None).folder}{os.pathsep}{os.environ['PATH']}"
    login = Database.of({**os.environ, "DATABASE_NAME": "postgres"})  # which is always there
    env = {**os.environ, **login.client, "PATH": path}
    done = subprocess.run(
        script_command(*args), cwd=folder, env=env, capture_output=True, text=True, check=False, timeout=60
    )
    assert done.returncode == 0, done.stderr
    return done.stdout.strip()


def earlier(folder: Path, *names: str) -> None:
    """Have backups that an earlier version has made, one after the other, under names of the caller's time."""
    for number, name in enumerate(names):
        (folder / name).write_text("dump")
        os.utime(folder / name, (1_700_000_000 + number * 3600,) * 2)


def listed(folder: Path) -> list[str]:
    """Return the names of the backups, the oldest first."""
    return [one.name for one in parse(told(folder, "list"))]


@pytest.mark.parametrize("names", [[AHEAD, BEHIND], [BEHIND, AHEAD]], ids=["ahead first", "behind first"])
def test_what_is_made_is_the_latest_whatever_names_say(tmp_path: Path, names: list[str]) -> None:
    earlier(tmp_path, *names)
    assert listed(tmp_path) == names

    made = [told(tmp_path, "make").split()[0] for _ in range(2)]

    assert listed(tmp_path) == [*names, *made]
    backups = parse(told(tmp_path, "list"))
    doomed = superfluous(backups, Retention(keep_last=1, keep_daily=0, keep_weekly=0), made[-1])
    assert set(doomed) == {*names, made[0]}


def test_what_an_earlier_version_makes_meanwhile_has_its_place(tmp_path: Path) -> None:
    first = told(tmp_path, "make").split()[0]
    earlier(tmp_path, BEHIND)

    second = told(tmp_path, "make").split()[0]

    assert listed(tmp_path) == [first, BEHIND, second]
    told(tmp_path, "remove", BEHIND)
    os.utime(tmp_path / second, (0, 0))  # clocks and copies change times: they count no more
    assert listed(tmp_path) == [first, second]


def test_no_backup_takes_the_name_of_another(tmp_path: Path) -> None:
    def reserved() -> str:
        before = set(tmp_path.glob("*.partial"))
        told(tmp_path, "reserve", "20261124T120000Z-0002")
        (new,) = set(tmp_path.glob("*.partial")) - before
        return new.name.removesuffix(".partial")

    assert reserved() == "20261124T120000Z-0002.dump"
    assert reserved() == "20261124T120000Z-0002-2.dump"  # while the first is being made
    (tmp_path / "20261124T120000Z-0002.dump.partial").rename(tmp_path / "20261124T120000Z-0002.dump")
    (tmp_path / "order").write_text("20261124T120000Z-0002-3.dump\n")  # removed by now
    assert reserved() == "20261124T120000Z-0002-4.dump"
    assert [one.name for one in parse("20261124T120000Z-0002-4.dump 3")] == ["20261124T120000Z-0002-4.dump"]


def test_several_at_once_are_all_kept(tmp_path: Path) -> None:
    earlier(tmp_path, AHEAD)

    with ThreadPoolExecutor(4) as pool:
        made = list(pool.map(lambda _: told(tmp_path, "make").split()[0], range(4)))

    names = listed(tmp_path)
    assert names[0] == AHEAD
    assert sorted(names[1:]) == sorted(set(made))
    assert len(names) == 5
    assert not list(tmp_path.glob("*.partial"))
