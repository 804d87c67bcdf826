"""How a verb begins: on which runtime, and what it says when that cannot be."""

import os
from types import SimpleNamespace
from typing import Any

import pytest

from slipway.core.errors import Problem
from slipway.core.steps import Steps
from slipway.verbs.run import start_in_place
from slipway.verbs.session import Session
from tests.support import Checkout

NOWHERE = {"DOCKER_HOST": "unix:///nowhere/docker.sock"}
NOT_HERE = "--context default names a Docker Engine, and this would be done on this host: "


@pytest.mark.parametrize("verb", [("status",), ("down", "--volumes", "--yes"), ("logs",)])
def test_what_was_meant_for_another_machine_is_not_done_here(little: Checkout, verb: tuple[str, ...]) -> None:
    little.write(".slipway/prod/runtime", "host\n")
    little.write(".slipway/prod/postgres/PG_VERSION", "17\n")
    refused = little.inv(*verb, "--prod", "--context", "default", **NOWHERE)
    assert refused.returncode == 1
    assert f"{NOT_HERE}the data is here" in refused.stderr
    assert (little.root / ".slipway/prod/postgres/PG_VERSION").exists()
    here = little.inv("status", "--context", "default", "--runtime", "host", **NOWHERE)
    assert (here.returncode, here.stdout) == (1, "")
    assert f"{NOT_HERE}asked for" in here.stderr


def test_a_way_on_is_one_for_the_same_environment(little: Checkout) -> None:
    for prod, way in (((), "./inv up --runtime host"), (("--prod",), "./inv up --prod --runtime host")):
        refused = little.inv("up", *prod, "--runtime", "docker", **NOWHERE)
        assert refused.returncode == 1
        assert way in refused.stderr


def test_what_stays_elsewhere_is_stopped_in_the_same_environment(little: Checkout) -> None:
    little.write(".slipway/prod/runtime", "docker\n")
    little.by_an_ordinary_user()
    told = little.inv("up", "--prod", "--runtime", "host", **NOWHERE)
    little.inv("down", "--prod", "--runtime", "host", **NOWHERE)
    assert "whether anything runs with docker, or has data there, cannot be told (" in told.stderr
    assert "If so, it stays: ./inv down --prod --runtime docker stops it" in told.stderr


@pytest.mark.skipif(os.geteuid() != 0, reason="only root is refused")
def test_root_is_refused_before_anything_is_remembered_but_may_stop_what_runs(little: Checkout) -> None:
    refused = little.inv("up", "--prod", "--runtime", "host", **NOWHERE)
    assert refused.returncode == 1
    assert "is not for root" in refused.stderr
    assert not (little.root / ".slipway/prod/runtime").exists()
    for verb in ("status", "down"):
        assert little.inv(verb, "--prod", "--runtime", "host", **NOWHERE).returncode == 0


def test_a_runtime_that_cannot_be_prepared_is_not_remembered() -> None:
    done: list[str] = []

    def prepare() -> None:
        raise Problem("no packages")

    def nothing(*given: object) -> None:
        pass

    runtime: Any = SimpleNamespace(service=SimpleNamespace(check_port=nothing, prepare=prepare))
    session: Any = SimpleNamespace(
        runtime=runtime,
        settings=SimpleNamespace(check=nothing),
        check_secrets=nothing,
        remember=lambda: done.append("remembered"),
    )
    with pytest.raises(Problem, match="no packages"):
        start_in_place(session, runtime, 8000)
    with pytest.raises(Problem, match="no packages"):
        Session.start_database(session)
    assert done == []


def test_what_is_said_on_the_way_names_the_environment_as_well(little: Checkout) -> None:
    for environment, wanted in (("dev", "./inv logs"), ("prod", "./inv logs --prod")):
        steps = Steps()
        Session(little.root, environment, "host", steps)
        assert steps.shown("what it prints: ./inv logs") == f"what it prints: {wanted}"
