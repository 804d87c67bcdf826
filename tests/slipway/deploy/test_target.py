"""Which release is gone back to, and what is said of it."""

import pytest

from slipway.core.errors import Problem
from slipway.deploy.ledger import Entry
from slipway.deploy.target import Target, choose, done, rows
from slipway.runtime.release import Release
from tests.slipway.deploy.support import a_release, entry

ENTRIES = [
    entry("a", "team/shop:1.0.0"),
    entry("b", "team/shop:1.1.0"),
    entry("c", "team/shop:1.2.0", outcome="failed"),
]
B = a_release("b")
ROLLED_BACK = entry("c", outcome="rolled back", reason="ann@here has rolled it back.")
BACK = entry("a", what="rollback", seconds=2.0)


@pytest.mark.parametrize("to", ["", "a", "1.0.0", "team/shop:1.0.0"])
def test_the_one_before_or_a_named_one(to: str) -> None:
    assert choose(ENTRIES, B, "ab", to) == ENTRIES[0]


def test_a_named_one_needs_no_live_release() -> None:
    assert choose(ENTRIES, None, "", "1.0.0") == ENTRIES[0]


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
def test_there_is_none(entries: list[Entry], live: Release | None, to: str, said: str) -> None:
    with pytest.raises(Problem, match=said):
        choose(entries, live, "ab", to)


def test_what_would_be_the_live_image_with_the_settings_of_today_is_no_step_back() -> None:
    other = entry("b", "shop:c", settings={"LOG_LEVEL": "1"})
    entries = [entry("a"), other, entry("c", settings={"LOG_LEVEL": "2"})]
    live = a_release("c")
    assert choose(entries, live, "abc", "") == other  # its containers are kept, with its settings
    for to in ("", "b"):
        with pytest.raises(Problem, match=r"shop:c, as b, is the image that is live.*\(changed LOG_LEVEL\)") as raised:
            choose(entries, live, "c", to)
        assert "./inv rollback --to a" in str(raised.value.message)
    assert choose(entries, live, "c", "a") == entries[0]


@pytest.mark.parametrize(
    ("entries", "seen", "waited", "by"),
    [
        ([*ENTRIES[:2], BACK], "a", "", ""),  # it goes further back
        ([*ENTRIES[:2], BACK], "b", "", "ann@here has rolled back to shop:a (a)."),  # in this moment
        ([*ENTRIES[:2], BACK], "a", "inv rollback of ann@here", "ann@here has rolled back to shop:a (a)."),
        ([*ENTRIES[:2], entry("a", what="rollback")], "a", "", "ann@here has rolled back to shop:a (a)."),  # cut off
        ([entry("a"), ROLLED_BACK], "a", "", "ann@here has rolled it back."),  # who did so was cut off
        ([entry("a"), ROLLED_BACK, BACK], "a", "", ""),
        ([entry("a"), entry("b", outcome="failed")], "a", "", ""),
        (
            [entry("a"), entry("b", outcome="failed")], "a", "inv deploy of ann@here",
            "What was under way, deploy of shop:b by ann@here, did not stay live.",
        ),
        ([entry("0"), entry("a", seconds=9.0)], "0", "inv deploy of ann@here", ""),
        ([entry("a"), entry("b", what="rollback", outcome="failed")], "a", "inv rollback of ann@here", ""),
        ([], "", "", ""),
    ],
)  # fmt: skip
def test_a_rollback_is_not_made_twice(entries: list[Entry], seen: str, waited: str, by: str) -> None:
    assert done(entries, "a", seen, waited) == by


def test_what_is_said_of_it() -> None:
    now = entry("b", settings={"A": "1", "B": "2"}, definition="1")
    found = Target(entry("a"), B, now, a_release("a"), {"A": "3", "B": "2"}, "2", "at 0002: shop:a can live with it")
    assert rows(found) == [
        ("now", "shop:b (b)"),
        ("then", "shop:a (a), kept"),
        ("settings", "changed A; compose.release.yaml differs"),
        ("schema", "at 0002: shop:a can live with it"),
    ]
    anew = Target(entry("a"), None, None, None, {}, "")
    assert rows(anew) == [
        ("now", "nothing is live"),
        ("then", "shop:a (a), made anew, with the settings of today, as its containers are gone"),
    ]
