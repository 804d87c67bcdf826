"""The lock of a deployment."""

import json
from itertools import pairwise

from slipway.deploy.compose.labels import OWNER
from slipway.deploy.compose.lock import EngineLock, owner
from tests.slipway.engine.support import Answers


def held(created: str, phase: str = "running") -> str:
    """Return what the engine says of a lock."""
    state = {"Running": phase == "running", "Status": phase}
    labels = {OWNER: "inv deploy of ann@here"}
    return json.dumps([{"Id": "1", "Created": created, "State": state, "Config": {"Labels": labels}}])


def test_an_age_is_by_the_engines_clock_and_for_people() -> None:
    now = "2001-11-24T12:00:00.123456789Z"  # this machine's is decades off
    ages = {
        "2001-11-24T11:59:18.123456789Z": "42 s", "2001-11-24T11:48:00Z": "12 min", "2001-11-24T02:00:00Z": "10 h",
        "2001-11-24T12:00:05Z": "0 s",
    }  # fmt: skip
    for created, age in ages.items():
        assert owner("lock", Answers(held(created), now)).name == f"inv deploy of ann@here has been at work for {age}"
    assert owner("lock", Answers(held("2001-11-24T11:48:00Z"), "")).name == "inv deploy of ann@here is at work"


def test_one_that_is_being_made_is_left_for_as_long_as_an_engine_takes() -> None:
    fresh, stale = held("2001-11-24T11:59:50Z", "created"), held("2001-11-24T11:59:00Z", "created")
    now = "2001-11-24T12:00:00Z"
    assert owner("lock", Answers(fresh, now)).name
    assert owner("lock", Answers(stale, "")).name  # nobody can tell
    removing = Answers(stale, now, "lock")
    assert not owner("lock", removing).name
    assert removing.asked[-1] == ["docker", "rm", "--force", "lock"]


def test_the_lock_is_a_container_that_lives_by_its_input() -> None:
    mounts = ("shop_deployment:/deployment", "shop_ledger:/ledger")
    command = EngineLock("shop-lock", "caddy:2", "ann@here", mounts).lock_command
    assert command[:7] == ["docker", "run", "--rm", "--interactive", "--name", "shop-lock", "--network"]
    assert [mount for option, mount in pairwise(command) if option == "--volume"] == list(mounts)
    assert command[-4:] == ["sh", "caddy:2", "-c", "echo held $(cat /etc/hostname); exec cat"]
    assert "--volume" not in EngineLock("shop-lock", "caddy:2", "ann@here").lock_command
