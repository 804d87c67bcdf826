"""Verbs of an environment that is on a Swarm, where they are none of it, or no engine answers."""

import pytest

from tests.support import Checkout

NOWHERE = {"DOCKER_HOST": "unix:///nowhere/docker.sock"}
SWARM = '\n[tool.slipway.environments.prod]\norchestrator = "swarm"\n'
WRONG = {
    "env --prod --pull": "A Swarm tells nobody what its secrets are",
    "deploy --tag 1.0.0": "Name the Docker context of a manager: --context NAME (docker context ls)",
}


@pytest.mark.parametrize("line", WRONG)
def test_what_is_not_there_for_a_swarm_says_what_to_do(little: Checkout, line: str) -> None:
    little.write("pyproject.toml", (little.root / "pyproject.toml").read_text() + SWARM)
    done = little.inv(*line.split(), **NOWHERE)
    assert (done.returncode, done.stdout) == (1, "")
    assert WRONG[line] in done.stderr
    assert "Traceback" not in done.stderr
