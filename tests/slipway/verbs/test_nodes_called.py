"""`inv nodes` and `inv drain` where there are no nodes, and with options that do not go together."""

import pytest

from tests.support import Checkout

NOWHERE = {"DOCKER_HOST": "unix:///nowhere/docker.sock"}
WRONG = {
    "nodes": 'prod is not on a Swarm, and so has no nodes: orchestrator = "swarm" in pyproject.toml',
    "nodes --json": "prod is not on a Swarm",
    "drain n1": "prod is not on a Swarm",
    "drain n1 --back": "What runs: ./inv status --prod",
    "drain n1 --back --database": "--back and --database exclude each other.",
    "nodes --env dev": "nothing is deployed in dev",
}


@pytest.mark.parametrize("line", WRONG)
def test_wrong_input_is_one_clear_error(little: Checkout, line: str) -> None:
    done = little.inv(*line.split(), **NOWHERE)
    assert (done.returncode, done.stdout) == (1, "")
    assert WRONG[line] in done.stderr
    assert "Traceback" not in done.stderr
    assert not (little.root / ".slipway/prod").exists()
