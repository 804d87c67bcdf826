"""A Docker client that hangs: every verb can be stopped, says what is live, and the next one goes on."""

import os
import signal
import subprocess
import time
from pathlib import Path

import psutil
import pytest

from tests.e2e.hanging import HangingClient
from tests.e2e.production import LOCK, change, deployed, live, said, title, webs
from tests.e2e.support import containers
from tests.e2e.talk import done
from tests.support import Checkout, wait_for

pytestmark = pytest.mark.minutes(2)

OUT = 60  # seconds: of the 600 that the client would hang
SWITCH = " sh switch web-"
TAKING = "run --rm --interactive --name "  # the lock
LOOKING = "inspect --type container"


def stopped(process: "subprocess.Popen[str]", times: int = 1) -> str:
    """Press Ctrl-C so often, which the client doesn't hear; return what is said until the end."""
    for number in range(times):
        time.sleep(0.5 * number)  # else it would be the same one
        os.kill(process.pid, signal.SIGINT)
    last, _ = process.communicate(timeout=OUT)
    assert process.returncode == 128 + signal.SIGINT, last
    return last


@pytest.mark.full  # that a program which hangs is left is tested without an engine
@pytest.mark.parametrize("passed_on", [False, True], ids=["instead", "after"])
def test_a_client_that_hangs_is_left_by_ctrl_c_and_the_next_deployment_goes_on(
    docker: Checkout, tmp_path: Path, passed_on: bool
) -> None:
    first = deployed(docker, "--bake", "0")
    change(docker, "hanging")
    for number, words in enumerate((SWITCH, LOOKING) if passed_on else (TAKING, SWITCH)):
        client = HangingClient.of(tmp_path / f"once{number}", words, passed_on)
        with docker.start("deploy", "--yes", "--bake", "60", PATH=client.path) as process:
            if words == LOOKING:
                said(process, "probe")  # it is watched
            client.arm()
            client.wait()
            last = stopped(process)
        assert words == TAKING or f"{first} is live, as before" in last, last
        assert title(docker) == "Slipway service"
        assert live() == first
        wait_for(lambda: LOCK not in containers())

    client = HangingClient.of(tmp_path / "last", SWITCH, passed_on)
    client.arm()
    with docker.start("deploy", "--yes", "--bake", "60", PATH=client.path) as process:
        client.wait()
        if passed_on:
            process.kill()
        else:
            last = stopped(process, times=2)
            assert "Ended at once" in last
            assert "./inv status --prod" in last
    # What was begun is ended, as its time is over and nobody is there to end it.
    assert LOCK in containers()
    again = done(docker, "deploy", "--yes", "--bake", "0")
    assert "was left by inv deploy" in again.stderr
    assert title(docker) == "Release hanging"
    assert len(webs()) == 1
    for one in psutil.process_iter(["cmdline"]):
        assert str(client.folder) not in " ".join(one.info["cmdline"] or ())


@pytest.mark.full  # what its limits are is decided without an engine
def test_a_client_that_hangs_is_waited_for_no_longer_than_it_may_take(docker: Checkout, tmp_path: Path) -> None:
    client = HangingClient.of(tmp_path / "client", SWITCH, passed_on=True)
    first = deployed(docker, "--bake", "0")
    change(docker, "late")
    client.arm()
    late = docker.inv("deploy", "--yes", "--bake", "0", PATH=client.path)
    assert late.returncode == 1
    assert "docker exec did not answer in 15 s: is the engine well? docker version" in late.stderr
    assert f"{first} is live, as before" in late.stderr
    wait_for(lambda: LOCK not in containers())
    assert live() == first
