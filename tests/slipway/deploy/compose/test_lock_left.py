"""A lock that is held by what a process which was killed has left at work, or whose client hangs."""

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import psutil
import pytest

from slipway.core.errors import Problem
from slipway.core.limits import ACT, WORK, Late, Limit
from slipway.core.processes import is_alive
from slipway.core.shell import Shell
from slipway.core.steps import Steps
from slipway.deploy.compose import left, lock
from slipway.deploy.compose.labels import OWNER
from slipway.deploy.compose.left import Left
from slipway.deploy.compose.lock import EngineLock, Owner, on_engine, owner
from tests.slipway.engine.support import Answers
from tests.support import wait_for

ID = f"{os.getpid():012x}" * 5
HELD = json.dumps([{
    "Id": ID, "Created": "2026-11-24T11:48:00Z", "State": {"Running": True, "Status": "running"},
    "Config": {"Labels": {OWNER: "inv deploy of ann@here"}},
}])  # fmt: skip

NOW = "2026-11-24T12:00:00.123456789Z"


def gone() -> int:
    """Return the number of a process that has ended."""
    with subprocess.Popen(["true"]) as process:
        pass
    return process.pid


class Marked:
    """Starts programs as one that holds the lock does, whose process is gone unless told."""

    def __init__(self) -> None:
        self.processes: list[subprocess.Popen[bytes]] = []

    def start(self, limit: Limit, by: int = 0) -> int:
        """Start one that hangs; return its number."""
        value = f"{ID[:12]} {by or gone()} {limit.seconds or ''}"
        argv = ["sh", "-c", "sleep 600 & wait"]
        process = subprocess.Popen(argv, env=os.environ | {left.MARK: value}, start_new_session=True)
        self.processes.append(process)
        wait_for(lambda: bool(psutil.Process(process.pid).children()))
        return process.pid


@pytest.fixture
def marked() -> Iterator[Marked]:
    """Give what starts them, and end what is left."""
    found = Marked()
    yield found
    for process in found.processes:
        for child in psutil.Process(process.pid).children() if process.poll() is None else []:
            child.kill()
        process.kill()
        process.wait()


def test_a_mark_says_whose_lock_it_is_who_has_started_it_and_how_long_it_may_take() -> None:
    assert left.read(left.mark("abc", ACT)[left.MARK]) == ("abc", os.getpid(), 15)
    assert left.read(left.mark("abc", WORK)[left.MARK]) == ("abc", os.getpid(), None)


def test_only_what_has_a_time_that_is_over_is_stuck() -> None:
    one = Left(7, ("docker", "exec", "x" * 100), 14, 15)
    assert not one.is_stuck
    assert replace(one, age=16).is_stuck
    assert not replace(one, age=1e6, seconds=None).is_stuck  # a migration, say
    assert str(one) == f"docker exec {'x' * 48}... (process 7)"


def test_what_is_at_work_though_who_has_begun_it_is_gone_is_named_and_stays(marked: Marked) -> None:
    pid = marked.start(WORK)
    (found,) = left.of(ID)
    assert (found.pid, found.is_stuck) == (pid, False)
    by = owner("shop-lock", Answers(HELD, NOW))
    assert by.name.startswith("inv deploy of ann@here was killed, and what it had begun goes on: sh -c ")
    assert f"(process {pid})" in by.name
    assert not by.is_brief
    assert is_alive(psutil.Process(pid))


def test_what_has_begun_a_moment_ago_is_over_soon_and_what_hangs_is_ended(marked: Marked) -> None:
    young, stuck = marked.start(ACT), marked.start(Limit(0.01))
    (child,) = psutil.Process(stuck).children()
    by = owner("shop-lock", Answers(HELD, NOW))
    assert by.is_brief
    assert is_alive(psutil.Process(young))
    assert not [pid for pid in (stuck, child.pid) if psutil.pid_exists(pid) and is_alive(psutil.Process(pid))]
    assert [one.pid for one in left.of(ID)] == [young]


def test_what_its_process_still_waits_for_is_no_others_business(marked: Marked) -> None:
    marked.start(Limit(0.01), by=os.getpid())
    assert left.of(ID) == []
    by = owner("shop-lock", Answers(HELD, NOW))
    assert by.name.startswith("inv deploy of ann@here has been at work for 12 min")
    assert left.of("another") == []


def test_an_engine_that_cannot_be_asked_is_not_taken_for_nobody_who_holds_it() -> None:
    assert owner("shop-lock", Answers("", said="Error: No such container: shop-lock")) == Owner()
    with pytest.raises(Problem, match="could not be asked"):
        owner("shop-lock", Answers("", "", said="context canceled"))


# Plays the Docker client: what it does when it is told to hold the lock is in a variable.
CLIENT = """#!/bin/sh
echo "$1 $$" >>calls
[ "$1" = run ] || exit 1
eval "$PLAYED"
"""


@pytest.fixture
def shell(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Shell:
    """Give a shell in a folder of its own, with a Docker client that plays."""
    client = tmp_path / "docker"
    client.write_text(CLIENT)
    client.chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path}{os.pathsep}{os.environ['PATH']}")
    return Shell(tmp_path, Steps())


def ended(shell: Shell) -> bool:
    """Tell whether all clients have ended."""
    pids = [int(line.split()[1]) for line in (shell.root / "calls").read_text().splitlines()]
    return not any(psutil.pid_exists(pid) and is_alive(psutil.Process(pid)) for pid in pids)


LOCK = EngineLock("shop-lock", "caddy:2", "ann@here")


def test_who_holds_it_marks_what_is_started_and_lets_go(shell: Shell, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PLAYED", "echo held abc; exec cat")
    with on_engine(LOCK, shell, wait=False, again="deploy") as (container, _):
        assert container == "abc"
        assert shell.output(["sh", "-c", f"echo ${left.MARK}"], limit=ACT) == f"abc {os.getpid()} 15"
        assert not ended(shell)
    assert ended(shell)
    assert shell.held == []
    assert shell.output([sys.executable, "-c", f"import os; print(os.environ.get('{left.MARK}'))"]) == "None"


def test_once_what_was_left_is_ended_the_end_of_the_lock_is_waited_for(
    shell: Shell, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(
        "PLAYED", "[ $(wc -l <calls) -lt 3 ] || { echo held abc; exec cat; }; echo Conflict >&2; exit 125"
    )
    owners = [Owner("ann was killed", is_brief=True), Owner("ann has been at work for 20 s")]
    monkeypatch.setattr(lock, "owner", lambda *_: owners.pop(0))
    with on_engine(LOCK, shell, wait=False, again="deploy") as (container, _):
        assert container == "abc"


def test_a_lock_of_another_is_refused(shell: Shell, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PLAYED", "echo Conflict >&2; exit 125")
    monkeypatch.setattr(lock, "owner", lambda *_: Owner("ann has been at work for 20 s"))
    with pytest.raises(Problem, match=r"ann has been at work for 20 s\. To wait for its end: \./inv deploy --wait"):
        on_engine(LOCK, shell, wait=False, again="deploy").__enter__()


@pytest.mark.parametrize("played", ["sleep 600", "trap '' TERM; sleep 600"])
def test_a_client_that_hangs_instead_of_taking_it_is_given_up(
    shell: Shell, monkeypatch: pytest.MonkeyPatch, played: str
) -> None:
    monkeypatch.setenv("PLAYED", played)
    monkeypatch.setattr(lock, "TAKEN", Limit(0.5))
    with pytest.raises(Late, match=r"docker run did not answer in \d s: is the engine well\? docker version"):
        on_engine(LOCK, shell, wait=False, again="deploy").__enter__()
    assert ended(shell)


def test_a_client_that_hangs_once_it_is_let_go_of_is_ended(
    shell: Shell, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("PLAYED", "echo held abc; cat >/dev/null; trap '' TERM; sleep 600")
    monkeypatch.setattr(lock, "ACT", Limit(0.5))
    with on_engine(LOCK, shell, wait=False, again="deploy"):
        pass
    assert "docker run did not answer" in capfd.readouterr().err
    assert ended(shell)


def test_why_it_could_not_be_taken_is_said(shell: Shell, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PLAYED", "echo no space left on device >&2; exit 125")
    with pytest.raises(Problem, match=r"no space left on device(.|\n)*The lock of this deployment could not be taken"):
        on_engine(LOCK, shell, wait=False, again="deploy").__enter__()
