"""How long is waited between two looks, and when waiting ends."""

import pytest

from slipway.core.waiting import pause, wait_until


@pytest.mark.parametrize(("waited", "seconds"), [(0, 0.1), (2.9, 0.1), (3, 0.3), (5, 0.5), (60, 0.5)])
def test_what_is_slow_is_looked_at_less_often(waited: float, seconds: float) -> None:
    assert pause(waited) == pytest.approx(seconds)


def test_waiting_ends_when_it_is_so_or_cannot_be_any_more_or_it_takes_too_long() -> None:
    looks = iter([False, False, True])
    assert wait_until(lambda: next(looks), lambda: True, 60)
    assert not wait_until(lambda: False, lambda: False, 60)
    assert not wait_until(lambda: False, lambda: True, 0)
