"""Where a setting comes from, in a message."""

import pytest

from slipway.core.sources import in_file, outside, placed, source


def test_the_environment_counts_before_the_file() -> None:
    environ = {"B": "", "C": "x"}
    assert [source(name, environ) for name in "ABC"] == [".env", "the environment", "the environment"]
    assert placed("A", environ=environ) == "A in .env"
    assert placed("B", "C", environ=environ) == "B and C in the environment"
    assert placed("A", "B", environ=environ) == "A in .env and B in the environment"


def test_a_program_counts_before_the_file_and_behind_the_environment() -> None:
    outside({"A": "secrets-from (op)", "B": "secrets-from (op)"})
    try:
        assert placed("A", "C", environ={"B": ""}) == "A in secrets-from (op) and C in .env"
        assert source("B", {"B": ""}) == "the environment"
    finally:
        outside({})
    assert source("A", {}) == ".env"


@pytest.mark.parametrize(
    ("text", "said"),
    [
        (".env cannot be read.", ".env.slipway cannot be read."),
        ("There is no .env: chmod 600 .env", "There is no .env.slipway: chmod 600 .env.slipway"),
        ("of .env. It, .env, and (.env)", "of .env.slipway. It, .env.slipway, and (.env.slipway)"),
        ("made from .env.example; backend/.env, '.env', **/.env*, .envrc", None),
    ],
)
def test_a_message_names_the_file_that_is_read(text: str, said: str | None) -> None:
    assert in_file(text, ".env.slipway") == (said or text)
    assert in_file(text, ".env") == text
