"""What the Compose files define for development."""

import json
from pathlib import Path

import pytest

from slipway.core.errors import Problem
from slipway.engine.stack import Stack
from slipway.runtime import defined
from tests.slipway.runtime.support import EXAMPLE, project


def defining(root: Path, **services: object) -> Stack:
    """Return the stack of a project whose Compose files define these services beside `db`."""
    checkout, _, shell = project(root)
    shell.says["config"] = json.dumps({"services": {"db": {}, **services}})
    return Stack(shell, checkout.project, "dev", lambda: {"IMAGE": "shop:dev"})


def names(*more: str) -> dict[str, None]:
    """Return the variables of the example, as Compose shows those that it passes on, and more."""
    return dict.fromkeys([line.partition("=")[0] for line in EXAMPLE.splitlines() if line[0] != "#"] + list(more))


@pytest.mark.parametrize("passed_on", [True, False])
def test_a_variable_that_would_not_arrive_starts_nothing(tmp_path: Path, passed_on: bool) -> None:
    stack = defining(tmp_path, web={"environment": names("FLAVOUR") if passed_on else names()})
    with (tmp_path / ".env").open("a") as file:
        file.write("FLAVOUR=sweet\n")
    if passed_on:
        defined.check(stack, 8000)
        return
    with pytest.raises(Problem, match=r"FLAVOUR in \.env would reach no container"):
        defined.check(stack, 8000)
