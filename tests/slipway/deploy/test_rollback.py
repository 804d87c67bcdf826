"""Which release is gone back to."""

import pytest

from slipway.core.errors import Problem
from slipway.deploy.rollback import choose, go_back, standing
from slipway.project.checkout import Checkout
from slipway.runtime import LiveRelease
from slipway.runtime.environment import Environment
from slipway.runtime.release import PROXY, Beside, Pointer, Release
from tests.slipway.deploy.in_memory import MemoryDeployment
from tests.slipway.deploy.support import MemoryReleases, a_release, entry, web

Production = tuple[Checkout, Environment]

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


@pytest.fixture
def releases() -> MemoryReleases:
    """Give releases, of which b is live and a is kept."""
    return MemoryReleases().has(entry("a", beside={"caddy:2": "sha256:1"}), entry("b"))


def test_one_that_was_kept_is_started_again(production: Production, releases: MemoryReleases) -> None:
    releases.others = (Beside(PROXY, "caddy:2", ("sha256:2",)),)  # which has changed since
    back = go_back(*production, MemoryDeployment(releases), "")
    assert (back.what, back.release, back.outcome, back.beside) == ("rollback", "a", "live", {"caddy:2": "sha256:2"})
    assert [what for what in releases.done if what.startswith(("resume", "switch", "stop"))] == [
        "resume a", "switch", "stop b",
    ]  # fmt: skip


def test_what_is_left_of_a_release_without_web_is_stopped(production: Production, releases: MemoryReleases) -> None:
    releases.there["b"] = Release("b", {"web": (web("b", running=False),), "worker": (web("b"),)})
    go_back(*production, MemoryDeployment(releases), "")
    assert releases.done[-1] == "stop b"


def test_one_whose_containers_are_gone_is_made_again_of_its_image(
    production: Production, releases: MemoryReleases
) -> None:
    del releases.there["a"]
    back = go_back(*production, MemoryDeployment(releases), "a")
    assert (back.image, back.repeats, back.release in releases.there) == ("shop:a", "a", True)
    del releases.images.known["shop:a"], releases.images.known["sha256:shop:a"], releases.there[back.release]
    releases.pointed = Pointer("b")
    with pytest.raises(Problem, match="The image shop:a is gone from the engine"):
        go_back(*production, MemoryDeployment(releases), "a")


def test_whoever_knows_the_schema_tells_whether_one_can_live_with_it(
    production: Production, releases: MemoryReleases
) -> None:
    knows = {"version": 1, "at": ["0003"], "can_tell": True, "lost": [], "missing": []}
    ids = ["sha256:shop:b", "sha256:shop:a"]
    deployment = MemoryDeployment(releases, {ids[1]: knows})  # the image of b is broken
    found = standing(production[1], deployment, LiveRelease("shop:a", "0002"), ids)
    assert found
    assert (found.at, deployment.asked) == (("0003",), ids)

    nobody = MemoryDeployment(releases)
    with pytest.raises(Problem):
        standing(production[1], nobody, LiveRelease("shop:a", "0002"), ids)
    assert standing(production[1], nobody, LiveRelease("shop:a", "0002"), ["sha256:of nobody"]) is None


def test_a_named_one_needs_no_live_release() -> None:
    assert choose(ENTRIES, None, "1.0.0") == ENTRIES[0]
