"""Figures as people read them."""

from slipway.core.words import human


def test_human() -> None:
    assert [human(size) for size in (0, 999, 1234, 5_600_000, 7_000_000_000)] == [
        "0 B", "999 B", "1.2 kB", "5.6 MB", "7.0 GB",
    ]  # fmt: skip
