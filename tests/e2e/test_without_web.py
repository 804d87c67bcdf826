"""A project without web: a bot in production on the engine."""

import json
import secrets
from pathlib import Path

import pytest

from tests.e2e.production import LOCK, PROD, deployed, said
from tests.e2e.support import commit, containers, run, volumes
from tests.e2e.talk import done
from tests.support import Checkout, wait_for

pytestmark = pytest.mark.minutes(1)

BOT = """import signal
import sys
import time

told = []
signal.signal(signal.SIGTERM, lambda *_: told.append(1))
print("it is ONE", flush=True)
ends = time.monotonic() + 1e9
while not told and time.monotonic() < ends:
    time.sleep(0.05)
sys.exit(0 if told else "it crashed")
"""
TABLE = """
[tool.slipway.processes]
worker = {{ command = "python -m app.bot", stop-timeout = 10 }}

[tool.slipway.secrets-from.prod]
SECRET_KEY_FASTAPI_AUTH = ["cat", "{file}"]
"""
KEY = secrets.token_urlsafe(48)


@pytest.fixture
def bot(docker: Checkout, tmp_path: Path) -> Checkout:
    """Give the shared clone without web, with a bot instead, one of whose secrets is elsewhere."""
    (file := tmp_path / "key").write_text(f"{KEY}\n")
    docker.write("app/bot.py", BOT)
    docker.edit("pyproject.toml", 'asgi = "app.main:app"', 'asgi = ""')
    path = docker.root / "pyproject.toml"
    path.write_text(path.read_text() + TABLE.format(file=file))
    commit(docker, "A bot")
    return docker


def change(checkout: Checkout, old: str, new: str) -> None:
    """Make another release of the bot."""
    checkout.edit("app/bot.py", old, new)
    commit(checkout, f"It is {new}")


def at_work() -> list[str]:
    """Return the names of the releases' containers that run."""
    return run("docker", "ps", "--format", "{{.Names}}", "--filter", f"name={PROD}-2").split()


def test_a_bot_is_deployed_taken_back_rolled_back_and_stopped(bot: Checkout) -> None:
    first = deployed(bot, "--bake", "0")
    one = at_work()
    assert [name.partition("t")[2][7:] for name in one] == ["worker-1"]
    assert not [name for name in containers() if "-proxy-" in name or "-web-" in name]

    change(bot, "1e9", "3")
    failed = bot.inv("deploy", "--yes", "--bake", "6")
    assert failed.returncode == 1
    assert "The new release has a worker that ended" in failed.stderr
    assert "it crashed" in failed.stderr
    assert f"{first} is live, as before" in failed.stderr
    assert at_work() == one

    change(bot, "+ 3", "+ 1e9")
    change(bot, "ONE", "TWO")
    assert deployed(bot, "--bake", "1") != first
    wait_for(lambda: "it is TWO" in done(bot, "logs", "--prod").stdout)
    two = at_work()
    assert (len(two), set(two) & set(one)) == (1, set())

    status = json.loads(done(bot, "status", "--prod", "--json").stdout)
    assert {status[name]["state"] for name in ("service", "worker")} == {"running"}
    assert not {"proxy", "address"} & {*status, *status["service"]}
    shown = done(bot, "run", "--prod", "--", "sh", "-c", "cd /run/secrets; ls; cat SECRET_KEY_FASTAPI_AUTH").stdout
    assert ("DATABASE_PASSWORD" in shown, shown.splitlines()[-1]) == (True, KEY)
    assert KEY not in (bot.root / ".env.prod").read_text()

    done(bot, "rollback")
    assert at_work() == one
    states = [entry["outcome"] for entry in json.loads(done(bot, "releases", "--json").stdout)]
    assert states == ["live", "flipped back", "live", "live"]

    back = bot.root / "pyproject.toml"
    back.write_text(back.read_text().replace('asgi = ""', 'asgi = "app.main:app"'))
    refused = bot.inv("deploy", "--yes")
    assert refused.returncode == 1
    assert "has releases without web, and the project has one by now" in refused.stderr
    assert at_work() == one

    back.write_text(back.read_text().replace('asgi = "app.main:app"', 'asgi = ""'))
    done(bot, "down", "--prod", "--volumes", "--yes")
    assert (containers(), [name for name in volumes() if not name.endswith("-backups")]) == ([], [])
    assert run("docker", "network", "ls", "--quiet", "--filter", f"name={PROD}_") == ""


# The pointer is what counts: before it, the old one goes on; after it, the new one.
@pytest.mark.full
@pytest.mark.parametrize("step", ["start", "$ DEPLOYMENT=", "switch"])
def test_whenever_the_deployer_is_killed_one_is_at_work_and_the_next_one_goes_on(bot: Checkout, step: str) -> None:
    deployed(bot, "--bake", "0")
    change(bot, "ONE", "TWO")
    with bot.start("deploy", "--yes", "--bake", "60") as deploying:
        said(deploying, step)
        deploying.kill()
    assert at_work()
    wait_for(lambda: LOCK not in containers())
    image = deployed(bot, "--bake", "0")
    assert len(at_work()) == 1
    assert run("docker", "inspect", "--format", "{{.Config.Image}}", *at_work()) == image


@pytest.mark.full
def test_a_rollback_while_it_is_watched_returns_once_the_old_one_is_at_work(bot: Checkout) -> None:
    deployed(bot, "--bake", "0")
    one = at_work()
    change(bot, "ONE", "TWO")
    with bot.start("deploy", "--yes", "--bake", "60") as deploying:
        said(deploying, "switch")
        done(bot, "rollback")
        assert at_work() == one
        assert deploying.wait(60) == 1
