"""Which release is gone back to."""

import pytest

from slipway.core.errors import Problem
from slipway.deploy.rollback import choose
from slipway.runtime.release import Release
from tests.slipway.deploy.support import a_release, entry

ENTRIES = [
    entry("a", "team/shop:1.0.0"),
    entry("b", "team/shop:1.1.0"),
    entry("c", "team/shop:1.2.0", outcome="failed"),
]
B = a_release("b")


@pytest.mark.parametrize("to", ["", "a", "1.0.0", "team/shop:1.0.0"])
def test_the_one_before_or_a_named_one(to: str) -> None:
    assert choose(ENTRIES, B, to) == ENTRIES[0]


@pytest.mark.parametrize(
    ("entries", "live", "to", "said"),
    [
        (ENTRIES, B, "1.1.0", "is live"),
        (ENTRIES, B, "1.2.0", "was never live here"),
        (ENTRIES[:1], a_release("a"), "", "no earlier release"),
        (ENTRIES, None, "", "No release is live"),
        ([], None, "1.0.0", "./inv releases"),
    ],
)
def test_there_is_none(entries: list[object], live: Release | None, to: str, said: str) -> None:
    with pytest.raises(Problem, match=said):
        choose(entries, live, to)  # type: ignore[arg-type]


def test_a_named_one_needs_no_live_release() -> None:
    assert choose(ENTRIES, None, "1.0.0") == ENTRIES[0]
