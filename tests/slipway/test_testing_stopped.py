"""Ctrl-C in `inv test`: a line, no worker left, the status of a shell, once and twice."""

import os
import pty
import select
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from slipway.core.processes import is_alive
from slipway.core.signals import AGAIN
from slipway.core.steps import LOG
from slipway.project.database import Database
from slipway.runtime.postgres import FAST, Server
from slipway.testing import end_server
from tests.support import ROOT, Checkout, processes_of, wait_for

TEST = """
import pathlib
import time


def test_slow(tmp_path):
    pathlib.Path("started-{}").touch()
    time.sleep(60)
"""
CTRL_C = b"\x03"


class Terminal:
    """A terminal that runs a verb, and somebody at it."""

    def __init__(self, checkout: Checkout, *args: str) -> None:
        self.shown = b""
        self.pid, self.fd = pty.fork()
        if not self.pid:
            os.chdir(checkout.root)
            command = checkout.command(*args)
            os.execvpe(command[0], command, checkout.environ(TERM="xterm"))

    def press(self, key: bytes) -> None:
        """Press a key."""
        os.write(self.fd, key)

    def looks(self, seconds: float) -> bool:
        """Take what is shown; tell whether more may come."""
        if not select.select([self.fd], [], [], seconds)[0]:
            return True
        try:
            self.shown += os.read(self.fd, 65_536)
        except OSError:  # it is closed
            return False
        return True

    def ended(self) -> int:
        """Wait for the end; return the status."""
        end = time.monotonic() + 60
        while self.looks(1):
            assert time.monotonic() < end, self.shown
        return os.waitstatus_to_exitcode(os.waitpid(self.pid, 0)[1])


@pytest.mark.parametrize("times", [1, 2], ids=["once", "twice"])
def test_ctrl_c_is_a_line_and_no_worker_goes_on(little: Checkout, times: int) -> None:
    for number in (1, 2):
        little.write(f"tests/test_slow_{number}.py", TEST.format(number))
    terminal = Terminal(little, "test", "--", "-n", "2")
    wait_for(lambda: terminal.looks(0.1) and all((little.root / f"started-{n}").exists() for n in (1, 2)))
    workers = processes_of(little.root)
    assert len(workers) >= 4  # the verb, pytest, and two of its workers
    terminal.press(CTRL_C)
    if times == 2:
        time.sleep(2 * AGAIN)  # sooner, it is the same one
        terminal.press(CTRL_C)
    assert terminal.ended() == 130
    at_once = "Ended at once: what was under way is left as it is. What runs: ./inv status"
    shown = terminal.shown.decode().replace("\r\n", "\n")
    told = shown.partition("^C")[2].replace("^C", "").strip()
    assert told in (["Stopped."] if times == 1 else [at_once, "Stopped."]), shown  # it may have ended before the second
    wait_for(lambda: not any(map(is_alive, workers)))
    if times == 1:
        assert "KeyboardInterrupt" in (little.root / LOG).read_text()


def test_what_is_doomed_ends_at_the_second_ctrl_c(tmp_path: Path) -> None:
    script = (
        "import pathlib, sys, time\nfrom slipway.core.signals import doomed, interruptible\n"
        "def fail():\n    raise OSError\n"
        "with interruptible(), doomed(fail), doomed(pathlib.Path(sys.argv[1]).touch):\n    print(flush=True)\n"
        "    try:\n        time.sleep(60)\n    finally:\n        print(flush=True)\n        time.sleep(60)\n"
    )
    ended = tmp_path / "ended"
    process = subprocess.Popen([sys.executable, "-c", script, str(ended)], stdout=subprocess.PIPE, cwd=ROOT)
    assert process.stdout
    for _ in range(2):
        process.stdout.readline()
        assert not ended.exists()
        time.sleep(2 * AGAIN)
        process.send_signal(signal.SIGINT)
    assert process.wait(60) == 130
    assert ended.exists()
    process.stdout.close()


def test_the_server_of_a_run_quits(tmp_path: Path) -> None:
    server = Server(tmp_path)
    server.start(Database("someone", "a password", "theirs"), settings=FAST)
    end_server(server)
    wait_for(lambda: server.running() is None)
    end_server(server)
    if server._child:
        server._child.wait()
