"""Figures as people read them."""

from slipway.core.words import human, in_bytes, of_log


def test_human() -> None:
    assert [human(size) for size in (0, 999, 1234, 5_600_000, 7_000_000_000)] == [
        "0 B", "999 B", "1.2 kB", "5.6 MB", "7.0 GB",
    ]  # fmt: skip


def test_sizes_are_read_as_docker_does() -> None:
    sizes = ("0", "5", "512m", "512MB", "1g", "1.5GiB", "2 t")
    assert [in_bytes(size) for size in sizes] == [0, 5, 2**29, 2**29, 2**30, 1.5 * 2**30, 2**41]
    assert {in_bytes(size) for size in ("", "-1", "g", "1gg", "1e3", "1,5g", "inf", "\u0661g")} == {-1}


def test_a_log_is_above_only_when_it_says_something() -> None:
    assert (of_log("Listening at"), of_log("")) == ("the last lines of its log are above", "it logged nothing")
