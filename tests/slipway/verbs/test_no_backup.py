"""What `inv backup --list` shows where there is no backup."""

import contextlib
import json
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from slipway.core.shell import Ran
from slipway.verbs import database, session
from tests.slipway.database.support import Noting, checkout, environment


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
