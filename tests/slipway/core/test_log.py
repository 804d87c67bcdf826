"""The file of what verbs have run: bounded, nobody else's, and never in the way."""

import fcntl
import resource
import signal
import stat
import subprocess
import sys
from pathlib import Path

import pytest

from slipway.core import log as logs
from slipway.core.errors import Problem
from slipway.core.log import Log
from slipway.core.printable import settled
from slipway.core.secrecy import Secrets
from slipway.core.shell import Shell
from slipway.core.steps import LOG, Steps, fitting
from tests.support import wait_for


@pytest.fixture
def steps(tmp_path: Path) -> Steps:
    """Give steps that keep a log, and know a secret."""
    secrets = Secrets({"hush-hush"})
    log = Log(tmp_path / LOG, "./inv up --tag hush-hush", secrets.redact)
    return Steps(secrets=secrets, colour=False, log=log)


def test_commands_and_what_they_print_are_kept_without_secrets(tmp_path: Path, steps: Steps) -> None:
    shell = Shell(tmp_path, steps)
    steps.say("up · dev")
    assert not (tmp_path / ".slipway").exists()
    long = "x" * 900
    shell.run(["sh", "-c", f"echo shown; echo hush-hush; : {long}"])
    assert shell.output(["echo", "captured"], echo=True) == "captured"
    assert shell.answer(["echo", "answered"])[1] == "answered"
    shell.probe(["echo", "only asked"])
    steps.note("end", "of it")
    with pytest.raises(Problem):
        shell.output(["sh", "-c", "echo why >&2; exit 3"], echo=True)
    text = (tmp_path / LOG).read_text()
    head, said, *rest = text.splitlines()
    assert head.startswith("=== ")
    assert "./inv up --tag '[secret]' (process " in head.replace("--tag [secret]", "--tag '[secret]'")
    assert said == "up · dev"
    assert "\n".join(rest) == (
        f"  $ sh -c 'echo shown; echo [secret]; : {long}'\n    shown\n    [secret]\n"
        "  $ echo captured\n    captured\n  $ echo answered\n    answered\n  end        of it\n"
        "  $ sh -c 'echo why >&2; exit 3'\n    why"
    )
    assert stat.S_IMODE((tmp_path / LOG).stat().st_mode) == 0o600


def test_two_runs_at_once_are_told_apart(tmp_path: Path) -> None:
    one, other = Log(tmp_path / "log", "one"), Log(tmp_path / "log", "other")
    one.command("a")
    other.add("before")
    one.add("b")
    other.command("c")
    one.add("d")
    with (tmp_path / "log").open("a") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        other.add("e")  # waits for its turn, and for nobody
    other.add("f")
    lines = [line.partition(" (process ")[0] for line in (tmp_path / "log").read_text().splitlines()]
    whose = [line[:4] if line.startswith("===") else line for line in lines]
    assert whose == ["=== ", "a", "b", "=== ", "before", "c", "--- one", "d", "--- other", "e", "f"]


def test_the_last_runs_are_kept_and_no_more(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for number in range(logs.RUNS + 5):
        Log(tmp_path / "log", f"run {number}").command("does")
    heads = [line for line in (tmp_path / "log").read_text().splitlines() if line.startswith("=== ")]
    assert len(heads) == logs.RUNS
    assert " run 5 " in heads[0]
    monkeypatch.setattr(logs, "LARGEST", 10_000)
    big = Log(tmp_path / "log", "big")
    big.command("begins")
    for number in range(1000):
        big.add(f"{number:>40}")
        assert (tmp_path / "log").stat().st_size <= 10_100
    assert (tmp_path / "log").read_text().endswith(f"{999:>40}\n")


@pytest.mark.parametrize("obstacle", ["full", "file", "folder"])
def test_what_cannot_be_written_fails_nobody(tmp_path: Path, obstacle: str) -> None:
    path = tmp_path / "state" / "log"
    limits = resource.getrlimit(resource.RLIMIT_FSIZE)
    if obstacle == "full":
        resource.setrlimit(resource.RLIMIT_FSIZE, (10, limits[1]))
    elif obstacle == "file":
        path.parent.write_text("no folder")
    else:
        path.mkdir(parents=True)
    log = Log(path, "run")
    try:
        log.command("a" * 1000)
        log.add("b")
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, limits)
    assert not log.is_kept


def test_what_was_drawn_over_is_kept_once(tmp_path: Path, steps: Steps) -> None:
    assert settled("1 %\r50 %\r100 %\r\n\x1b[32mdone\x1b[0m\x07\n") == "100 %\ndone\n"
    frames = "#1 building\r\n#2 waits\r\n\x1b[2A\x1b[K#1 building\r\n\x1b[K#2 runs\r\n"
    assert settled(frames) == "#1 building\n#2 waits\n#2 runs\n"
    assert settled("a\na\n\x1b]0;x\n") == "a\na\n\\x1b]0;x\n"
    steps.log.command("  $ much")
    steps.printed("x" * 100_000, "y\n" * 50_000 + "end")
    text = (tmp_path / LOG).read_text()
    assert "x" * 100 not in text
    assert text.endswith("    y\n    end\n")
    assert len(text) < 300_000


def test_a_command_takes_a_line_on_a_terminal_and_is_whole_elsewhere(
    tmp_path: Path, steps: Steps, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    long = ["docker", "build", "x" * 100, "two\nlines"]
    steps.command(long)
    assert capsys.readouterr().err == f"  $ docker build {'x' * 100} 'two\nlines'\n"
    monkeypatch.setattr(sys.stderr, "isatty", lambda: True)
    steps.command(long)
    assert capsys.readouterr().err == f"  $ docker build {'x' * 62}…\n"
    assert fitting("  $ short", sys.stderr) == "  $ short"
    assert fitting("  $ a 'b\nc'", sys.stderr) == "  $ a 'b…"
    assert steps.where == ""
    with pytest.raises(ValueError, match="no"), steps.step("build"):
        raise ValueError("no")
    assert steps.where == "\nWhat was run, whole, and what it printed: .slipway/last.log"
    assert (tmp_path / LOG).read_text().count(f"  $ docker build {'x' * 100} 'two\nlines'\n") == 2
    steps.whole, steps.is_cut = True, False
    capsys.readouterr()
    steps.command(long)
    assert capsys.readouterr().err.startswith(f"  $ docker build {'x' * 100} 'two\n")
    assert not steps.is_cut


def test_what_is_interrupted_is_kept_as_well(tmp_path: Path) -> None:
    script = (
        "COMMAND = ['sh', '-c', 'echo on; sleep 60']\n"
        "import sys; from pathlib import Path; from slipway.core.log import Log; from slipway.core.shell import Shell\n"
        "from slipway.core.steps import Steps; from slipway.core.signals import interruptible\n"
        "with interruptible(): Shell(Path('.'), Steps(log=Log(Path(sys.argv[1])))).run(COMMAND)"
    )
    process = subprocess.Popen([sys.executable, "-c", script, str(tmp_path / "log")], stdout=subprocess.PIPE, text=True)
    assert process.stdout
    assert process.stdout.readline() == "on\n"
    process.send_signal(signal.SIGTERM)
    wait_for(lambda: process.poll() is not None)
    process.communicate()
    assert (tmp_path / "log").read_text().endswith("  $ sh -c 'echo on; sleep 60'\n    on\n")
