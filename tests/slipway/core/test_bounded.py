"""Programs that are somebody's own: bounded in time, with what they have started; only what they are given."""

import os
import select
import signal
import subprocess
import sys
from pathlib import Path

import psutil
import pytest

from slipway.core import bounded
from slipway.core.errors import Problem
from slipway.core.secrecy import Secrets
from slipway.core.shell import Shell
from slipway.core.steps import Steps
from tests.support import ROOT, wait_for

PATH = {"PATH": os.environ["PATH"]}


@pytest.fixture
def shell(tmp_path: Path) -> Shell:
    """Give a shell that knows a secret."""
    return Shell(tmp_path, Steps(secrets=Secrets({"hush-hush"})))


def test_it_has_its_variables_alone_and_is_shown_without_secrets(
    shell: Shell, capfd: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("OTHER", "not its own")
    script = 'echo "<$MINE><$OTHER>"; echo hush-hush; echo beside >&2; cat; pwd; exit 3'
    assert bounded.run(shell, ["sh", "-c", script], {**PATH, "MINE": "mine"}, 20) == 3
    shown = capfd.readouterr()
    assert shown.out == ""  # results alone are there
    assert shown.err == f"<mine><>\n[secret]\nbeside\n{shell.root}\n"


@pytest.mark.parametrize(
    "script", ["sleep 300", "trap '' TERM; sleep 300 & sleep 300", "sleep 300 & exec sleep 300"],
    ids=["hangs", "deaf", "with-another"],
)  # fmt: skip
def test_one_whose_time_is_over_is_ended_with_all_that_it_started(shell: Shell, script: str) -> None:
    assert bounded.run(shell, ["sh", "-c", f"echo $$ >pid; {script}"], PATH, 0.3) is None
    wait_for(lambda: not alive(int((shell.root / "pid").read_text())))


def test_what_it_leaves_in_the_background_does_not_outlive_it(shell: Shell, capfd: pytest.CaptureFixture[str]) -> None:
    assert bounded.run(shell, ["sh", "-c", "echo $$ >pid; yes & sleep 300 & exit 0"], PATH, 20) == 0
    wait_for(lambda: not alive(int((shell.root / "pid").read_text())))
    capfd.readouterr()


def test_a_daemon_that_it_leaves_holds_no_lock(shell: Shell) -> None:
    read, write = os.pipe()
    shell.held.append(write)
    assert bounded.run(shell, ["sh", "-c", "setsid sleep 9 </dev/null >/dev/null 2>&1 &"], PATH, 20) == 0
    os.close(write)
    assert select.select([read], [], [], 5)[0]
    os.close(read)


def alive(group: int) -> list[int]:
    """Return the processes of a group that do something."""
    found = []
    for one in psutil.process_iter(["pid", "status"]):
        try:
            if os.getpgid(one.pid) == group and one.status() != psutil.STATUS_ZOMBIE:
                found.append(one.pid)
        except (ProcessLookupError, psutil.Error):
            continue
    return found


def test_what_is_no_program_is_named(shell: Shell) -> None:
    (shell.root / "text").write_text("no program")
    (shell.root / "text").chmod(0o755)
    for argv, said in (
        (["no-such-program"], "no-such-program is not installed"),
        (["./text"], "./text cannot be star"),
    ):
        with pytest.raises(Problem, match=said):
            bounded.run(shell, argv, PATH, 5)
    with pytest.raises(Problem, match="sh cannot be started: embedded null byte"):
        bounded.run(shell, ["sh", "\0"], PATH, 5)


def test_ctrl_c_ends_it_and_what_it_started(tmp_path: Path) -> None:
    code = (
        "from pathlib import Path; from slipway.core import bounded; from slipway.core.shell import Shell\n"
        "from slipway.core.signals import interruptible; from slipway.core.steps import Steps; import os\n"
        "with interruptible():\n"
        "    bounded.run(Shell(Path('.'), Steps()), ['sh', '-c', 'sleep 300 & echo $$ >pid; wait'], os.environ, 300)\n"
    )
    process = subprocess.Popen([sys.executable, "-c", code], cwd=tmp_path, env={**os.environ, "PYTHONPATH": str(ROOT)})
    wait_for(lambda: (tmp_path / "pid").exists() and bool((tmp_path / "pid").read_text().strip()))
    process.send_signal(signal.SIGINT)
    process.wait(20)
    wait_for(lambda: not alive(int((tmp_path / "pid").read_text())))


def test_what_one_is_asked_for_is_returned_and_not_shown(shell: Shell, capfd: pytest.CaptureFixture[str]) -> None:
    said = bounded.ask(shell, ["sh", "-c", r"printf 'a\377\n'; echo beside >&2; cat; exit 3"], PATH, 20)
    assert said == bounded.Said(3, b"a\xff\n", b"beside\n")
    assert capfd.readouterr() == ("", "")
    assert repr(said) == "Said(status=3)"


def test_one_that_is_asked_may_say_more_than_is_kept_and_leave_others_behind(shell: Shell) -> None:
    script = "head -c 300000 /dev/zero; echo end >&2; (setsid sleep 9 &)"
    said = bounded.ask(shell, ["sh", "-c", script], PATH, 20)
    assert (said.status, len(said.out), said.err) == (0, bounded.MOST + 1, b"end\n")


@pytest.mark.parametrize("script", ["echo begun; sleep 300", "exec >&- 2>&-; sleep 300"], ids=["open", "closed"])
def test_one_that_is_asked_is_ended_when_its_time_is_over(shell: Shell, script: str) -> None:
    assert bounded.ask(shell, ["sh", "-c", f"echo $$ >pid; {script}"], PATH, 0.3).status is None
    wait_for(lambda: not alive(int((shell.root / "pid").read_text())))
    with pytest.raises(Problem, match="no-such-program is not installed"):
        bounded.ask(shell, ["no-such-program"], PATH, 1)
