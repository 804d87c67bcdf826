"""What becomes of a verb whose output cannot be written: a full disk, a reader that has ended, what is closed."""

import os
import subprocess

import pytest

from tests import support
from tests.support import Checkout

FULL, CLOSED = ("Standard output could not be written: " + why for why in ("No space left on device.", "it is closed."))


@pytest.fixture
def launched(little: Checkout) -> Checkout:
    """Give a project whose launcher has this environment's packages."""
    support.launched(little.root)
    return little


def ends(checkout: Checkout, line: str) -> tuple[int, str]:
    """Run a line of a shell's in a project; return its status and what it says on standard error."""
    done = subprocess.run(
        ["sh", "-c", line], cwd=checkout.root, env=checkout.environ(LC_ALL="C"), stdin=subprocess.DEVNULL,
        stderr=subprocess.PIPE, text=True, check=False, timeout=120,
    )  # fmt: skip
    assert "Traceback" not in done.stderr
    return done.returncode, done.stderr


@pytest.mark.parametrize(
    "verb", ["--list", "--help up", "--version", "completion bash", "status --runtime host --json"]
)
def test_a_result_that_is_lost_is_one_sentence(launched: Checkout, verb: str) -> None:
    for where, said in ((">/dev/full", FULL), (">&-", CLOSED)):
        status, told = ends(launched, f"./inv {verb} {where}")
        assert status == 1
        assert told.splitlines()[-1] == f"{said} Nothing else failed."


@pytest.mark.parametrize("verb", ["--list", "status"])
def test_whoever_reads_no_more_is_told_nothing(launched: Checkout, verb: str) -> None:
    read, write = os.pipe()
    os.close(read)
    argv = [str(launched.root / "inv"), verb]
    env = launched.environ(SLIPWAY_ENV="dev")
    with os.fdopen(write, "w") as nobody:
        done = subprocess.run(argv, env=env, stdout=nobody, stderr=subprocess.PIPE, text=True, check=False, timeout=120)
    assert done.returncode == 141
    assert "written" not in done.stderr
    assert "Traceback" not in done.stderr


@pytest.mark.parametrize("where", [">/dev/full", ">&-", "<&- >&- 2>&-", ">/dev/full 2>/dev/full", "2>&-"])
def test_a_verb_that_changes_things_does_what_it_was_told(launched: Checkout, where: str) -> None:
    status, told = ends(launched, f"./inv up --runtime host {where}")
    assert status == (0 if where == "2>&-" else 1), told
    state = launched.inv("status", "--json").stdout
    assert '"state": "ready"' in state
    status, told = ends(launched, f"./inv down {where}")
    assert status == 0, told  # it has no result
    assert '"state": "stopped"' in launched.inv("status", "--json").stdout


def test_a_verb_that_fails_keeps_its_own_status(launched: Checkout) -> None:
    status, told = ends(launched, "./inv nosuch >/dev/full")
    assert (status, "nosuch" in told, "written" in told) == (1, True, False)


@pytest.mark.parametrize(("words", "status", "said"), [("'mine'", 1, "mine\n"), ("7", 7, ""), ("", 0, "")])
def test_a_task_of_ones_own_ends_as_it_says(launched: Checkout, words: str, status: int, said: str) -> None:
    own = f"from invoke import task\n\n\n@task\ndef mine(c):\n    raise SystemExit({words})\n"
    launched.write("tasks.py", (launched.root / "tasks.py").read_text() + f"\n\n{own}")
    assert ends(launched, "./inv mine") == (status, said)
