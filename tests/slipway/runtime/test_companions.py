"""Companions: which services they are, in which order they are started, and when one is ready."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from slipway.core.errors import Problem
from slipway.engine.containers import CONFIG_HASH, PROJECT, SERVICE, Container
from slipway.engine.stack import Stack
from slipway.runtime import companions
from tests.slipway.engine.support import container
from tests.slipway.runtime.support import project

HEALTHY, DONE = {"condition": "service_healthy"}, {"condition": "service_completed_successfully"}
SERVICES: dict[str, Mapping[str, Any]] = {
    "db": {}, "proxy": {}, "migrate": {"depends_on": {"db": HEALTHY}}, "web": {"depends_on": {"cache": HEALTHY}},
    "cache": {"restart": "always", "depends_on": {"seed": DONE}}, "seed": {"depends_on": {"db": HEALTHY}},
    "mail": {"restart": "unless-stopped"}, "flower": {"depends_on": {"jobs": HEALTHY}},
    "jobs": {"depends_on": {"migrate": DONE, "cache": HEALTHY}}, "once": {"restart": "no"},
}  # fmt: skip


def stack(root: Path, *there: Container) -> Stack:
    """Return the stack of a project that has these containers."""
    checkout, _, shell = project(root)
    made = Stack(shell, checkout.project, "dev", dict)
    made._seen = list(there)
    return made


def of(service: str, hash_: str = "1", **more: Any) -> Container:
    """Make a container of a service."""
    labels = {SERVICE: service, CONFIG_HASH: hash_}
    return container(**{"id": service, "name": f"shop-{service}-1", "labels": labels, **more})


def test_each_comes_behind_those_that_it_needs() -> None:
    names = companions.named(SERVICES)
    assert names == ["mail", "once", "seed", "cache", "jobs", "flower"]
    assert companions.late(SERVICES, names) == {"jobs", "flower"}
    assert companions.named(SERVICES, ["jobs", "web"]) == ["flower", "mail", "once", "seed", "cache"]
    assert companions.named({"web": {}, "db": {}, "migrate": {}, "proxy": {}}) == []


def exited(service: str, status: int) -> Container:
    """Make the container of a service that has ended with a status."""
    found = of(service, running=False, phase="exited")
    return Container(**{**found.__dict__, "status": status})


@pytest.mark.parametrize(
    ("service", "one", "ready", "wrong"),
    [
        ("mail", of("mail"), True, ""),
        ("mail", exited("mail", 0), False, "ended with status 0"),  # it should go on
        ("cache", of("cache", health="starting"), False, ""),
        ("once", of("once"), True, ""),
        ("once", exited("once", 0), True, ""),
        ("once", exited("once", 2), False, "ended with status 2"),
        ("seed", of("seed"), False, ""),  # others wait for its end
        ("seed", exited("seed", 0), True, ""),
        ("seed", exited("seed", 1), False, "ended with status 1"),
        ("once", of("once", running=False, phase="created"), False, "ended with status 3"),
        ("mail", None, False, "is gone"),
    ],
)
def test_when_one_is_ready(service: str, one: Container | None, ready: bool, wrong: str) -> None:
    verdict = companions._judged(SERVICES, service, one)
    assert (verdict.ready, verdict.wrong) == (ready, wrong)


def test_what_does_not_run_and_what_was_made_otherwise(tmp_path: Path) -> None:
    there = stack(tmp_path, of("mail"), of("cache", hash_="0"), exited("once", 0), exited("seed", 1))
    names = ["mail", "once", "seed", "cache", "jobs"]
    found = companions.look(there, SERVICES, names, [dict.fromkeys(names, "2"), dict.fromkeys(names, "1")])
    assert (found.absent, found.outdated) == (("seed", "jobs"), ("cache",))
    assert companions.look(there, SERVICES, names).outdated == ()


def test_states_are_those_of_companions_alone(tmp_path: Path) -> None:
    other = container(id="x", labels={SERVICE: "worker", PROJECT: "shop-20261124t181500"})
    there = stack(tmp_path, of("mail"), of("web"), of("db"), exited("once", 0), other, of("cache", health="starting"))
    states = companions.states(there)
    assert {name: one.state for name, one in states.items()} == {
        "cache": "starting",
        "mail": "running",
        "once": "stopped",
    }
    assert states["mail"].details["container"] == "shop-mail-1"


@pytest.mark.parametrize(
    "of",
    [
        {"container_name": "web-20261124t181500"},
        {"hostname": "web-20261124t181500"},
        {"networks": {"default": None, "other": {"aliases": ["web-20261124t181500"]}}},
    ],
)
def test_no_companion_has_the_name_of_a_release(of: Mapping[str, Any]) -> None:
    companions.check({"mail": {"networks": {"default": None}}}, ["mail"])
    with pytest.raises(Problem, match="clients would be led to it"):
        companions.check({"mail": of}, ["mail"])
