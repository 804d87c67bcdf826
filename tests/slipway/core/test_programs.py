"""Programs that hang: given up when their time is over, and left by Ctrl-C."""

import os
import signal
import subprocess
import sys
import textwrap
import time
from pathlib import Path

import psutil
import pytest

from slipway.core.limits import ASK, Late, Limit
from slipway.core.processes import is_alive
from slipway.core.programs import moved
from slipway.core.shell import Shell
from slipway.core.steps import Steps
from tests.support import ROOT, wait_for

STUBBORN = "trap '' TERM INT HUP; echo $$ >>pids; sleep 600 & wait; wait"  # it hears nothing but SIGKILL
BRIEF = Limit(0.3)


@pytest.fixture
def shell(tmp_path: Path) -> Shell:
    """Give a shell in a folder of its own."""
    return Shell(tmp_path, Steps())


def pids(folder: Path) -> list[int]:
    """Return the processes that have begun."""
    file = folder / "pids"
    return [int(line) for line in file.read_text().split()] if file.exists() else []


def ended(folder: Path) -> bool:
    """Tell whether all have ended."""
    return not any(psutil.pid_exists(pid) and is_alive(psutil.Process(pid)) for pid in pids(folder))


@pytest.mark.parametrize("method", ["probe", "output", "answer", "status"])
def test_what_hangs_is_given_up_and_ended(shell: Shell, method: str) -> None:
    with pytest.raises(Late, match="sh did not answer in 0 s"):
        getattr(shell, method)(["sh", "-c", STUBBORN], limit=BRIEF)
    assert len(pids(shell.root)) == 1
    assert ended(shell.root)


def test_what_only_asks_is_asked_once_more(shell: Shell) -> None:
    asks = Limit(0.5, asks=True)
    once = ["sh", "-c", "echo $$ >>pids; [ $(wc -l <pids) = 2 ] || sleep 600; echo there"]
    assert shell.output(once, limit=asks) == "there"
    assert len(pids(shell.root)) == 2
    assert ended(shell.root)


def test_what_tidies_up_goes_on_past_what_hangs_and_says_so(shell: Shell, capfd: pytest.CaptureFixture[str]) -> None:
    assert not shell.attempt(["sh", "-c", STUBBORN], limit=BRIEF)
    assert not shell.attempt(["false"])
    assert shell.attempt(["true"])
    assert "sh did not answer in 0 s" in capfd.readouterr().err


def test_bytes_are_counted_with_those_of_what_a_program_has_started(tmp_path: Path) -> None:
    script = "(read line; echo $line >second; read line) & wait"
    with subprocess.Popen(["sh", "-c", script], stdin=subprocess.PIPE, cwd=tmp_path, text=True) as process:
        assert process.stdin
        before = moved(process.pid)
        if before is not None:  # not every system counts
            os.set_blocking(process.stdin.fileno(), True)
        process.kill()
    assert moved(process.pid) == 0


def test_what_asks_doesnt_hold_what_is_held_and_is_not_marked(shell: Shell) -> None:
    read, write = os.pipe()
    shell.held, shell.mark = [write], lambda limit: {"MARK": f"{limit.seconds}"}
    look = ["sh", "-c", f"[ -e /dev/fd/{write} ] && echo held; echo $MARK"]
    assert shell.probe(look, limit=ASK)[1] == ""
    assert shell.probe(look, limit=Limit(7))[1] == "held\n7"
    os.close(read)
    os.close(write)


# A verb that waits for a program which hears nothing: how, and what else is done meanwhile.
VERB = """
    import os, signal, sys, time
    signal.signal(signal.SIGINT, signal.default_int_handler)
    signal.signal(signal.SIGHUP, signal.SIG_DFL)
    sys.path.insert(0, {root!r})
    from pathlib import Path
    from slipway.core.errors import Interrupted, Problem
    from slipway.core.limits import ACT, ASK, MOVE, WORK, Limit
    from slipway.core.shell import Shell
    from slipway.core.signals import interruptible, uninterrupted
    from slipway.core.steps import Steps
    shell = Shell(Path({folder!r}), Steps())
    hang = ["sh", "-c", {stubborn!r}]
    try:
        with interruptible(lambda: os.write(2, b"at once")):
            {body}
    except Interrupted as stopped:
        sys.exit(stopped.code)
"""
HANGS = {
    "asks": "shell.probe(hang, limit=ASK)",
    "acts": "shell.status(hang, limit=ACT)",
    "moves": "shell.output(hang, limit=MOVE)",
    "held back": "\n            with uninterrupted():\n                shell.probe(hang, limit=ACT)",
}


def verb(folder: Path, body: str) -> "subprocess.Popen[str]":
    """Start one; it hangs when this returns."""
    code = textwrap.dedent(VERB).format(root=str(ROOT), folder=str(folder), stubborn=STUBBORN, body=body)
    process = subprocess.Popen([sys.executable, "-c", code], stderr=subprocess.PIPE, text=True, start_new_session=True)
    wait_for(lambda: bool(pids(folder)))
    return process


@pytest.mark.parametrize("how", HANGS)
def test_ctrl_c_gets_out_of_every_hang(tmp_path: Path, how: str) -> None:
    with verb(tmp_path, HANGS[how]) as process:
        process.send_signal(signal.SIGINT)
        _, said = process.communicate(timeout=30)
    assert process.returncode == 128 + signal.SIGINT, said
    assert ended(tmp_path)


def test_a_second_ctrl_c_ends_it_at_once_and_what_it_has_started_goes_on(tmp_path: Path) -> None:
    body = "\n            with uninterrupted():\n                shell.probe(hang, limit=WORK)"
    with verb(tmp_path, body) as process:
        for _ in range(3):  # a terminal and a parent pass on the same one
            process.send_signal(signal.SIGINT)
        time.sleep(0.5)
        assert process.poll() is None
        process.send_signal(signal.SIGINT)
        process.wait(timeout=30)
        (left,) = pids(tmp_path)
        one = psutil.Process(left)
        assert is_alive(one)
        for member in (*one.children(), one):
            member.kill()
        assert process.stderr
        assert process.stderr.read().endswith("at once")
    assert process.returncode == 128 + signal.SIGINT


def test_a_sigterm_after_another_signal_doesnt_cut_short_what_tidies_up(tmp_path: Path) -> None:
    body = (
        "\n        try:\n            shell.probe(hang, limit=ASK)\n        finally:"
        "\n            time.sleep(1)\n            Path('tidied').touch()"
    )
    with verb(tmp_path, f"os.chdir({str(tmp_path)!r}){body}") as process:
        process.send_signal(signal.SIGHUP)
        time.sleep(0.5)
        process.send_signal(signal.SIGTERM)
        process.communicate(timeout=30)
    assert process.returncode == 128 + signal.SIGHUP
    assert (tmp_path / "tidied").exists()
