"""Secrets of a Swarm are replaced while clients go on, and releases that are kept have the new ones."""

import re

import pytest

from tests.e2e.load import under_load
from tests.e2e.production import after
from tests.e2e.registries import Registry
from tests.e2e.swarm import live, on_swarm
from tests.e2e.talk import token
from tests.support import Checkout

pytestmark = [pytest.mark.full, pytest.mark.minutes(5)]
KEY = "SECRET_KEY_FASTAPI_AUTH"
ASKS = ("psql", "--prod", "--", "-Atc", "SELECT 1")


def password(checkout: Checkout) -> str:
    """Return the one of the database that .env.prod has."""
    found = re.search(r"(?m)^DATABASE_PASSWORD=(.*)$", (checkout.root / ".env.prod").read_text())
    assert found
    return found[1]


def test_a_password_and_a_key_are_replaced_and_kept_releases_have_them(docker: Checkout, plain: Registry) -> None:
    with on_swarm(docker, plain) as swarm:
        swarm.push("r1")
        first = swarm.deploy("r1", "--scale", "2", "--bake", "0")
        old, base = password(docker), swarm.base()
        with under_load(base, token(base), 20) as load:
            after(load, 20)
            told = swarm.done("rotate", "DATABASE_PASSWORD", "--prod", "--yes", "--bake", "2")
            assert "has another one, as have all releases" in told.stderr
            assert password(docker) != old
            refused = docker.inv(*ASKS, DOCKER_CONTEXT=swarm.context, DATABASE_PASSWORD=old)
            assert refused.returncode != 0
            assert "authentication failed" in refused.stderr
            assert swarm.done(*ASKS).stdout.strip() == "1"
            swarm.done("rotate", KEY, "--prod", "--yes", "--bake", "0")  # what is signed stays good
            nothing = swarm.done("deploy", "--yes", "--tag", "r1")
            assert "it is live already" in nothing.stderr, nothing.stderr  # nor is the database another one
            swarm.done("rollback", "--to", str(first["release"]))
            assert live(swarm)["release"] == first["release"]
            after(load, 40)
        swarm.all_is_stored(load)
