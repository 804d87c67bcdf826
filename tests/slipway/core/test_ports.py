"""Ports of this machine."""

import pytest

from slipway.core.ports import taken


@pytest.mark.parametrize(
    ("variable", "once", "instead"),
    [
        ("PORT", True, "./inv up --port 8001 (for good: PORT=8001 in .env)"),
        ("PORT", False, "PORT=8001 in .env"),
        ("HTTPS_PORT", False, "HTTPS_PORT=8001 in .env"),
    ],
)
def test_a_port_that_is_taken_is_named_with_its_variable_and_what_to_write(
    variable: str, once: bool, instead: str
) -> None:
    said = taken(8000, "nginx (process 7)", variable, once)
    assert said == f"Port 8000 is taken by nginx (process 7). Stop it, or use another port: {instead}."


def test_behind_the_last_port_there_is_none() -> None:
    assert "PORT=65534 in .env" in taken(65535, "nginx (process 7)")
