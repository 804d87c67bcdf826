"""Ports of this machine."""

import pytest

from slipway.core.ports import taken


@pytest.mark.parametrize(
    ("variable", "may", "once"),
    [
        ("PORT", True, "./inv up --port 8001"),
        ("PORT", False, ""),
        ("HTTPS_PORT", False, ""),
    ],
)
def test_a_port_that_is_taken_is_named_with_its_variable_and_what_to_write(variable: str, may: bool, once: str) -> None:
    said = taken(8000, "nginx (process 7)", variable, may)
    instead = f"Stop it, or use another port: {variable}=8001 in .env."
    assert (said.message, said.once) == (f"Port 8000 is taken by nginx (process 7). {instead}", once)


def test_behind_the_last_port_there_is_none() -> None:
    assert "PORT=65534 in .env" in str(taken(65535, "nginx (process 7)").message)
