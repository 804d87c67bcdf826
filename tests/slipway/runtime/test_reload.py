"""How a service is waited for, that loads its code anew or does not."""

import pytest

from slipway.core.errors import Problem
from slipway.project.health import Answer
from slipway.runtime.reload import GOES_ON, told_to_go_on, wait


@pytest.mark.parametrize(
    ("answers", "again", "failed"),
    [
        ([0, 503, 200], False, ""),
        ([0, 500, 200], False, "answers 500"),
        ([500, 0, 200], True, ""),
        ([500, 503], True, "ended with status 3"),
    ],
)
def test_an_error_in_its_code_is_final_unless_it_loads_that_anew(answers: list[int], again: bool, failed: str) -> None:
    left = list(answers)

    def ended() -> str:
        return "" if left else "ended with status 3"

    assert wait(lambda: Answer(left.pop(0)), ended, 60, again) == failed


@pytest.mark.parametrize(
    ("last", "how"),
    [(500, "answers 500"), (503, "was not ready in 0 s: its health path answers 503"), (0, "was not ready in 0 s")],
)
def test_what_it_answered_last_is_told_when_the_time_is_over(last: int, how: str) -> None:
    assert wait(lambda: Answer(last), str, 0, again=True) == how


@pytest.mark.parametrize("does", [True, False])
def test_that_it_goes_on_is_said_where_it_does(does: bool) -> None:
    with pytest.raises(Problem) as raised, told_to_go_on(lambda: does):
        raise Problem("The service answers 500.")
    assert str(raised.value.message) == f"The service answers 500.{f' {GOES_ON}' if does else ''}"
