"""Deploys that fail, are killed, or lose what they need: what was live goes on serving."""

import json
import os
import re
import signal

import pytest

from tests.e2e import changes
from tests.e2e.bad import BAD, OTHERS, Bad
from tests.e2e.load import under_load
from tests.e2e.production import (
    LOCK,
    PROD,
    after,
    all_is_stored,
    change,
    deployed,
    in_volumes,
    kept,
    live,
    said,
    title,
    webs,
)
from tests.e2e.support import commit, containers, run, volumes
from tests.e2e.talk import ask, done, token
from tests.support import Checkout, wait_for

# In one file, so one after the other: with more services under load at a time, the machine would be too slow.
pytestmark = pytest.mark.minutes(6)

RATE = 10  # requests a second: whether the service is there all the time


@pytest.mark.parametrize("bad", [BAD, pytest.param(OTHERS, marks=pytest.mark.full)], ids=["kinds", "others"])
def test_bad_releases_leave_the_old_one_serving(docker: Checkout, bad: list[Bad]) -> None:
    docker.edit("pyproject.toml", "settle = 1\n", "settle = 8\n")  # one that exits after 3 s has to be noticed
    commit(docker, "Settle for 8 s")
    image = deployed(docker, "--bake", "0")
    headers = token(docker.url)
    before = webs()
    with under_load(docker.url, headers, RATE) as load:
        for spoil, log, problem in bad:
            spoil(docker)
            commit(docker, spoil.__name__)
            failed = docker.inv("deploy", "--yes")
            assert failed.returncode != 0, spoil
            assert problem in failed.stderr, failed.stderr
            assert log in failed.stderr, failed.stderr
            assert f"{image} is live, as before" in failed.stderr
            assert webs() == before
            assert LOCK not in containers()
            assert load.failed == [], spoil
            run("git", "reset", "--quiet", "--hard", "HEAD~1", cwd=docker.root)
        missing = docker.inv("deploy", "--yes", "--tag", "9.9.9")
        assert missing.returncode == 1
        assert "There is no image" in missing.stderr
    all_is_stored(docker, load)
    assert live() == image
    assert kept() == before
    ledger = json.loads(done(docker, "releases", "--json").stdout)
    assert [one["outcome"] for one in ledger] == ["live", *["failed"] * len(bad)]
    assert problem in done(docker, "releases", "--log", ledger[-1]["event"]).stdout


def test_a_release_that_answers_5xx_is_taken_back(docker: Checkout) -> None:
    image = deployed(docker, "--bake", "0")
    headers = token(docker.url)
    docker.edit("app/posts/router.py", "import APIRouter, ", "import APIRouter, Depends, ")
    broken = "def broken() -> None:\n    raise RuntimeError\n\n\n"
    docker.edit(
        "app/posts/router.py", "router = APIRouter(", f"{broken}router = APIRouter(dependencies=[Depends(broken)], "
    )
    commit(docker, "Break it")
    with under_load(docker.url, headers, 2 * RATE) as load:
        failed = docker.inv("deploy", "--yes")
        assert failed.returncode == 1, failed.stderr
        assert re.search(r"The new release fails \d+ of \d+ requests", failed.stderr)
        assert "RuntimeError" in failed.stderr
        count = len(load.failed)
        after(load, RATE)
        assert len(load.failed) == count
    assert 0 < count < 5 * 2 * RATE  # some two seconds, more on a busy machine; it is watched for 30
    assert all(one.startswith("500") for one in load.failed)
    assert live() == image
    assert len(webs()) == 1
    assert LOCK not in containers()


# Lines that appear when a command begins ($), or when a step has ended.
STEPS = [
    "settings", "$ .* sh make", "$ .* slipway.schema upgrade", "schema", "$ .* sh fill", "$ .* up --detach", "start",
    "ready", "$ .* sh switch", "probe", "stop",
]  # fmt: skip
# One of each kind: a migration runs; a container is made, and nobody is led to it; everybody is being led to it; it is
# watched; the old one is being stopped.
KINDS = ["$ .* slipway.schema upgrade", "$ .* up --detach", "$ .* sh switch", "probe", "stop"]


@pytest.mark.parametrize("steps", [KINDS, pytest.param(STEPS, marks=pytest.mark.full)], ids=["kinds", "all"])
def test_the_deployer_killed_at_any_step_leaves_a_service_and_the_next_deploy_converges(
    docker: Checkout, steps: list[str]
) -> None:
    done(docker, "deploy", "--yes", "--bake", "0")
    headers = token(docker.url)
    changes.expand(docker)
    commit(docker, "Expand")
    with under_load(docker.url, headers, RATE) as load:
        for step in steps:
            with docker.start("deploy", "--yes", "--bake", "1", "--force") as process:
                said(process, step)
                process.kill()
            assert process.returncode == -signal.SIGKILL, step
            wait_for(lambda: LOCK not in containers())
            after(load, RATE // 2)
            assert load.failed == [], step
        last = deployed(docker, "--bake", "0", "--force")
    all_is_stored(docker, load)
    assert live() == last
    assert len(webs()) == 1
    only_what_is_kept_is_there(docker)
    assert ask(docker, "SELECT version_num FROM alembic_version", "--prod") == "0004"
    done(docker, "down", "--prod", "--volumes", "--yes")
    assert containers() == []
    assert [name for name in volumes() if not name.endswith("-backups")] == []


def only_what_is_kept_is_there(checkout: Checkout) -> None:
    """Check that nothing is left of the releases but the containers and secrets of those that can be gone back to."""
    ledger = json.loads(done(checkout, "releases", "--json").stdout)
    good = {one["release"] for one in ledger if one["outcome"] == "live"}
    there = kept()
    assert {re.sub(r".*-prod-(\w+)-web-1", r"\1", name) for name in there} <= good
    assert len(there) <= 1 + 3
    secrets = [name for name in volumes() if name.startswith(f"{PROD}-2")]
    assert {name.replace("-secrets", "-web-1") for name in secrets} == set(there)
    assert {name for name in containers() if name not in there} == {f"{PROD}-db-1", f"{PROD}-proxy-1"}


@pytest.mark.parametrize(
    ("step", "signum"),
    [
        ("$ .* sh switch", signal.SIGTERM),
        pytest.param("ready", signal.SIGINT, marks=pytest.mark.full),
        pytest.param("probe", signal.SIGINT, marks=pytest.mark.full),
    ],
)
def test_an_interrupted_deployment_goes_back(docker: Checkout, step: str, signum: signal.Signals) -> None:
    done(docker, "deploy", "--yes", "--bake", "0")
    headers = token(docker.url)
    docker.edit("Caddyfile", "idle 2m", "idle 3m")
    change(docker, "interrupted")
    with under_load(docker.url, headers, RATE) as load:
        with docker.start("deploy", "--yes", "--bake", "60") as process:
            said(process, step)
            os.killpg(process.pid, signum)  # as Ctrl-C does: what it has started hears it as well
            last, _ = process.communicate(timeout=300)
        after(load, RATE // 2)
    assert process.returncode == 128 + signum
    assert "is live, as before" in last
    assert title(docker) == "Slipway service"
    assert len(webs()) == 1
    assert LOCK not in containers()
    lost = [failed for failed in load.failed if "ServerDisconnected" not in failed and "RemoteProtocol" not in failed]
    assert lost == []  # a reload of the proxy closes idle connections
    caddyfile = run("docker", "exec", f"{PROD}-proxy-1", "cat", "/deployment/Caddyfile")
    assert "idle 2m" in caddyfile


@pytest.mark.full  # it happens to who does it by hand; what is decided then is tested without an engine
def test_what_is_live_stays_whatever_is_taken_away(docker: Checkout) -> None:
    done(docker, "deploy", "--yes", "--bake", "0")
    headers = token(docker.url)
    with under_load(docker.url, headers, RATE) as load:
        change(docker, "without a lock")
        with docker.start("deploy", "--yes", "--bake", "8") as process:
            said(process, "probe")
            run("docker", "rm", "--force", LOCK)
            last, _ = process.communicate(timeout=300)
        assert process.returncode == 1, last
        assert "the next deployment puts it in order" in last
        assert title(docker) == "Release without a lock"
        assert "it is live already" in done(docker, "deploy", "--yes").stderr
        assert len(webs()) == 1

    all_is_stored(docker, load)
    # Without the file that says who is live, requests wait for it for 5 s: until a deployment writes it again.
    in_volumes("rm", "/deployment/live", "/ledger/releases.jsonl")
    done(docker, "deploy", "--yes", "--bake", "0", "--force")
    assert len(webs()) == 1
    assert title(docker) == "Release without a lock"
    assert [one["outcome"] for one in json.loads(done(docker, "releases", "--json").stdout)] == ["live"] * 3
