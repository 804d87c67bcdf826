"""What `inv backup --list` shows, also where there is no backup."""

import contextlib
import json
from collections.abc import Iterator
from functools import partial
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from slipway.core.errors import Problem
from slipway.core.shell import Ran
from slipway.database.backups import Backup
from slipway.verbs import backups, database, session
from tests.slipway.database.support import Noting, checkout, environment


def test_a_list_has_its_columns_below_each_other(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    of = checkout(tmp_path)
    begun: Any = SimpleNamespace(runtime=Noting(of, environment(of)), steps=of.steps)
    short, long = "20261123T101010Z-0001.dump", f"20261124T101010Z-{'a' * 32}.dump"

    monkeypatch.setattr(backups, "stored", lambda _: [Backup(short, 900), Backup(long, 1200)])
    backups.show(begun, False)

    first, last = capsys.readouterr().out.splitlines()
    assert first == f"{short}{' ' * 28}      900 B"
    assert last == f"{long}     1.2 kB  latest"


@pytest.mark.parametrize(("name", "flag"), [("dev", ""), ("prod", " --prod")])
def test_a_list_without_backups_says_so_and_how_to_make_one(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], name: str, flag: str
) -> None:
    of = checkout(tmp_path)
    runtime = Noting(of, environment(of, name), Ran(0), Ran(0))

    begun = SimpleNamespace(
        runtime=runtime, environment=runtime.environment, steps=of.steps, start_database=lambda image: None
    )

    @contextlib.contextmanager
    def begin(*_: object, **__: object) -> Iterator[Any]:
        yield begun

    monkeypatch.setattr(session, "begin", begin)
    place = runtime.backups
    database.backup.body(None, list=True)
    shown = capsys.readouterr()
    assert (shown.out, shown.err) == ("", f"  there is no backup in {place} yet. To make one: ./inv backup{flag}\n")

    database.backup.body(None, list=True, json=True)
    assert json.loads(capsys.readouterr().out) == {"place": place, "backups": []}


def test_where_no_backup_can_be_copied_it_is_said_before_one_is_made(monkeypatch: pytest.MonkeyPatch) -> None:
    runtime = SimpleNamespace(no_copies="Backups stay where they are: ./inv backup --list")
    begun: Any = SimpleNamespace(runtime=runtime, environment=SimpleNamespace(name="prod"))
    monkeypatch.setattr("slipway.verbs.migrations.need_database", lambda _: None)

    for refuses in (partial(backups.to_make, copied=True), partial(backups.to_restore, name="", file="shop.dump")):
        with pytest.raises(Problem, match=r"stay where they are: \./inv backup --prod --list"):
            refuses(begun)
    backups.to_make(begun, copied=False)
