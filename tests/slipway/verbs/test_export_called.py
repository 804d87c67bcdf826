"""`inv export` as it is called, where no engine is: what it needs is said, and nothing is written."""

import pytest

from tests.support import Checkout

NOWHERE = {"DOCKER_HOST": "unix:///nowhere/docker.sock"}
WRONG = {
    "": "Export to what? There is one: ./inv export --kubernetes\n",
    "--kubernetes --env dev": "nothing is deployed in dev. There is prod.",
}


@pytest.mark.parametrize("line", WRONG)
def test_wrong_input_is_one_clear_error(little: Checkout, line: str) -> None:
    done = little.inv("export", *line.split(), **NOWHERE)
    assert (done.returncode, done.stdout) == (1, "")
    assert WRONG[line] in done.stderr
    assert "Traceback" not in done.stderr
