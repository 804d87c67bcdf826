"""Running programs: what is shown, what is ended."""

import errno
import signal
import subprocess
import sys
import textwrap
from pathlib import Path

import psutil
import pytest

from slipway.core.errors import Problem
from slipway.core.processes import is_alive
from slipway.core.programs import unstartable
from slipway.core.secrecy import Secrets
from slipway.core.shell import Shell, tokens
from slipway.core.steps import Steps
from tests.support import ROOT, wait_for


@pytest.fixture
def shell(tmp_path: Path) -> Shell:
    """Give a shell that must not show "hush"."""
    return Shell(tmp_path, Steps(secrets=Secrets({"hush"})))


def test_tokens_are_flat_and_without_none() -> None:
    assert tokens("a", ["b", "c"], None, "d") == ["a", "b", "c", "d"]


def test_a_command_is_shown_as_it_can_be_pasted(shell: Shell, capfd: pytest.CaptureFixture[str]) -> None:
    shell.run(["sh", "-c", 'printf "%s" "$A"'], env={"A": "two words"}, hidden={"B": "hush"})

    out, err = capfd.readouterr()
    assert out == "two words"
    assert err == "  $ A='two words' sh -c 'printf \"%s\" \"$A\"'\n"
    assert subprocess.run(err.removeprefix("  $ "), shell=True, capture_output=True, text=True).stdout == out


def test_secrets_are_not_shown(shell: Shell, capfd: pytest.CaptureFixture[str]) -> None:
    shell.status(["true", "--password=hush"])
    with pytest.raises(Problem) as raised:
        shell.output(["sh", "-c", "echo hush >&2; exit 4"])

    assert "hush" not in capfd.readouterr().err
    assert "hush" not in str(raised.value.message)
    assert raised.value.code == 4


def test_the_status_of_a_killed_program_is_128_and_its_signal(shell: Shell) -> None:
    assert shell.status(["sh", "-c", "kill -9 $$"]) == 137


def test_a_missing_program_is_a_problem(shell: Shell) -> None:
    with pytest.raises(Problem, match="not-there is not installed"):
        shell.run(["not-there"])


def test_a_folder_of_path_that_may_not_be_entered_is_none(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    denied = PermissionError(errno.EACCES, "Permission denied")  # as Python says it, of whichever program
    assert unstartable("not-there", denied) == "not-there is not installed."
    monkeypatch.setenv("PATH", str(tmp_path))
    (tmp_path / "there").touch(0o755)
    assert unstartable("there", denied) == f"{tmp_path / 'there'} cannot be started: Permission denied."


@pytest.mark.parametrize("signum", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_a_signal_ends_the_program_and_what_it_started(tmp_path: Path, signum: signal.Signals) -> None:
    code = f"""
        import signal, sys
        signal.signal(signal.SIGHUP, signal.SIG_DFL)  # also when the tests run under nohup, or in the background
        signal.signal(signal.SIGINT, signal.default_int_handler)
        sys.path.insert(0, {str(ROOT)!r})
        from pathlib import Path
        from slipway.core.errors import Interrupted
        from slipway.core.shell import Shell
        from slipway.core.signals import interruptible
        from slipway.core.steps import Steps
        try:
            with interruptible():
                Shell(Path({str(tmp_path)!r}), Steps()).run(["sh", "-c", "sleep 60 & echo $! > child; wait"])
        except Interrupted as ended:
            sys.exit(ended.code)
    """
    with subprocess.Popen([sys.executable, "-c", textwrap.dedent(code)], stderr=subprocess.DEVNULL) as process:
        child = tmp_path / "child"
        wait_for(lambda: child.exists() and child.read_text().endswith("\n"))
        process.send_signal(signum)

    assert process.returncode == 128 + signum
    pid = int(child.read_text())
    assert not psutil.pid_exists(pid) or not is_alive(psutil.Process(pid))


@pytest.mark.parametrize("method", ["output", "answer"])
def test_what_is_read_late_is_given_whole(shell: Shell, method: str) -> None:
    given = "x" * 1_000_000  # more than a pipe holds

    said = getattr(shell, method)(["sh", "-c", "sleep 0.5; wc -c"], given=given)

    assert (said if method == "output" else said[1]) == "1000000"


def test_what_is_not_read_at_all_keeps_nobody(shell: Shell) -> None:
    assert shell.output(["true"], given="x" * 1_000_000) == ""
