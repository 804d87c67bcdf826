"""What is there before a verb begins: nothing is made for who only asks, and what stays is said where it does."""

from collections.abc import Callable
from types import SimpleNamespace
from typing import Any, cast

import pytest

from slipway.core.errors import Problem
from slipway.engine import client
from slipway.runtime import Runtime, State
from slipway.verbs import there
from tests.support import Checkout

NOWHERE = {"DOCKER_HOST": "unix:///nowhere/docker.sock"}
DATABASE = "DATABASE_HOSTNAME=db\nDATABASE_NAME=shop\nDATABASE_USERNAME=shop\nDATABASE_PASSWORD=long-enough-to-be-one\n"


def runtime(state: str = "stopped", *volumes: str, up: bool = False) -> Callable[[], Runtime]:
    """Make a runtime whose service is in this state, and that has these volumes."""
    made: Any = SimpleNamespace(
        name="host", volumes=lambda: list(volumes), database=SimpleNamespace(running=lambda: up),
        status=lambda: {"service": State(state), "database": State("elsewhere")},
    )  # fmt: skip
    return lambda: cast(Runtime, made)


def lost() -> Runtime:
    """Raise what is raised of an engine that doesn't tell."""
    raise Problem("It is gone.\nThe engine could not be asked. Is it well? docker version")


@pytest.mark.parametrize(
    ("before", "said"),
    [
        (runtime(), ""),
        (runtime("ready"), "what runs with host stays: ./inv down --runtime host stops it"),
        (runtime("stopped", "data"), "the data with host stays: ./inv down --runtime host --volumes deletes it"),
        (runtime("not ready", "data"), "what runs with host, and its data, stays: ./inv down --runtime host stops it"),
        (lost, "whether anything runs with host, or has data there, cannot be told (The engine could not be asked."),
    ],
    ids=["nothing", "runs", "data", "both", "untold"],
)  # fmt: skip
def test_what_stays_with_the_other_runtime_is_said_where_it_does(before: Callable[[], Runtime], said: str) -> None:
    told = there.left("host", before)
    assert told.startswith(said)
    assert bool(told) is bool(said)


def test_an_engine_that_does_not_answer_has_not_told_that_there_is_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(client, "probe", lambda: client.Engine("no answer", "no Docker engine answers: no"))
    assert "cannot be told (no Docker engine answers: no)." in there.left("docker", runtime())


def test_what_is_no_database_is_not_read(monkeypatch: pytest.MonkeyPatch) -> None:
    settings: Any = SimpleNamespace(has_database=True)
    there.need_database(settings, runtime("stopped", "data")())
    there.need_database(settings, runtime(up=True)())
    with pytest.raises(Problem, match="Nothing was started with host yet: there is no database, and none was made"):
        there.need_database(settings, runtime()())
    settings.has_database = False
    with pytest.raises(Problem, match="has no database"):
        there.need_database(settings, runtime()())


@pytest.fixture
def shop(little: Checkout) -> Checkout:
    """Give a project with a database and migrations, of which nothing runs; one that asks for Docker is found out."""
    little.edit("pyproject.toml", 'docs = ""', 'docs = ""\nmigrations = "alembic"')
    little.write(".env.example", DATABASE)
    little.write(".env", DATABASE)
    (little.root / ".env").chmod(0o600)
    return little


READING = ["backup", "downgrade --to base", "restore", "backup --list"]


@pytest.mark.parametrize("line", [*READING, *(f"{one} --prod" for one in (*READING, "migrate", "migrate --plan"))])
def test_nothing_is_made_in_order_to_read_it(shop: Checkout, line: str) -> None:
    prod = " --prod" if "--prod" in line else ""
    if prod:
        shop.by_an_ordinary_user()
    done = shop.inv(*line.split(), "--runtime", "host", **NOWHERE)
    assert f"./inv {'backup' if 'restore' in line or 'list' in line else 'up'}{prod}" in done.stderr
    assert done.returncode == (0 if "list" in line else 1)
    assert not (shop.root / ".slipway").exists()


WRONG = {
    "rotate NOPE --prod": "NOPE is no secret of this service",
    "rotate DATABASE_PASSWORD --at-once": "--at-once is for keys",
    "status --runtime nope": "--runtime is docker or host, not 'nope'.",
    "down --prod --context nowhere --runtime nope": "--runtime is docker or host, not 'nope'.",
    "migrate --prod --plan --sql": "--plan and --sql exclude each other.",
    "migrate --data": "--data goes with --rehearse",
    "downgrade": "Back to which revision?",
    "revision": "What does the migration do?",
    "revision --message x --phase y": "--phase is expand",
    "backup --list --output x": "--list and --output exclude each other.",
    "backup --output nowhere/x": "nowhere/x is no file that could be written",
    "restore --file nope": "nope cannot be read: No such file or directory.",
    "restore --file x --backup y": "--backup and --file exclude each other.",
    "build --platform linux/amd64": "--platform needs --push",
    "test --image --e2e": "--image and --e2e exclude each other.",
}


@pytest.mark.parametrize("line", WRONG)
def test_wrong_input_is_told_before_an_engine_is_asked(shop: Checkout, line: str) -> None:
    shop.edit(
        "pyproject.toml", "[tool.slipway]\n", "[tool.slipway.secrets]\nDATABASE_PASSWORD = 12\n\n[tool.slipway]\n"
    )
    shop.write("bin/docker", '#!/bin/sh\n: >"${0%/*}/asked"\n')
    (shop.root / "bin/docker").chmod(0o755)
    done = shop.inv(*line.split(), PATH=f"{shop.root}/bin:/usr/bin:/bin")
    assert (done.returncode, done.stdout) == (1, "")
    assert WRONG[line] in done.stderr
    assert not (shop.root / "bin/asked").exists()
    assert not (shop.root / ".slipway").exists()


@pytest.mark.parametrize("verb", ["check", "migrate --plan", "migrate --drift", "downgrade --to base"])
def test_without_migrations_no_database_is_started(shop: Checkout, verb: str) -> None:
    shop.edit("pyproject.toml", 'migrations = "alembic"\n', "")
    done = shop.inv(*verb.split(), "--runtime", "host", **NOWHERE)
    assert "This project has no migrations" in done.stderr
    assert not (shop.root / ".slipway").exists()


@pytest.mark.parametrize("verb", ["backup", "backup --list", "restore", "restore --file pyproject.toml", "psql"])
def test_a_service_without_a_database_has_nothing_to_back_up(little: Checkout, verb: str) -> None:
    done = little.inv(*verb.split(), "--runtime", "host", **NOWHERE)
    assert (done.returncode, done.stdout) == (1, "")
    assert "This service has no database" in done.stderr
    assert not (little.root / ".slipway").exists()
