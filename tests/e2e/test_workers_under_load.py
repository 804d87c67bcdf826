"""Workers and a scheduler beside web, under load: no job is lost, and never two schedulers are at work."""

import json
import re

import pytest

from tests.e2e import beside
from tests.e2e.load import under_load
from tests.e2e.production import LOCK, PROD, after, all_is_stored, change, deployed, live, said, title, webs
from tests.e2e.support import commit, containers, run
from tests.e2e.talk import ask, done, token
from tests.support import Checkout, wait_for

pytestmark = pytest.mark.minutes(4)


def at_work() -> dict[str, list[str]]:
    """Return the names of the containers that run, of each process."""
    listed = run("docker", "ps", "--format", "{{.Names}}", "--filter", f"name={PROD}-2").split()
    found: dict[str, list[str]] = {}
    for name in listed:
        if match := re.fullmatch(rf"{PROD}-\d+t\d+-([a-z]+)-\d+", name):
            found.setdefault(match[1], []).append(name)
    return found


def counts() -> dict[str, int]:
    """Return how many run of each process."""
    return {name: len(each) for name, each in sorted(at_work().items())}


def all_is_done(docker: Checkout) -> None:
    """Check that each post's job was done, and that never two schedulers were at work."""
    wait_for(lambda: ask(docker, "SELECT count(*) FROM jobs WHERE done IS NULL", "--prod") == "0")
    assert ask(docker, "SELECT (SELECT count(*) FROM jobs) - (SELECT count(*) FROM posts)", "--prod") == "0"
    assert ask(docker, beside.BEATS, "--prod") == "0"
    assert int(ask(docker, "SELECT count(DISTINCT who) FROM beats", "--prod")) > 1


@pytest.mark.full  # a bot is deployed in the other run as well
@pytest.mark.parametrize(
    ("deploys", "rate"), [(1, 20), pytest.param(10, 50, marks=[pytest.mark.full, pytest.mark.alone])]
)
def test_no_job_is_lost_and_never_two_schedulers_are_at_work(docker: Checkout, deploys: int, rate: int) -> None:
    beside.add(docker)
    scale = ("--scale", "web=2,worker=2")
    images = [deployed(docker, "--bake", "0", *scale)]
    with under_load(docker.url, token(docker.url), rate) as load:
        for number in range(deploys):
            change(docker, number)
            images.append(deployed(docker, "--bake", "1"))
            assert counts() == {"scheduler": 1, "web": 2, "worker": 2}
        for image in images[-2:-5:-1]:  # one, or three
            done(docker, "rollback", "--to", image)
            assert live() == image
            assert counts() == {"scheduler": 1, "web": 2, "worker": 2}
        after(load, 2 * rate)
    all_is_stored(docker, load)
    all_is_done(docker)
    entry = json.loads(done(docker, "releases", "--json").stdout)[-1]
    assert entry["replicas"] == {"scheduler": 1, "worker": 2}
    for asked, why in (("wroker=2", "there is no process 'wroker'"), ("scheduler=2", "is a single one")):
        refused = docker.inv("deploy", "--yes", "--force", "--scale", asked)
        assert refused.returncode == 1
        assert why in refused.stderr
    status = json.loads(done(docker, "status", "--prod", "--json").stdout)
    assert {status[name]["state"] for name in ("worker", "scheduler")} == {"running"}


BAD = {
    "crashes": ("the worker crashed", "ended"),
    "ends": ("", "ended"),
    "hoards": ("", "ran out of memory|ended, and was started again"),  # the engine forgets the first with the second
}


# One ends while it is watched; the others end sooner.
@pytest.mark.full  # a bot that ends is taken back in the other run as well
@pytest.mark.parametrize("bad", [["ends"], ["crashes", "hoards"]], ids=["late", "soon"])
def test_bad_workers_are_refused_or_taken_back_and_the_old_ones_go_on(docker: Checkout, bad: list[str]) -> None:
    beside.add(docker)
    image = deployed(docker, "--bake", "0")
    before = at_work()
    with under_load(docker.url, token(docker.url), 10) as load:
        for how in bad:
            log, why = BAD[how]
            beside.spoil(docker, how)
            failed = docker.inv("deploy", "--yes", "--bake", "8")
            assert failed.returncode == 1, how
            assert re.search(rf"The new release has a (worker|scheduler) that ({why})", failed.stderr), failed.stderr
            assert log in failed.stderr
            assert f"{image} is live, as before" in failed.stderr
            assert at_work() == before
            run("git", "reset", "--quiet", "--hard", "HEAD~1", cwd=docker.root)
        change(docker, "killed")
        with docker.start("deploy", "--yes", "--bake", "60") as deploying:
            said(deploying, "probe")
            deploying.kill()
        wait_for(lambda: LOCK not in containers())
        done(docker, "rollback")
        assert title(docker) == "Slipway service"
        assert (len(webs()), at_work()) == (1, before)
    all_is_stored(docker, load)
    all_is_done(docker)


@pytest.mark.full
def test_one_that_does_not_hear_its_stop_is_killed_in_time_and_nothing_is_lost(docker: Checkout) -> None:
    beside.add(docker)
    docker.edit("pyproject.toml", "stop-timeout = 20 }", "stop-timeout = 3 }")
    docker.edit("pyproject.toml", "single = true,", "single = true, stop-timeout = 6,")
    beside.spoil(docker, "hangs")
    deployed(docker, "--bake", "0")
    old = [name for names in at_work().values() for name in names if "-web-" not in name]
    with under_load(docker.url, token(docker.url), 10) as load:
        after(load, 20)
        docker.edit("app/beside.py", 'BAD = "hangs"', 'BAD = ""')
        commit(docker, "It hears")
        ended = done(docker, "deploy", "--yes", "--bake", "1")
        assert counts() == {"scheduler": 1, "web": 1, "worker": 1}
        after(load, 20)
    assert not {*old} & {name for names in at_work().values() for name in names}
    assert run("docker", "inspect", "--format", "{{.State.ExitCode}}", *old).split() == ["137", "137"], ended.stderr
    all_is_stored(docker, load)
    all_is_done(docker)
