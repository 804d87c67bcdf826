"""Secrets of production are replaced by others while clients go on."""

import json
import subprocess

import httpx2
import pytest

from slipway.project import dotenv
from slipway.project.database import PASSWORD, Database
from slipway.runtime.bring_over import Role, state_command
from tests.e2e.load import under_load
from tests.e2e.production import PROD, all_is_stored, change, kept, live, said, title, webs
from tests.e2e.secrecy import watched
from tests.e2e.support import run
from tests.e2e.talk import done, token
from tests.support import PATIENT, Checkout, wait_for

pytestmark = pytest.mark.minutes(2)
RATE, KEY = 20, "SECRET_KEY_FASTAPI_AUTH"
# What opens a connection of its own to the database.
READY = "import urllib.request as r; print(r.urlopen('http://127.0.0.1:8000/health/ready', timeout=30).status)"


def connects(web: str) -> bool:
    """Tell whether a release can log in anew."""
    return run("docker", "exec", web, "python", "-c", READY) == "200"


def values(checkout: Checkout) -> dict[str, str]:
    """Return what production's settings file has."""
    return dotenv.parse((checkout.root / ".env.prod").read_text())[0]


def health(web: str) -> str:
    """Return what the engine says of it."""
    return run("docker", "inspect", "--format", "{{.State.Health.Status}}", web)


def role(checkout: Checkout) -> str:
    """Return what the service's role is."""
    login = values(checkout)
    as_superuser = ["--user", "postgres", "--env", "PGUSER=superuser", f"{PROD}-db-1"]
    return run("docker", "exec", *as_superuser, *state_command(Database.of(login)))


def lets_in(password: str) -> bool:
    """Tell whether the service's role can log in over the network with a password, from beside the database."""
    script = 'PGPASSWORD="$(cat)" psql -h "$(hostname -i)" -U slipway -d postgres -c ""'
    argv = ["docker", "exec", "--interactive", f"{PROD}-db-1", "sh", "-c", script]
    return not subprocess.run(argv, input=password, capture_output=True, text=True, check=False).returncode


@pytest.mark.full  # its steps are tried on a host, and decided without an engine
def test_the_databases_password_is_replaced_under_load(docker: Checkout) -> None:
    done(docker, "deploy", "--yes", "--bake", "0")
    change(docker, 2)
    done(docker, "deploy", "--yes", "--bake", "0")
    passwords, image, output = [values(docker)[PASSWORD]], live(), ""
    with watched() as seen, under_load(docker.url, token(docker.url), RATE) as load:
        # Taken back in the bake window: the release of before goes on, with a password that is none any more.
        (old,) = webs()
        with docker.start("rotate", PASSWORD, "--prod", "--yes", "--bake", "60") as rotating:
            said(rotating, "start")
            passwords.append(values(docker)[PASSWORD])
            assert connects(old)
            said(rotating, "probe")
            done(docker, "rollback")
            last, _ = rotating.communicate(timeout=300)
        assert rotating.returncode == 1
        assert "let in by its address, until another one has replaced it" in last
        assert (webs(), role(docker)) == ([old], Role.ADMITTED.value)
        assert connects(old)
        assert (lets_in(passwords[0]), lets_in(passwords[1])) == (False, True)

        # Killed, it is done again.
        with docker.start("rotate", PASSWORD, "--prod", "--yes", "--bake", "0") as rotating:
            said(rotating, "password +slipway has")
            rotating.kill()
        passwords.append(values(docker)[PASSWORD])
        wait_for(lambda: f"{PROD}-lock" not in run("docker", "ps", "--format", "{{.Names}}").split())
        output += done(docker, "rotate", PASSWORD, "--prod", "--yes", "--bake", "0").stderr
        passwords.append(values(docker)[PASSWORD])
        assert role(docker) == Role.DONE.value
        assert [lets_in(one) for one in passwords] == [False, False, False, True]
        (new,) = webs()
        assert (live(), connects(new)) == (image, True)

        # What was kept has it as well.
        done(docker, "rollback")
        assert title(docker) == "Slipway service"  # and not the release of the same image
    assert len(set(passwords)) == 4
    assert seen.shows(passwords) == []
    assert not any(one in output for one in passwords)
    all_is_stored(docker, load)
    by = [one["what"] for one in json.loads(done(docker, "releases", "--json").stdout)]
    assert by.count(f"rotate {PASSWORD}") == 3  # also the one that was killed
    assert run("docker", "exec", f"{PROD}-db-1", "ls", "/var/lib/postgresql/data").count("pg_hba.conf") == 1


def accepted(checkout: Checkout, *tokens: dict[str, str]) -> list[int]:
    """Return how requests with these tokens are answered."""
    return [httpx2.get(f"{checkout.url}/posts", headers=one, timeout=PATIENT).status_code for one in tokens]


@pytest.mark.full  # its steps are tried in development, and decided without an engine
def test_a_signing_key_is_replaced_step_by_step_and_at_once(docker: Checkout) -> None:
    now = ("--prod", "--yes", "--bake", "0")
    done(docker, "deploy", "--yes", "--bake", "0")
    first = token(docker.url)
    done(docker, "rotate", KEY, *now)
    assert done(docker, "rotate", KEY, *now).stderr.rstrip().endswith(f"./inv rotate --prod {KEY}")
    second = token(docker.url)
    assert accepted(docker, first, second) == [200, 200]
    done(docker, "rollback")  # to the one that accepts the key which signs no more
    assert accepted(docker, first, second) == [200, 200]
    behind = docker.inv("rotate", KEY, *now)
    assert behind.returncode == 1
    assert "another value than the live release" in behind.stderr
    done(docker, "rollback", "--to", json.loads(done(docker, "releases", "--json").stdout)[-2]["release"])
    assert "the new one signs since 20" in done(docker, "rotate", KEY, *now).stderr
    assert accepted(docker, first, second) == [401, 200]

    with watched() as seen:
        leaked, third = values(docker)[KEY], token(docker.url)
        done(docker, "rotate", KEY, *now, "--at-once")
        assert accepted(docker, first, second, third) == [401, 401, 401]
        listed = json.loads(done(docker, "releases", "--json").stdout)
        *earlier, _ = dict.fromkeys(one["release"] for one in listed)
        there = [release for release in earlier if any(release in name for name in kept())]
        assert earlier[-1] in there  # the one that signed with it
        for release in earlier:  # the image that is live, with the settings of today, is no step back
            back = docker.inv("rollback", "--to", release)
            assert back.returncode == (0 if release in there else 1), back.stderr
            assert ("is the image that is live" in back.stderr) == (release not in there)
            assert accepted(docker, first, second, third) == [401, 401, 401]
        assert accepted(docker, token(docker.url)) == [200]
    assert seen.shows([leaked, values(docker)[KEY]]) == []
