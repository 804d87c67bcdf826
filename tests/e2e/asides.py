"""What is run beside the service: `inv run` and `inv python`, with a terminal and without."""

import contextlib
import os
import pty
import re
import select
import signal
import subprocess
import time

from tests.e2e.support import containers, volumes
from tests.e2e.talk import done
from tests.support import PATIENT, Checkout, wait_for

TOLD = """
import os, pathlib, sys
secret = pathlib.Path("/run/secrets/SECRET_KEY_FASTAPI_AUTH")
print(os.environ.get("SECRET_KEY_FASTAPI_AUTH") or secret.read_text())
print(sys.stdin.read().upper())
sys.exit(7)
"""
WAITS = """
import signal, sys, time
signal.signal(signal.SIGINT, lambda *_: (print("told" + " to end", flush=True), sys.exit(5)))
print("at" + " work", flush=True)  # this text is shown as well
time.sleep(60)
"""


def on_an_engine(checkout: Checkout, secret: str, *options: str) -> None:
    """Run commands beside the service: the command is what one talks to, and nothing is left."""
    before = made()
    _status_and_input(checkout, secret, *options)
    _terminal(checkout, *options)
    _signals(checkout, *options)
    wait_for(lambda: made() == before)  # what is left goes when the client is gone
    _detached(checkout, *options)


def on_this_host(checkout: Checkout, secret: str, *options: str) -> None:
    """Do the same without an engine."""
    _status_and_input(checkout, secret, *options)
    _terminal(checkout, *options)
    _detached(checkout, *options)


def made() -> set[str]:
    """Return the tests' containers and volumes."""
    return {*containers(), *volumes()}


def _status_and_input(checkout: Checkout, secret: str, *options: str) -> None:
    argv = checkout.command("run", *options, "--", "python", "-c", TOLD)
    ended = subprocess.run(
        argv, cwd=checkout.root, env=checkout.environ(), input="piped", capture_output=True, text=True,
        check=False, timeout=PATIENT,
    )  # fmt: skip
    assert (ended.returncode, ended.stdout) == (7, f"{secret}\nPIPED\n"), ended.stderr
    assert secret not in ended.stderr
    missing = checkout.inv("run", *options, "--", "no-such-program")
    assert missing.returncode == 127
    assert "no-such-program" in missing.stderr.splitlines()[-1]
    assert checkout.inv("run", *options, "--", "/etc/passwd").returncode == 126


def _terminal(checkout: Checkout, *options: str) -> None:
    argv, env = checkout.command("python", *options), checkout.environ(TERM="dumb")
    child, mine = pty.fork()  # it is the terminal that tells of Ctrl-C
    if not child:
        os.chdir(checkout.root)
        os.execvpe(argv[0], argv, env)
    try:
        _until(mine, ">>> ")
        os.write(mine, b"import os, sys; print(sys.stdin.isatty(), 6 * 7, 'A' + 'TTY')\n")
        _until(mine, "True 42 ATTY")
        os.write(mine, b"import time; print('as' + 'leep'); time.sleep(60)\n")
        _until(mine, "asleep")
        os.write(mine, b"\x03")
        _until(mine, "KeyboardInterrupt")
        os.write(mine, b"sys.exit(9)\n")
        with contextlib.suppress(OSError):  # the terminal is closed
            _until(mine, "no such text")
        _, status = os.waitpid(child, 0)
        assert os.waitstatus_to_exitcode(status) == 9
    except BaseException:
        os.kill(child, signal.SIGKILL)
        raise
    finally:
        os.close(mine)


def _until(terminal: int, text: str) -> None:
    seen, end = "", time.monotonic() + PATIENT
    while text not in seen:
        left = end - time.monotonic()
        assert select.select([terminal], [], [], max(left, 0))[0], f"{text!r} did not come: {seen}"
        seen += os.read(terminal, 4096).decode(errors="replace")


def _signals(checkout: Checkout, *options: str) -> None:
    for signum, status in ((signal.SIGINT, 5), (signal.SIGKILL, -signal.SIGKILL)):
        process = checkout.start("run", *options, "--", "python", "-c", WAITS)
        assert process.stdout
        said = ""
        while "at work" not in said:
            said += (line := process.stdout.readline())
            assert line, said
        if signum == signal.SIGINT:
            os.killpg(process.pid, signum)
        else:
            process.send_signal(signum)
        out, _ = process.communicate(timeout=PATIENT)
        assert process.returncode == status
        assert ("told to end" in out) == (signum == signal.SIGINT)


def _detached(checkout: Checkout, *options: str) -> None:
    waits = "print('begun', flush=True); import time; time.sleep(60)"
    name = done(checkout, "run", *options, "--detach", "--", "python", "-c", waits).stdout.strip()
    assert re.fullmatch(r"run-[0-9a-f]{8}", name)
    where = [one for one in options if one != "--tag"][:1]
    wait_for(lambda: done(checkout, "logs", *where, "--process", name).stdout == "begun\n")
    assert name in done(checkout, "ps", *where).stdout
    refused = checkout.inv("logs", *where, "--process", "run-nothing")
    assert (refused.returncode, "run-nothing" in refused.stderr) == (1, True)
