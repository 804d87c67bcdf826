"""A server that may be at work is never taken for gone, and one that is gone keeps nobody from starting another."""

import contextlib
import os
import signal
import subprocess
from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest

from slipway.core.errors import Problem
from slipway.project.database import Database
from slipway.runtime import interlock, postgres
from slipway.runtime.postgres import FAST, Server

LOGIN = Database("app", "correct-horse-battery", "app")


@pytest.fixture(autouse=True)
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    """Wait less for what is not going to end."""
    monkeypatch.setattr(postgres, "LINGER", 0.2)


@pytest.fixture
def server(tmp_path: Path) -> Iterator[Server]:
    """Give a server that runs; it doesn't afterwards."""
    one = Server(tmp_path / "one")
    one.start(LOGIN, settings=FAST)
    yield one
    one.stop()


def denied(process: psutil.Process) -> str:
    """Refuse to say where a process is, as a container refuses it to root."""
    raise psutil.AccessDenied(process.pid)


def test_a_server_is_known_where_nobody_may_ask_for_its_folder(
    server: Server, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(psutil.Process, "cwd", denied)
    assert server.running()
    assert not server.is_out_of_sight()
    two = Server(tmp_path / "two")
    two.data.mkdir(parents=True)
    (two.data / "postmaster.pid").write_text((server.data / "postmaster.pid").read_text())
    assert two.running() is None
    assert server.stop()


@pytest.mark.parametrize("kind", ["another container", "nothing can be told"])
def test_a_server_that_cannot_be_seen_is_left_alone(server: Server, kind: str, monkeypatch: pytest.MonkeyPatch) -> None:
    file = server.data / "postmaster.pid"
    before = file.read_text()
    with monkeypatch.context() as patched:
        if kind == "another container":  # there, its number means another process
            patched.setattr(interlock, "is_of", lambda *_: False)
            patched.setattr(interlock, "left_in", lambda _: [])
        else:
            patched.setattr(psutil.Process, "cwd", denied)
            patched.setattr(psutil.Process, "cmdline", denied)
        assert server.running() is None
        assert server.is_out_of_sight()
        said = r"is no process that can be seen from here.*Nothing was changed"
        with pytest.raises(Problem, match=said):
            server.start(LOGIN)
        with pytest.raises(Problem, match=said):
            server.stop()
    assert file.read_text() == before
    assert server.running()


def test_what_is_gone_keeps_nobody_from_starting_anew(server: Server) -> None:
    running = server.running()
    assert running
    os.kill(running[0], signal.SIGKILL)
    server._child.wait()
    assert interlock.is_given_up(server.lock, 60), "its own processes follow it"
    file = server.data / "postmaster.pid"
    assert file.exists()
    server.start(LOGIN, settings=FAST)
    assert server.stop()

    lines = [str(running[0]), str(server.data), "1", str(running[1]), "", "127.0.0.1", "0 0", "ready"]
    with subprocess.Popen(["sleep", "30"]) as other:  # a container that began anew has given the number to it
        for text in ("\n".join([str(other.pid), *lines[1:]]), "", "nothing", "0\n"):
            file.write_text(text)
            assert server.running() is None
            server.start(LOGIN, settings=FAST)
            assert server.stop()
        other.kill()


def test_what_a_killed_server_has_started_is_named(server: Server, monkeypatch: pytest.MonkeyPatch) -> None:
    running = server.running()
    assert running
    monkeypatch.setattr("slipway.runtime.postgres.LINGER", 0.1)
    with interlock.locked(server.lock, 0) as inherited, monkeypatch.context() as patched:
        assert inherited == [], "the server has it"
        patched.setattr(server, "running", lambda: None)
        patched.setattr(interlock, "left_in", lambda _: [7, 8])
        with pytest.raises(Problem, match=r"what it had started goes on in .+ or: kill 7 8$"):
            server.stop()
    with contextlib.suppress(psutil.AccessDenied):  # root in a container may not ask
        psutil.Process(running[0]).cwd()
        assert running[0] in interlock.left_in(server.data)


def test_one_that_only_waits_to_be_reaped_is_no_server(server: Server, tmp_path: Path) -> None:
    with subprocess.Popen(["true"], cwd=server.data) as ended:
        os.waitid(os.P_PID, ended.pid, os.WEXITED | os.WNOWAIT)
        assert not interlock.is_server(ended.pid, server.data)
    assert not interlock.is_server(0, server.data)
    running = server.running()
    assert running and interlock.is_server(running[0], server.data)


def test_a_lock_is_its_holders_until_the_last_of_its_processes_has_ended(tmp_path: Path) -> None:
    path = tmp_path / "lock"
    assert not interlock.is_locked(path)
    with interlock.locked(path, 0) as inherited, interlock.locked(path, 0) as in_vain:
        assert (len(inherited), in_vain) == (1, [])
        held = subprocess.Popen(["sh", "-c", "sleep 600 & echo $!; wait"], pass_fds=inherited, stdout=subprocess.PIPE)
    with held:
        assert held.stdout
        child = int(held.stdout.readline())
        held.kill()
        held.wait()
        assert interlock.is_locked(path)
        os.kill(child, signal.SIGKILL)
    assert interlock.is_given_up(path, 60)
    assert not interlock.is_locked(path)
