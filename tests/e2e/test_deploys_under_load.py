"""Deploys and rollbacks of a service under load: no request is lost."""

import json
import re

import pytest

from slipway.core.caller import who
from tests.e2e import changes, earlier
from tests.e2e.load import under_load
from tests.e2e.production import LOCK, after, all_is_stored, change, deployed, kept, live, said, title, webs
from tests.e2e.support import commit, containers, run
from tests.e2e.talk import ask, done, token
from tests.support import Checkout, wait_for

# In one file, so one after the other: with more services under load at a time, the machine would be too slow.
pytestmark = pytest.mark.minutes(6)


@pytest.mark.parametrize(
    ("deploys", "rate", "least"),
    [(3, 20, 1000), pytest.param(20, 100, 20_000, marks=[pytest.mark.full, pytest.mark.alone])],
)
def test_deploys_in_a_row_and_back_lose_no_request(docker: Checkout, deploys: int, rate: int, least: int) -> None:
    with earlier.files_of_before(docker):  # the first is kept, and is gone back to
        images = [deployed(docker, "--bake", "0", WEB_CONCURRENCY="2")]
    earlier.give_superuser_back(docker)
    role, database = earlier.service(docker)
    assert earlier.superusers(role) == {role}
    secret, proxy = earlier.give_ledger_back(), earlier.proxy_since()
    earlier.give_settings_back(docker)
    assert earlier.seen_by_the_proxy(secret) == ["/deployment/releases.jsonl", "/deployment/salt"]
    assert [one["image"] for one in json.loads(done(docker, "releases", "--json").stdout)] == images
    headers = token(docker.url)
    with under_load(docker.url, headers, rate) as load:
        for number in range(deploys):
            change(docker, number)
            scale = 2 if number == 1 else 1  # to two at once, and back
            images.append(deployed(docker, "--bake", "1", "--scale", str(scale), WEB_CONCURRENCY="2"))
            assert title(docker) == f"Release {number}"
            assert len(webs()) == scale
            assert live() == images[-1]
            the_settings_are_split(docker, number)
        for image in (images[-2], images[-3], images[-4]):
            done(docker, "rollback", "--to", image)
            assert live() == image
        done(docker, "rollback", "--to", images[-1])
        wait_for(lambda: len(load.latencies) >= least, limit=300)
    all_is_stored(docker, load)
    assert earlier.superusers() == {"superuser"}
    assert earlier.owners(database) == {role}
    earlier.as_superuser(earlier.REFUSED, role, database)
    assert (earlier.seen_by_the_proxy(secret), earlier.proxy_since()) == ([], proxy)
    ledger = json.loads(done(docker, "releases", "--json").stdout)
    assert len(ledger) == 1 + deploys + 4
    assert "  switch     to web-" in done(docker, "releases", "--log", ledger[-1]["event"]).stdout
    assert [one["image"] for one in ledger if one["is_live"]][-1] == images[-1]
    assert len({name.rpartition("-web-")[0] for name in kept()}) == 4  # the live one and those that are kept
    the_database_is_made_anew(docker, rate, headers, len(load.stored))


def the_settings_are_split(docker: Checkout, number: int) -> None:
    """Give production and development a file each, once something was deployed with that of both."""
    if not number:
        said = done(docker, "env", "--prod", "--split", "--yes").stderr
        assert "production gets .env.prod, a copy of .env" in said
        before, after = ((docker.root / name).read_text() for name in (".env.prod", ".env"))
        assert before != after


def the_database_is_made_anew(docker: Checkout, rate: int, headers: dict[str, str], stored: int) -> None:
    """Make the database's container as it is defined now, under load: it is away for a moment, and loses nothing."""
    with under_load(docker.url, headers, rate) as load:
        done(docker, "deploy", "--yes", "--bake", "0", "--recreate-database", WEB_CONCURRENCY="2")
        after(load, rate)
    assert {one.partition(":")[0] for one in load.failed} <= {"503"}
    rows, acknowledged = int(ask(docker, "SELECT count(*) FROM posts", "--prod")), stored + len(load.stored)
    assert acknowledged <= rows <= acknowledged + len(load.failed)  # one may be stored, and its answer cut off
    host = json.loads(run("docker", "inspect", "--format", "{{json .HostConfig}}", earlier.DATABASE))
    assert (host["CapDrop"], host["ReadonlyRootfs"]) == (["ALL"], True)
    # It is where releases of before find it for as long as one of them is kept.
    needed = [name for name in kept() if "database" not in earlier.networks(name)]
    assert earlier.networks() == ({"database", "default"} if needed else {"database"})


@pytest.mark.full  # what may follow what is decided without an engine
def test_a_column_is_renamed_across_three_releases(docker: Checkout) -> None:
    first = deployed(docker, "--bake", "0")
    headers = token(docker.url)
    with under_load(docker.url, headers, 10) as load:
        a_rename_at_once_is_refused(docker)
        changes.expand(docker)
        commit(docker, "Use the new name")
        planned = json.loads(done(docker, "migrate", "--prod", "--plan", "--json").stdout)
        assert (planned["apply"], planned["waiting"], planned["findings"]) == (["0003", "0004"], [], [])
        assert planned["trials"][0]["statements"][0]["locks"] == {"posts": "AccessExclusiveLock"}
        expanded = json.loads(done(docker, "deploy", "--yes", "--bake", "1", "--json").stdout)
        assert expanded["migrated"] == ["0003", "0004"]
        assert expanded["beside"].keys() == {"postgres:17", "caddy:2"}
        assert expanded["backup"].endswith("-0002.dump")
        second = live()
        done(docker, "rollback")  # the old release can live with what was added
        assert live() == first
        done(docker, "rollback", "--to", second)
        changes.contract(docker)
        commit(docker, "Drop the old name")
        early = docker.inv("migrate", "--prod", "--contract")
        assert early.returncode == 3
        assert f"{second}, which is live, doesn't know 0005" in early.stderr
        assert ask(docker, "SELECT version_num FROM alembic_version", "--prod") == "0004"
        waits = done(docker, "deploy", "--yes", "--bake", "1")
        assert "0005 waits for --contract" in waits.stderr
        contracted = done(docker, "migrate", "--prod", "--contract", "--json")
        assert [one["revision"] for one in json.loads(contracted.stdout)["applied"]] == ["0005"]
        assert "a release without 0005 cannot be rolled back to" in contracted.stderr
        after(load, 20)
        for back in ((), ("--to", first)):
            refused = docker.inv("rollback", *back)
            assert refused.returncode == 1
            assert "0005 took away what it may need" in refused.stderr
    all_is_stored(docker, load)
    assert "no drift" in done(docker, "migrate", "--prod", "--drift").stderr
    needed = docker.inv("downgrade", "--prod", "--to", "0004", "--yes")
    assert needed.returncode == 1
    assert f"{live()} is live and needs 0005" in needed.stderr


def a_rename_at_once_is_refused(docker: Checkout) -> None:
    """Try to rename the column in one revision."""
    changes.rename_at_once(docker)
    commit(docker, "Rename it at once")
    refused = docker.inv("migrate", "--prod")
    assert refused.returncode == 1
    assert "renames: the column posts.updated_at becomes posts.changed_at" in refused.stderr
    assert "add the new one beside it" in refused.stderr
    assert ask(docker, "SELECT version_num FROM alembic_version", "--prod") == "0002"
    run("git", "reset", "--quiet", "--hard", "HEAD~1", cwd=docker.root)


@pytest.mark.full  # the lock of an engine is tried in the other run as well: a deployer is killed that has it
def test_of_two_deploys_at_once_one_is_refused_with_the_owners_name_or_waits(docker: Checkout) -> None:
    with docker.start("deploy", "--yes", "--bake", "15") as first:
        said(first, "ready")
        refused = docker.inv("deploy", "--yes")
        assert refused.returncode == 1
        owner = f"inv deploy of {who()}"
        assert re.search(rf"{re.escape(owner)} has been at work for \d+ s", refused.stderr)
        assert "./inv deploy --wait" in refused.stderr
        change(docker, "of who waited")
        waited = done(docker, "deploy", "--yes", "--wait", "--bake", "0")
        assert f"waiting    {owner}" in waited.stderr
        last, _ = first.communicate()
    assert first.returncode == 0, last
    assert title(docker) == "Release of who waited"


@pytest.mark.full  # what is switched then is decided without an engine
def test_a_rollback_in_the_bake_window_is_a_renaming(docker: Checkout) -> None:
    image = deployed(docker, "--bake", "0")
    headers = token(docker.url)
    with under_load(docker.url, headers, 20) as load:
        change(docker, "bad")
        with docker.start("deploy", "--yes", "--bake", "60") as deploying:
            said(deploying, "probe")
            back = json.loads(done(docker, "rollback", "--json").stdout)
            assert (back["image"], title(docker)) == (image, "Slipway service")
            last, _ = deploying.communicate(timeout=300)
        assert deploying.returncode == 1
        assert "has rolled it back" in last
        assert live() == image
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
    assert len(kept()) == 1
    refused = docker.inv("rollback")
    assert refused.returncode == 1
    assert "There is no earlier release" in refused.stderr


@pytest.mark.full  # of one release; releases of two containers and of one follow each other in the other run
def test_scaling_up_and_down_loses_no_request(docker: Checkout) -> None:
    done(docker, "deploy", "--yes", "--bake", "0")
    headers = token(docker.url)
    with under_load(docker.url, headers, 20) as load:
        for scale in ("3", "1"):
            done(docker, "deploy", "--yes", "--bake", "1", "--scale", scale)
            assert len(webs()) == int(scale)
        nothing = done(docker, "deploy", "--yes")
        assert "it is live already" in nothing.stderr
    all_is_stored(docker, load)
    refused = docker.inv("rollback")  # it was one release all the time
    assert refused.returncode == 1
    assert "There is no earlier release" in refused.stderr
