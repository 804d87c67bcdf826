"""Production without a .env: no verb makes new secrets beside data that is there."""

from types import SimpleNamespace
from typing import Any, cast

import pytest

from slipway.core.errors import Problem
from slipway.verbs.session import Session


def session(missing: bool, volumes: list[str], dev: bool = False) -> Session:
    """Make a session of an environment that has such data, beside what the lock has made."""
    made: Any = SimpleNamespace(
        environment=SimpleNamespace(is_dev=dev),
        settings=SimpleNamespace(is_missing=missing),
        project=SimpleNamespace(name="shop"),
        runtime=SimpleNamespace(volumes=lambda: ["the volume shop-prod_ledger", *volumes]),
        deployment=SimpleNamespace(traces=lambda: volumes),
        is_deployed=True,
    )
    return cast(Session, made)


def test_no_secrets_are_made_beside_a_production_that_is_there() -> None:
    with pytest.raises(Problem) as raised:
        Session.check_secrets(session(True, ["the volume shop-prod_database"]))
    assert raised.value.message == (
        "There is no .env, and shop is in production already: the volume shop-prod_database. A new one would have "
        "other secrets. Nothing was changed. Copy the .env of who deploys it into this folder, then run this again."
    )


def test_a_new_deployment_gets_its_own_and_so_does_development() -> None:
    Session.check_secrets(session(True, []))
    Session.check_secrets(session(False, ["the volume shop-prod_database"]))
    Session.check_secrets(session(True, ["the volume shop_database"], dev=True))
