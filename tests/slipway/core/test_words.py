"""Figures as people read them."""

from slipway.core.words import human, of_log


def test_human() -> None:
    assert [human(size) for size in (0, 999, 1234, 5_600_000, 7_000_000_000)] == [
        "0 B", "999 B", "1.2 kB", "5.6 MB", "7.0 GB",
    ]  # fmt: skip


def test_a_log_is_above_only_when_it_says_something() -> None:
    assert (of_log("Listening at"), of_log("")) == ("the last lines of its log are above", "it logged nothing")
