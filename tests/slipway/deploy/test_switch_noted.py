"""What the ledger has of a release that takes another's place, and what is said where it cannot be written."""

from collections.abc import Mapping
from typing import Any

import pytest

from slipway.core.errors import Problem
from slipway.core.steps import Steps
from slipway.deploy.switch import Change, go_live, reason
from slipway.project.checkout import Checkout
from slipway.runtime.environment import Environment
from slipway.runtime.release import NewRelease
from tests.slipway.deploy.support import MemoryReleases, entry

FULL = "sh: No space left on device\nThe ledger could not be written."


@pytest.fixture
def checkout(production: tuple[Checkout, Environment]) -> Checkout:
    """Give a project; nothing is waited for."""
    return production[0]


@pytest.fixture
def releases() -> MemoryReleases:
    """Give releases, of which a is live."""
    return MemoryReleases().has(entry("a"))


def deployed(checkout: Checkout, releases: MemoryReleases, failed: str = "") -> None:
    """Deploy release b in the place of a."""

    def start() -> Mapping[str, Any]:
        releases.start(NewRelease("b", "shop:b", "65532"))
        if failed:
            releases.fails["record"] = Problem(FULL)
            raise Problem(failed)
        return {}

    go_live(checkout, releases, entry("b", outcome=""), Change(releases.live()), start)


def test_one_that_cannot_be_written_at_the_end_leaves_one_release_and_is_named(
    checkout: Checkout, releases: MemoryReleases
) -> None:
    seal = releases.seal

    def and_the_disk_is_full() -> bool:
        releases.fails["record"] = Problem(FULL)
        return seal()

    releases.seal = and_the_disk_is_full  # type: ignore[method-assign]
    with pytest.raises(Problem, match="No space left on device") as raised:
        deployed(checkout, releases)
    assert "shop:b is live (b)" in str(raised.value.message)
    assert (releases.pointer().release, releases.there["a"].running) == ("b", False)


def test_one_that_cannot_be_written_hides_not_what_is_live(checkout: Checkout, releases: MemoryReleases) -> None:
    with pytest.raises(Problem) as raised:
        deployed(checkout, releases, "It failed.")
    assert str(raised.value.message).splitlines() == [
        "It failed.",
        "sh: No space left on device",
        "The ledger could not be written. The next deployment notes how this one ended.",
        "shop:a is live, as before (a). Once it is mended: ./inv deploy",
    ]
    assert list(releases.there) == ["a"]


@pytest.mark.parametrize(
    ("said", "noted"),
    [
        (
            "Traceback\nThe new release is not ready after 60 s; the last lines of its log are above.",
            "The new release is not ready after 60 s.",
        ),
        ("No release can be made so:\n  - web: container_name\nNothing was changed.", "web: container_name"),
        ("The proxy did not take the Caddyfile (see above).", "The proxy did not take the Caddyfile."),
        ("", "stopped"),
    ],
)
def test_a_reason_can_be_read_alone(said: str, noted: str) -> None:
    assert reason(Steps(), Problem(said)) == noted
