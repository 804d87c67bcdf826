"""What programs print, in pieces, on its way to the screen."""

import os
import pty
import select
import signal
import subprocess
import sys
import termios
import textwrap
from pathlib import Path

import pytest

from slipway.core.relay import Stream
from slipway.core.secrecy import HIDDEN, Secrets
from tests.support import ROOT, wait_for

TOKEN = "kX8-qPz_4mW7vR2tLnB5cYdF9sHj3gTa"
OTHER = "kX8-qPz_4mW7-and-then-another-one"
SECRETS = Secrets({TOKEN, OTHER, TOKEN[4:8] * 3, "7"})


def through(data: bytes, size: int) -> str:
    """Return what is shown of bytes that come in pieces of a size."""
    stream = Stream(SECRETS)
    pieces = [stream.feed(data[at : at + size]) for at in range(0, len(data), size)]
    return b"".join([*pieces, stream.feed(b"", last=True)]).decode()


@pytest.mark.parametrize("size", [1, 2, 3, 7, 20, 1000])
def test_a_secret_may_come_in_pieces(size: int) -> None:
    text = (
        f"{TOKEN} {OTHER}{TOKEN}\nä€ '{TOKEN[:9]}...{OTHER[-9:]}' {TOKEN[4:8] * 4}\n"
        f"7 17 7.\n\x1b[31mred\x1b[0m \x1b]0;x\a\r{TOKEN[:-1]}\n"
    )
    assert through(text.encode(), size) == (
        f"{HIDDEN} {HIDDEN}{HIDDEN}\nä€ '{HIDDEN}...{HIDDEN}' {HIDDEN}{TOKEN[4:8]}\n"
        f"{HIDDEN} 17 {HIDDEN}.\n\x1b[31mred\x1b[0m \\x1b]0;x\a\r{HIDDEN}\n"
    )


def test_bytes_that_are_no_text_pass() -> None:
    assert through(b"a\xffb\xe2\x82", 1) == r"a\xffb\xe2\x82"


def test_a_question_is_not_held_back() -> None:
    stream = Stream(SECRETS)
    assert stream.feed(b"Delete it? [y/N] ") == b"Delete it? [y/N] "
    assert stream.feed(b"Which one... k") == b"Which one"
    assert stream.pause() == b"... k"  # a letter of it says nothing
    assert stream.feed(TOKEN[:12].encode()) + stream.pause() == b""
    assert stream.feed(TOKEN[12:].encode()) + stream.pause() == HIDDEN.encode()


def program(tmp_path: Path, child: str, method: str = "run") -> list[str]:
    """Return a command line that runs a program with a shell of Slipway's, whose secret is TOKEN."""
    code = f"""
        import sys
        sys.path.insert(0, {str(ROOT)!r})
        from pathlib import Path
        from slipway.core.secrecy import Secrets
        from slipway.core.shell import Shell
        from slipway.core.steps import Steps
        Shell(Path({str(tmp_path)!r}), Steps(secrets=Secrets([{TOKEN!r}]))).{method}([sys.executable, "-c", {child!r}])
    """
    return [sys.executable, "-c", textwrap.dedent(code)]


BOTH = f"import sys; print({TOKEN!r}, flush=True); print('and', {TOKEN!r}, file=sys.stderr)"


@pytest.mark.parametrize("method", ["run", "status", "answer"])
def test_what_a_program_prints_has_no_secret(tmp_path: Path, method: str) -> None:
    done = subprocess.run(program(tmp_path, BOTH, method), capture_output=True, text=True, timeout=60)
    assert (done.returncode, done.stdout) == (0, "" if method == "answer" else f"{HIDDEN}\n")
    assert done.stderr.splitlines()[-1] == f"and {HIDDEN}"
    assert TOKEN not in done.stderr


def test_both_ways_into_one_file_keep_their_order(tmp_path: Path) -> None:
    child = "import sys; [print(n, file=(sys.stdout, sys.stderr)[n % 2], flush=True) for n in range(50)]"
    with (tmp_path / "log").open("w") as log:
        subprocess.run(program(tmp_path, child), stdout=log, stderr=log, timeout=60, check=True)
    assert (tmp_path / "log").read_text().splitlines()[1:] == [str(n) for n in range(50)]


def test_on_a_terminal_a_program_has_one_and_may_ask(tmp_path: Path) -> None:
    child = (
        "import os, sys; size = os.get_terminal_size(2); "
        f"print(input('\\x1b[31m%s %s? ' % (size.columns, sys.stdout.isatty())), {TOKEN!r}, '\\x1b[6n')"
    )
    pid, terminal = pty.fork()
    if not pid:
        os.execv(sys.executable, program(tmp_path, child))
    termios.tcsetwinsize(terminal, (24, 97))
    shown = b""

    def comes(what: bytes) -> bool:
        nonlocal shown
        if select.select([terminal], [], [], 1)[0]:
            shown += os.read(terminal, 4096)
        return what in shown

    wait_for(lambda: comes(b"\x1b[31m97 True? "))
    os.write(terminal, b"yes\n")
    wait_for(lambda: comes(rf"yes {HIDDEN} \x1b[6n".encode()))
    assert os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]) == 0
    os.close(terminal)
    assert TOKEN.encode() not in shown.partition(b"True? ")[2]


def test_a_slow_reader_gets_all(tmp_path: Path) -> None:
    much = f"print(('{TOKEN}' + '.' * 1000 + '\\n') * 300)"
    with subprocess.Popen(program(tmp_path, much), stdout=subprocess.PIPE, stderr=subprocess.DEVNULL) as process:
        assert process.stdout
        with pytest.raises(subprocess.TimeoutExpired):
            process.wait(3)  # longer than it takes until nothing more comes
        assert process.stdout.read().count(HIDDEN.encode()) == 300


def test_what_goes_on_in_the_background_is_not_waited_for(tmp_path: Path) -> None:
    child = "import subprocess; print('now', flush=True); print(subprocess.Popen(['sleep', '100']).pid)"
    done = subprocess.run(program(tmp_path, child), capture_output=True, text=True, timeout=60, check=True)
    now, pid = done.stdout.split()
    assert now == "now"
    os.kill(int(pid), signal.SIGKILL)


def test_a_reader_who_goes_away_ends_the_program(tmp_path: Path) -> None:
    endless = f"import itertools\nfor n in itertools.count(): print(n, {TOKEN!r})"
    with subprocess.Popen(program(tmp_path, endless), stdout=subprocess.PIPE, stderr=subprocess.PIPE) as process:
        assert process.stdout
        assert process.stdout.readline() == f"0 {HIDDEN}\n".encode()
        process.stdout.close()
        assert process.wait(60) == 1
