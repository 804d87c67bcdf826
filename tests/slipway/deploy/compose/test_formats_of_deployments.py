"""A deployment that a newer Slipway has written to: an older one reads and changes nothing of it."""

import base64
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest

from slipway import __version__
from slipway.core.errors import Problem
from slipway.deploy.compose.files import LEDGER, Files
from slipway.engine.containers import Container
from slipway.engine.stack import Stack
from slipway.project.config import load
from tests.slipway.deploy.compose.support import files, script, two_folders
from tests.slipway.deploy.support import entry
from tests.slipway.engine.support import Answers, Copies
from tests.support import ROOT

THERE = "shop-prod_deployment\nshop-prod_ledger"
NEWER = f"={base64.b64encode(b'2 9.9.0').decode()}"
REFUSED = (
    rf"shop-prod is of format 2, made by Slipway 9\.9\.0, and this is Slipway {__version__}, .* Nothing was changed"
)
# As versions before there were numbers have left them.
BEFORE = {"live": "web-b", "Caddyfile": "{}"}
LEDGERS = {"releases.jsonl": entry("a").line() + entry("b").line(), "salt": "s"}


def of(shell: Answers, monkeypatch: pytest.MonkeyPatch) -> Files:
    """Return the files of a deployment."""
    monkeypatch.setenv("COMPOSE_PROJECT_NAME", "shop")
    stack = Stack(shell, load(ROOT), "prod", dict)
    stack._seen = [Container("1")]  # something runs
    return Files(stack, lambda: "caddy:2")


def deployed(folder: Path, noted: str | None) -> Path:
    """Make the files of a deployment, with what is noted of their format."""
    made = two_folders(folder)
    for name, content in {**BEFORE, **({} if noted is None else {"format": noted})}.items():
        (made / name).write_text(content)
    for name, content in LEDGERS.items():
        (made.parent / "ledger" / name).write_text(content)
    return made


@pytest.mark.parametrize("noted", [None, "1 0.0.9\n", "1", "0 0.0.1\n"])
def test_one_of_today_or_of_before_is_brought_over_without_a_word(noted: str | None, tmp_path: Path) -> None:
    folder = deployed(tmp_path, noted)
    done = script(folder, "split", "1", "0.1.0")
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")
    found = files(folder)
    said = noted if noted and noted.startswith("1") else "1 0.1.0\n"
    assert found == BEFORE | {f"ledger/{name}": text for name, text in LEDGERS.items()} | {"format": said}


@pytest.mark.parametrize("noted", ["2 9.9.0\n", "2", "10 9.9.0\n", "99999999999999999999 1\n", "x 1\n", "\n", ""])
def test_the_script_ends_before_it_changes_anything(noted: str, tmp_path: Path) -> None:
    folder = deployed(tmp_path, noted)
    (folder / "salt").write_text("of before")  # what would be moved
    before = files(folder)
    assert script(folder, "split", "1", "0.1.0").returncode == 5
    assert files(folder) == before


def test_a_newer_slipway_raises_the_number(tmp_path: Path) -> None:
    folder = deployed(tmp_path, "1 0.1.0\n")
    assert script(folder, "split", "2", "0.2.0").returncode == 0
    assert files(folder)["format"] == "2 0.2.0\n"
    assert script(folder, "split", "1", "0.1.0").returncode == 5


class Refusing(Answers):
    """Answers that somebody newer was here, then with what is noted."""

    def probe(self, argv: Sequence[str], **how: Any) -> tuple[int, str, str]:
        """Return the next answer, `split` being refused."""
        status, out, said = super().probe(argv, **how)
        return (5 if "split" in argv else status, out, said)


def test_who_takes_the_lock_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    shell = Refusing("refused", NEWER)
    held = of(shell, monkeypatch)
    with pytest.raises(Problem, match=REFUSED):
        held.held("lock-id").__enter__()
    assert (held.holding, len(shell.asked)) == ("", 2)


def test_who_reads_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    shell = Copies({"deployment/format": b"2 9.9.0\n", "ledger/releases.jsonl": b"1\n"}, THERE, "id", "removed")
    with pytest.raises(Problem, match=REFUSED):
        of(shell, monkeypatch).read("live", LEDGER)
