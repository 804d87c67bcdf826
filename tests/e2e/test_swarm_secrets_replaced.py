"""A secret of a Swarm is replaced while clients go on, and releases that are kept have the new one."""

import re

import pytest

from tests.e2e.load import under_load
from tests.e2e.production import after
from tests.e2e.registries import Registry
from tests.e2e.swarm import live, on_swarm
from tests.e2e.talk import token
from tests.support import Checkout

pytestmark = [pytest.mark.full, pytest.mark.minutes(5)]
ASKS = ("psql", "--prod", "--", "-Atc", "SELECT 1")


def password(checkout: Checkout) -> str:
    """Return the one of the database that .env.prod has."""
    found = re.search(r"(?m)^DATABASE_PASSWORD=(.*)$", (checkout.root / ".env.prod").read_text())
    assert found
    return found[1]


def test_the_databases_password_is_replaced_also_in_kept_releases(docker: Checkout, plain: Registry) -> None:
    with on_swarm(docker, plain) as swarm:
        swarm.push("r1")
        swarm.push_another("r2", like="r1")
        first = swarm.deploy("r1", "--scale", "2", "--bake", "0")
        swarm.deploy("r2", "--bake", "0")
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
            nothing = swarm.done("deploy", "--yes", "--tag", "r2")
            assert "it is live already" in nothing.stderr, nothing.stderr
            assert "--recreate-database" not in nothing.stderr
            swarm.done("rollback", "--to", str(first["release"]))
            assert live(swarm)["release"] == first["release"]
            after(load, 40)
        swarm.all_is_stored(load)
