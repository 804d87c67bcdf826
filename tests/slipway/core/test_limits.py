"""How long programs may take: what decides, on made-up times."""

import pytest

from slipway.core.errors import Problem
from slipway.core.limits import ACT, ASK, MOVE, WORK, Limit, Wait, ends, git, late


def waited(limit: Limit, *moved: int | None) -> Wait:
    """Begin to wait at 0 for what moves so many bytes from one look to the next."""
    counts = list(moved)
    return Wait(limit, lambda: counts.pop(0) if counts[1:] else counts[0], began=0.0)


@pytest.mark.parametrize(
    ("limit", "told", "vain", "end"),
    [
        (ASK, None, False, 110), (ACT, None, False, 115), (Limit(60), None, False, 160),
        # A short one, once this process was told to end: when it had begun before, and after.
        (ASK, 102, False, 102.6), (ASK, 109.5, False, 110), (ACT, 50, False, 102),
        (Limit(30, asks=True), 50, False, 130),
        # A container is being stopped: that has its time.
        (Limit(50), 102, False, 150),
        # Something was waited for in vain since: nobody is there.
        (ASK, 50, True, 100.5), (ACT, 50, True, 100.5),
    ],
)  # fmt: skip
def test_a_call_has_its_seconds_and_fewer_once_this_process_is_told_to_end(
    limit: Limit, told: float | None, vain: bool, end: float
) -> None:
    assert ends(limit, 100, told, vain) == end


def test_what_moves_data_may_take_as_long_as_some_of_it_moves() -> None:
    wait = waited(MOVE, *range(100), 99)
    assert not [now for now in range(0, 990, 10) if wait.is_over(now)]
    over = [now for now in range(990, 1400, 10) if wait.is_over(now)]
    assert over[0] - 980 in range(290, 321, 10)


def test_where_nobody_counts_bytes_nothing_is_ended_for_moving_none() -> None:
    wait = waited(MOVE, None)
    assert not [now for now in range(0, 5000, 10) if wait.is_over(now)]


def test_what_follows_something_is_over_some_time_after_that() -> None:
    ends_at = 100
    now = 0.0

    def going() -> bool:
        if 40 <= now < 60:
            raise Problem("The engine could not be asked.")  # that is no end
        return now < ends_at

    wait = Wait(Limit(going=going), lambda: 0, began=0.0)
    while not wait.is_over(now):
        now += 1
    assert ends_at < now <= ends_at + 30
    assert Wait(Limit(seconds=50, going=lambda: True), lambda: 0, began=0.0).is_over(50)
    assert not Wait(Limit(seconds=50, going=lambda: True), lambda: 0, began=0.0).is_over(49)


def test_what_works_is_waited_for_as_long_as_it_takes() -> None:
    assert not waited(WORK, 0).is_over(1e9)


@pytest.mark.parametrize(
    ("command", "limit"),
    [
        ("git status --porcelain", Limit(60, asks=True)), ("git ls-remote origin", Limit(60, asks=True)),
        ("git clone --quiet a b", MOVE), ("git push", MOVE), ("git fetch --quiet . x:y", MOVE),
        ("git -c core.hooksPath=/dev/null commit", WORK), ("git tag --annotate v1", WORK),
    ],
)  # fmt: skip
def test_git_by_what_it_is_told(command: str, limit: Limit) -> None:
    assert git(command.split()) == limit


def test_what_is_late_is_named_with_how_long_it_was_waited_for() -> None:
    assert str(late(["docker", "--debug", "ps"], 10.2).message).startswith("docker did not answer in 10 s")
    assert late(["program", "-x", "hush"], 4).message == "program did not answer in 4 s."
