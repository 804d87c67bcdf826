"""`inv maintenance` where there is no proxy of Slipway's, and with options that do not go together."""

import pytest

from tests.support import Checkout

NOWHERE = {"DOCKER_HOST": "unix:///nowhere/docker.sock"}
WRONG = {
    "--on": "In development no proxy of Slipway's is before the service. Production: ./inv maintenance --prod",
    "": "In development no proxy of Slipway's",
    "--prod --on --off": "--on and --off exclude each other.",
    "--prod --message x": "--message, --retry-after and --allow go with --on.",
    "--prod --off --allow 192.0.2.7": "--message, --retry-after and --allow go with --on.",
    "--prod --on --retry-after soon": "--retry-after is a whole number from 0 to 86400, not 'soon'.",
    "--prod --on --allow 10.0.0.0/8": "'10.0.0.0/8' is none (networks and names are not taken).",
    "--prod --on --runtime host": "Production is on this host (asked for), where no proxy of Slipway's is",
}


@pytest.mark.parametrize("line", WRONG)
def test_wrong_input_is_one_clear_error(little: Checkout, line: str) -> None:
    done = little.inv("maintenance", *line.split(), **NOWHERE)
    assert (done.returncode, done.stdout) == (1, "")
    assert WRONG[line] in done.stderr
    assert "Traceback" not in done.stderr
    assert not (little.root / ".slipway/prod").exists()
