"""Where a setting comes from, in a message."""

from slipway.core.sources import placed, source


def test_the_environment_counts_before_the_file() -> None:
    environ = {"B": "", "C": "x"}
    assert [source(name, environ) for name in "ABC"] == [".env", "the environment", "the environment"]
    assert placed("A", environ=environ) == "A in .env"
    assert placed("B", "C", environ=environ) == "B and C in the environment"
    assert placed("A", "B", environ=environ) == "A in .env and B in the environment"
