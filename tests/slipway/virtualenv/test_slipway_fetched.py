"""The launcher fetches Slipway from an index: within its time, and nothing is left of what was ended."""

import os
import signal
import subprocess
from pathlib import Path

import pytest

from slipway.core.processes import exists
from tests.support import ROOT, wait_for

# Stands for pip: gives a Slipway that says that it runs, or never comes to an end.
PIP = """
import os, pathlib, sys, time
begun = pathlib.Path(os.environ["BEGUN"])
if not begun.exists():
    begun.with_suffix(".new").write_text(str(os.getpid()))
    begun.with_suffix(".new").rename(begun)
    time.sleep(600)
slipway = pathlib.Path(sys.argv[sys.argv.index("--target") + 1], "slipway")
slipway.mkdir(parents=True)
(slipway / "__init__.py").touch()
(slipway / "bootstrap.py").write_text("def main(root, arguments): print('runs', *arguments)")
"""


class Shop:
    """A project that has Slipway from an index."""

    def __init__(self, root: Path) -> None:
        self.root, self.begun = root / "shop", root / "begun"
        self.root.mkdir()
        self.limited("300")
        (self.root / "slipway.lock").write_text(f"slipway-tasks==9.9.9 --hash=sha256:{'0' * 64}\n")
        (root / "packages/pip").mkdir(parents=True)
        (root / "packages/pip/__main__.py").write_text(PIP)
        (root / "packages/pip/__init__.py").touch()  # before the one that is installed
        self.env = {**os.environ, "PYTHONPATH": str(root / "packages"), "BEGUN": str(self.begun)}

    def limited(self, seconds: str) -> None:
        """Let the launcher wait for so long."""
        text = (ROOT / "inv").read_text()
        assert "LIMIT = 300 " in text
        (self.root / "inv").write_text(text.replace("LIMIT = 300 ", f"LIMIT = {seconds} "))
        (self.root / "inv").chmod(0o755)

    def begin(self) -> "subprocess.Popen[str]":
        """Call it."""
        argv = [str(self.root / "inv"), "up"]
        return subprocess.Popen(argv, env=self.env, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)

    def left(self) -> list[str]:
        """Return what is in the folder of its state."""
        return sorted(one.name for one in (self.root / ".slipway").iterdir())


@pytest.fixture
def shop(tmp_path: Path) -> Shop:
    """Give one."""
    return Shop(tmp_path)


@pytest.mark.parametrize("signum", [signal.SIGTERM, signal.SIGHUP, signal.SIGINT], ids=lambda one: one.name)
def test_a_signal_ends_pip_as_well(shop: Shop, signum: signal.Signals) -> None:
    process = shop.begin()
    wait_for(shop.begun.exists)
    process.send_signal(signum)
    _, said = process.communicate(timeout=60)
    assert (process.returncode, said) == (
        (1, "inv: stopped; run ./inv again\n") if signum is signal.SIGINT else (128 + signum, "")
    )
    assert not exists(int(shop.begun.read_text()))
    assert shop.left() == ["bootstrap.lock"]


def test_what_a_killed_call_has_left_goes_with_the_next(shop: Shop) -> None:
    process = shop.begin()
    wait_for(shop.begun.exists)
    process.kill()
    process.communicate(timeout=60)
    assert len(shop.left()) == 2
    said = shop.begin().communicate(timeout=60)
    assert said == ("runs up\n", "")
    os.kill(int(shop.begun.read_text()), signal.SIGKILL)
    assert shop.left() == ["bootstrap.lock", "slipway"]


def test_what_takes_too_long_is_ended_in_a_sentence(shop: Shop) -> None:
    shop.limited("0.5")
    process = shop.begin()
    _, said = process.communicate(timeout=60)
    assert (process.returncode, said.count("\n")) == (1, 1)
    assert said.startswith("inv: slipway-tasks==9.9.9 could not be fetched: it took more than 0 s; see to the network")
    assert shop.left() == ["bootstrap.lock"]
