"""Logs of deployments beside the ledger: written in one call, bounded in number, read without a container that runs."""

import base64
import gzip
import json
import stat
from pathlib import Path

import pytest

from slipway.core.errors import Problem
from slipway.core.scripts import Script
from slipway.deploy import ledger
from slipway.deploy.compose.files import Files
from slipway.deploy.compose.notes import LOGS, Notes
from slipway.engine.stack import Stack
from slipway.project.config import load
from tests.slipway.deploy.compose.support import script, two_folders
from tests.slipway.deploy.support import entry
from tests.slipway.engine.support import Answers, Copies
from tests.support import ROOT

THERE = "shop-prod_deployment\nshop-prod_ledger"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Give the folder that the proxy reads; the ledger's is beside it."""
    return two_folders(tmp_path)


def recorded(folder: Path, count: int) -> list[str]:
    """Have deployments in the ledger, each with a line at its beginning and one at its end; return their events."""
    events = [f"{number:016x}" for number in range(count)]
    for event in events:
        for outcome in ("", "live"):
            line = entry("a", outcome=outcome, event=event).line()
            assert script(folder, "record", given=line).returncode == 0
    return events


def keep(folder: Path, event: str, text: str, number: int = LOGS) -> None:
    """Keep a log, as `Notes` does."""
    given = base64.b64encode(gzip.compress(text.encode())).decode()
    kept = script(folder, "keep", event, str(number), given=given)
    assert (kept.returncode, kept.stdout, kept.stderr) == (0, "", "")


def logs(folder: Path) -> dict[str, str]:
    """Return what is kept, by event."""
    files = (folder.parent / "ledger/logs").iterdir()
    return {path.name.removesuffix(".log.gz"): gzip.decompress(path.read_bytes()).decode() for path in files}


def test_a_log_is_kept_for_its_owner_alone(folder: Path) -> None:
    (event,) = recorded(folder, 1)
    keep(folder, event, "ä line\n" * 3)
    assert logs(folder) == {event: "ä line\n" * 3}
    (file,) = (folder.parent / "ledger/logs").iterdir()
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert stat.S_IMODE(file.parent.stat().st_mode) == 0o700


def test_those_of_the_last_entries_stay(folder: Path) -> None:
    events = recorded(folder, 6)
    for event in events[:5]:
        keep(folder, event, event, 3)
    assert sorted(logs(folder)) == events[3:5]  # the last one has none yet
    keep(folder, events[5], "last", 3)
    assert sorted(logs(folder)) == events[3:]
    # An earlier one that has something more to say is among the last again.
    script(folder, "record", given=entry("a", event=events[0]).line())
    keep(folder, events[0], "noted anew", 3)
    assert sorted(logs(folder)) == [events[0], *events[4:]]


def test_what_an_entry_that_the_ledger_has_lost_left_goes(folder: Path) -> None:
    events = recorded(folder, 3)
    keep(folder, events[0], "0")
    (folder.parent / "ledger/releases.jsonl").write_text(entry("a", event=events[2]).line())
    (folder.parent / "ledger/logs/half.log.gz.new").write_text("cut off")
    keep(folder, events[2], "2")
    assert logs(folder) == {events[2]: "2"}


def test_the_event_is_where_the_script_looks_for_it() -> None:
    assert entry("a", event="0f").line().startswith('{"event": "0f", ')
    assert json.loads(entry("a").line()).keys() == {*ledger.Entry.__dataclass_fields__}


def notes(shell: Answers, monkeypatch: pytest.MonkeyPatch) -> Notes:
    """Return the notes of a deployment."""
    monkeypatch.setenv("COMPOSE_PROJECT_NAME", "shop")
    stack = Stack(shell, load(ROOT), "prod", dict)
    return Notes(stack, Files(stack, lambda: "caddy:2"))


def test_it_is_written_in_the_locks_container_in_one_call(monkeypatch: pytest.MonkeyPatch) -> None:
    shell = Answers("kept", "kept", "")
    of = notes(shell, monkeypatch)
    of.keep_log("0f", "text", any_lock=True)  # whoever has it
    of.files.holding = "lock-id"
    of.keep_log("0f", "text")
    with pytest.raises(Problem, match="It could not be written into the volume shop-prod_ledger"):
        of.keep_log("0f", "text")
    assert [argv[argv.index("/deployment") + 1] for argv in shell.asked] == ["shop-prod-lock", "lock-id", "lock-id"]
    assert [argv[-3:] for argv in shell.asked] == [["keep", "0f", "50"]] * 3
    assert all(any(isinstance(word, Script) for word in argv) for argv in shell.asked)


def test_it_is_read_without_a_container_that_runs(monkeypatch: pytest.MonkeyPatch) -> None:
    packed = gzip.compress("ä line\n".encode())
    files = {"ledger/logs/0f.log.gz": packed, "ledger/logs/10.log.gz": packed[:-9]}
    of = notes(Copies(files, *(THERE, "id", "removed") * 3), monkeypatch)
    assert of.kept_log("0f") == "ä line\n"
    assert of.kept_log("99") is None
    with pytest.raises(Problem, match="The log of 10 cannot be read: it was not written to its end"):
        of.kept_log("10")
