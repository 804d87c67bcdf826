"""The lock of a deployment."""

from datetime import UTC, datetime
from itertools import pairwise

from slipway.core.words import spelled
from slipway.deploy.compose.lock import EngineLock, since


def test_an_age_is_for_people() -> None:
    now = datetime(2026, 11, 24, 12, 0, 0, tzinfo=UTC)
    assert spelled(since("2026-11-24T11:59:18.123456789Z", now)) == "42 s"
    assert spelled(since("2026-11-24T11:48:00Z", now)) == "12 min"
    assert spelled(since("2026-11-24T02:00:00Z", now)) == "10 h"
    assert since("2026-11-24T12:00:05Z", now) == 0  # clocks differ


def test_the_lock_is_a_container_that_lives_by_its_input() -> None:
    mounts = ("shop_deployment:/deployment", "shop_ledger:/ledger")
    command = EngineLock("shop-lock", "caddy:2", "ann@here", mounts).lock_command
    assert command[:7] == ["docker", "run", "--rm", "--interactive", "--name", "shop-lock", "--network"]
    assert [mount for option, mount in pairwise(command) if option == "--volume"] == list(mounts)
    assert command[-4:] == ["sh", "caddy:2", "-c", "echo held $(cat /etc/hostname); exec cat"]
    assert "--volume" not in EngineLock("shop-lock", "caddy:2", "ann@here").lock_command
