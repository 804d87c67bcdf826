"""Deploys and rollbacks of a service under load: no request is lost, whatever goes wrong."""

import getpass
import json
import os
import re
import signal
import socket
import subprocess
from collections.abc import Callable

import httpx2
import pytest

from tests.conftest import Checkout, wait_for
from tests.e2e import changes
from tests.e2e.conftest import NAME, commit, containers, run
from tests.e2e.load import Load, under_load
from tests.e2e.talk import ask, done, token

PROD = f"{NAME}-prod"
LOCK = f"{PROD}-lock"


def change(checkout: Checkout, number: object) -> None:
    """Make another release of the service, which says so in its description."""
    text = (checkout.root / "app/main.py").read_text()
    checkout.write("app/main.py", re.sub(r'title="[^"]*"', f'title="Release {number}"', text))
    commit(checkout, f"Release {number}")


def live(checkout: Checkout) -> str:
    """Return the image that is live."""
    return str(json.loads(done(checkout, "status", "--prod", "--json").stdout)["release"])


def title(checkout: Checkout) -> str:
    """Return which release answers."""
    return str(httpx2.get(f"{checkout.url}/openapi.json").json()["info"]["title"])


def webs() -> list[str]:
    """Return the names of the releases' containers that run."""
    listed = run("docker", "ps", "--format", "{{.Names}}", "--filter", f"name={PROD}-2").split()
    return [name for name in listed if "-web-" in name]


def after(load: Load, more: int) -> None:
    """Wait until so many more requests were answered."""
    sent = len(load.latencies)
    wait_for(lambda: len(load.latencies) > sent + more)


def said(process: "subprocess.Popen[str]", step: str) -> None:
    """Read what a deployment says until a step has ended, or a command is begun (`$ ...`)."""
    assert process.stdout
    wanted = re.compile(step.replace("$", r"\$") if step.startswith("$") else rf"{step}\b")
    lines = []
    for line in process.stdout:
        lines.append(line)
        if wanted.match(line.strip()):
            return
    raise AssertionError(f"{step} was never said:\n{''.join(lines)}")


def all_is_stored(checkout: Checkout, load: Load) -> None:
    """Check that nothing failed, and that what was acknowledged is in the database."""
    assert load.failed == []
    assert int(ask(checkout, "SELECT count(*) FROM posts", "--prod")) == len(load.stored)
    assert len(load.stored) > 20


@pytest.mark.parametrize(
    ("deploys", "rate", "least"), [(3, 60, 1000), pytest.param(20, 100, 20_000, marks=pytest.mark.full)]
)
def test_deploys_in_a_row_and_back_lose_no_request(docker: Checkout, deploys: int, rate: int, least: int) -> None:
    done(docker, "deploy", "--yes", "--bake", "0")
    headers = token(docker.url)
    images = [live(docker)]
    with under_load(docker.url, headers, rate) as load:
        for number in range(deploys):
            change(docker, number)
            done(docker, "deploy", "--yes", "--bake", "1")
            assert title(docker) == f"Release {number}"
            assert len(webs()) == 1
            images.append(live(docker))
        for image in (images[-2], images[-3], images[-4]):
            done(docker, "rollback", "--to", image)
            assert live(docker) == image
        done(docker, "rollback", "--to", images[-1])
        wait_for(lambda: len(load.latencies) >= least, limit=300)
    all_is_stored(docker, load)
    ledger = json.loads(done(docker, "releases", "--json").stdout)
    assert len(ledger) == 1 + deploys + 4
    assert [one["image"] for one in ledger if one["is_live"]][-1] == images[-1]
    assert len([name for name in containers() if "-web-" in name]) == 4  # the live one and those that are kept


def import_error(checkout: Checkout) -> None:
    checkout.edit("app/main.py", "MAX_BODY =", "import nowhere\n\nMAX_BODY =")


def failing_lifespan(checkout: Checkout) -> None:
    checkout.edit("app/main.py", "    yield\n", '    raise RuntimeError("no lifespan")\n    yield\n')


def hangs(checkout: Checkout) -> None:
    checkout.edit("app/main.py", "MAX_BODY =", "import time\n\ntime.sleep(600)\nMAX_BODY =")


def never_ready(checkout: Checkout) -> None:
    checkout.edit("app/health.py", "await db.ping()", 'raise TimeoutError("never")')


def too_much_memory(checkout: Checkout) -> None:
    checkout.edit("app/main.py", "MAX_BODY =", 'HOARD = b"x" * 3 * 2**30\nMAX_BODY =')


def exits_after_3_s(checkout: Checkout) -> None:
    exits = "import threading\n\nthreading.Timer(3, os._exit, [7]).start()\n"
    checkout.edit("gunicorn.conf.py", "env = {", f"{exits}env = {{")


def failing_migration(checkout: Checkout) -> None:
    fails_on_data = '    op.execute("SELECT 1 / (id - id) FROM posts")\n'
    changes.revision(checkout, "0003", "0002", "expand", fails_on_data, "    pass\n")


BAD: list[tuple[Callable[[Checkout], None], str, str]] = [
    (import_error, "No module named 'nowhere'", "The new release ended"),
    (failing_lifespan, "no lifespan", "The new release ended"),
    (hangs, "", "The new release was not ready in 8 s"),
    (never_ready, "GET /health/ready 503", "The new release was not ready in 8 s"),
    (too_much_memory, "", "The new release ran out of memory"),
    (exits_after_3_s, "Listening at", "The new release ended"),
    (failing_migration, "division by zero", "The migration failed"),
]


def test_bad_releases_leave_the_old_one_serving(backed_up: Checkout) -> None:
    docker = backed_up
    docker.edit("pyproject.toml", 'docs = "/docs"\n', 'docs = "/docs"\nwait = 8\n')
    docker.edit("pyproject.toml", "settle = 1\n", "")  # one that exits after 3 s has to be noticed
    commit(docker, "Wait for 8 s")
    done(docker, "deploy", "--yes", "--bake", "0")
    image, headers = live(docker), token(docker.url)
    before = webs()
    with under_load(docker.url, headers, 40) as load:
        for spoil, log, said in BAD:
            spoil(docker)
            commit(docker, spoil.__name__)
            failed = docker.inv("deploy", "--yes")
            assert failed.returncode != 0, spoil
            assert said in failed.stderr, failed.stderr
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
    assert live(docker) == image
    assert [name for name in containers() if "-web-" in name] == before
    outcomes = [one["outcome"] for one in json.loads(done(docker, "releases", "--json").stdout)]
    assert outcomes == ["live", *["failed"] * len(BAD)]


def test_a_release_that_answers_5xx_is_taken_back(docker: Checkout) -> None:
    done(docker, "deploy", "--yes", "--bake", "0")
    image, headers = live(docker), token(docker.url)
    docker.edit("app/posts/router.py", "import APIRouter, ", "import APIRouter, Depends, ")
    broken = "def broken() -> None:\n    raise RuntimeError\n\n\n"
    docker.edit(
        "app/posts/router.py", "router = APIRouter(", f"{broken}router = APIRouter(dependencies=[Depends(broken)], "
    )
    commit(docker, "Break it")
    with under_load(docker.url, headers, 40) as load:
        failed = docker.inv("deploy", "--yes")
        assert failed.returncode == 1, failed.stderr
        assert re.search(r"The new release answers \d+ of \d+ requests with 5xx", failed.stderr)
        assert "RuntimeError" in failed.stderr
        count = len(load.failed)
        after(load, 40)
        assert len(load.failed) == count
    assert 0 < count < 40 * 5  # some two seconds, of 30
    assert all(one.startswith("500") for one in load.failed)
    assert live(docker) == image
    assert len(webs()) == 1
    assert LOCK not in containers()


def test_a_column_is_renamed_across_three_releases(backed_up: Checkout) -> None:
    docker = backed_up
    done(docker, "deploy", "--yes", "--bake", "0")
    first, headers = live(docker), token(docker.url)
    with under_load(docker.url, headers, 40) as load:
        changes.expand(docker)
        commit(docker, "Use the new name")
        expanded = json.loads(done(docker, "deploy", "--yes", "--bake", "1", "--json").stdout)
        assert expanded["migrated"] == ["0003", "0004"]
        assert expanded["backup"].endswith("-0002.dump")
        second = live(docker)
        done(docker, "rollback")  # the old release can live with what was added
        assert live(docker) == first
        done(docker, "rollback", "--to", second)
        changes.contract(docker)
        commit(docker, "Drop the old name")
        waits = done(docker, "deploy", "--yes", "--bake", "1")
        assert "0005 waits for --contract" in waits.stderr
        done(docker, "migrate", "--prod", "--contract")
        after(load, 40)
        for back in ((), ("--to", first)):
            refused = docker.inv("rollback", *back)
            assert refused.returncode == 1
            assert "0005 took away what it may need" in refused.stderr
    all_is_stored(docker, load)
    assert "no drift" in done(docker, "migrate", "--prod", "--drift").stderr


# Lines that appear when a command begins ($), or when a step has ended.
STEPS = [
    "settings", "$ .* sh make", "$ .* slipway.schema upgrade", "schema", "$ .* sh fill", "$ .* up --detach", "start",
    "ready", "$ .* sh switch", "probe", "stop",
]  # fmt: skip


def test_the_deployer_killed_at_any_step_leaves_a_service_and_the_next_deploy_converges(backed_up: Checkout) -> None:
    docker = backed_up
    done(docker, "deploy", "--yes", "--bake", "0")
    headers = token(docker.url)
    changes.expand(docker)
    with under_load(docker.url, headers, 40) as load:
        for number, step in enumerate(STEPS):
            change(docker, number)
            with docker.start("deploy", "--yes", "--bake", "1") as process:
                said(process, step)
                process.kill()
            assert process.returncode == -signal.SIGKILL, step
            wait_for(lambda: LOCK not in containers())
            after(load, 20)
            assert load.failed == [], step
        done(docker, "deploy", "--yes", "--bake", "0")
    all_is_stored(docker, load)
    assert title(docker) == f"Release {len(STEPS) - 1}"
    assert len(webs()) == 1
    kept = {one["release"] for one in json.loads(done(docker, "releases", "--json").stdout) if one["outcome"] == "live"}
    there = [name for name in containers() if "-web-" in name]
    assert {re.sub(r".*-prod-(\w+)-web-1", r"\1", name) for name in there} <= kept
    assert len(there) <= 1 + 3
    volumes = run("docker", "volume", "ls", "--quiet", "--filter", f"name={PROD}-2").split()
    assert {name.replace("-secrets", "-web-1") for name in volumes} == set(there)
    assert {name for name in containers() if name not in there} == {f"{PROD}-db-1", f"{PROD}-proxy-1"}
    assert ask(docker, "SELECT version_num FROM alembic_version", "--prod") == "0004"


def test_of_two_deploys_at_once_one_is_refused_with_the_owners_name_or_waits(docker: Checkout) -> None:
    done(docker, "deploy", "--yes", "--bake", "0")
    change(docker, "one")
    with docker.start("deploy", "--yes", "--bake", "8") as first:
        said(first, "ready")
        refused = docker.inv("deploy", "--yes")
        assert refused.returncode == 1
        who = f"inv deploy of {getpass.getuser()}@{socket.gethostname()}"
        assert re.search(rf"{re.escape(who)} has been at work for \d+ s", refused.stderr)
        assert "./inv deploy --wait" in refused.stderr
        change(docker, "two")
        waited = done(docker, "deploy", "--yes", "--wait", "--bake", "0")
        assert f"waiting    {who}" in waited.stderr
        last, _ = first.communicate()
    assert first.returncode == 0, last
    assert title(docker) == "Release two"


def test_a_rollback_in_the_bake_window_is_a_renaming(docker: Checkout) -> None:
    done(docker, "deploy", "--yes", "--bake", "0")
    image, headers = live(docker), token(docker.url)
    with under_load(docker.url, headers, 40) as load:
        change(docker, "bad")
        with docker.start("deploy", "--yes", "--bake", "60") as deploying:
            said(deploying, "probe")
            back = json.loads(done(docker, "rollback", "--json").stdout)
            assert (back["image"], title(docker)) == (image, "Slipway service")
            last, _ = deploying.communicate(timeout=60)
        assert deploying.returncode == 1
        assert "has rolled it back" in last
        assert live(docker) == image
        assert len(webs()) == 1

        change(docker, "killed")  # and the one who deployed is gone
        with docker.start("deploy", "--yes", "--bake", "60") as deploying:
            said(deploying, "probe")
            deploying.kill()
        wait_for(lambda: LOCK not in containers())
        assert title(docker) == "Release killed"
        done(docker, "rollback")
        assert title(docker) == "Slipway service"
        assert len(webs()) == 1
    all_is_stored(docker, load)
    assert len([name for name in containers() if "-web-" in name]) == 1
    refused = docker.inv("rollback")
    assert refused.returncode == 1
    assert "There is no earlier release" in refused.stderr


def test_scaling_up_and_down_loses_no_request(docker: Checkout) -> None:
    done(docker, "deploy", "--yes", "--bake", "0", WEB_CONCURRENCY="1")
    headers = token(docker.url)
    with under_load(docker.url, headers, 60) as load:
        for scale in ("3", "1"):
            done(docker, "deploy", "--yes", "--bake", "1", "--scale", scale, WEB_CONCURRENCY="1")
            assert len(webs()) == int(scale)
        nothing = done(docker, "deploy", "--yes", WEB_CONCURRENCY="1")
        assert "it is live already" in nothing.stderr
    all_is_stored(docker, load)
    refused = docker.inv("rollback", WEB_CONCURRENCY="1")  # it was one release all the time
    assert refused.returncode == 1
    assert "There is no earlier release" in refused.stderr


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
    with under_load(docker.url, headers, 40) as load:
        with docker.start("deploy", "--yes", "--bake", "60") as process:
            said(process, step)
            os.killpg(process.pid, signum)  # as Ctrl-C does: what it has started hears it as well
            last, _ = process.communicate(timeout=60)
        after(load, 20)
    assert process.returncode == 128 + signum
    assert "is live, as before" in last
    assert title(docker) == "Slipway service"
    assert len(webs()) == 1
    assert LOCK not in containers()
    lost = [failed for failed in load.failed if "ServerDisconnected" not in failed and "RemoteProtocol" not in failed]
    assert lost == []  # a reload of the proxy closes idle connections
    caddyfile = run("docker", "exec", f"{PROD}-proxy-1", "cat", "/deployment/Caddyfile")
    assert "idle 2m" in caddyfile


def test_what_is_live_stays_whatever_is_taken_away(docker: Checkout) -> None:
    done(docker, "deploy", "--yes", "--bake", "0")
    headers = token(docker.url)
    with under_load(docker.url, headers, 40) as load:
        change(docker, "without a lock")
        with docker.start("deploy", "--yes", "--bake", "20") as process:
            said(process, "probe")
            run("docker", "rm", "--force", LOCK)
            last, _ = process.communicate(timeout=60)
        assert process.returncode == 1, last
        assert "the next deployment puts it in order" in last
        assert title(docker) == "Release without a lock"
        assert "it is live already" in done(docker, "deploy", "--yes").stderr
        assert len(webs()) == 1

        deployment = ["docker", "run", "--rm", "--volume", f"{PROD}_deployment:/deployment", "--workdir", "/deployment"]
        for name in ("live", "releases.jsonl"):
            run(*deployment, "caddy:2", "rm", name)
            done(docker, "deploy", "--yes", "--bake", "0", "--force")
            assert len(webs()) == 1
    all_is_stored(docker, load)
