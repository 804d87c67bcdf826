"""What the clients of a release get: counted by it, by the proxy, or told by nobody just now."""

import pytest

from slipway.core.errors import Problem
from slipway.deploy.trial import Clients
from slipway.runtime.release import Answers, Pointer, Release
from tests.slipway.deploy.support import MemoryReleases

OLD = Release("a", {})
EVER = Answers(1000, 400)


class Counting(MemoryReleases):
    """Releases whose counts a test sets: None for one that doesn't count, a Problem where nobody can be asked."""

    counts: "Answers | Problem | None" = None

    def answers(self, release: Release) -> Answers | None:
        """Return the counts."""
        if isinstance(self.counts, Problem):
            raise self.counts
        return self.counts


def counting(counts: "Answers | Problem | None", proxy: Answers, pointer: str = "a") -> Counting:
    """Return releases of which one is live; the proxy has counted so much."""
    releases = Counting(pointed=Pointer(pointer))
    releases.counts = counts
    releases.proxy.answers = [proxy]
    return releases


def test_a_release_that_counts_is_judged_by_that() -> None:
    releases = counting(EVER, Answers())
    clients = Clients.of(releases, OLD)
    releases.counts = EVER + Answers(7, 1)
    assert clients.since(releases, OLD) == Answers(7, 1)


def test_a_count_that_is_lost_for_a_moment_is_none() -> None:
    releases = counting(EVER, Answers(5, 5))
    clients = Clients.of(releases, OLD)
    releases.counts = Problem("The engine could not be asked.")
    assert clients.since(releases, OLD) == Answers()


@pytest.mark.parametrize("counts", [None, Problem("The engine could not be asked.")], ids=["uncounted", "unasked"])
def test_else_the_proxy_is_asked_from_now_on(counts: "Problem | None") -> None:
    releases = counting(counts, EVER)
    clients = Clients.of(releases, OLD)
    assert clients.since(releases, OLD) == Answers()
    releases.proxy.answers = [EVER + Answers(7, 1)]
    assert clients.since(releases, OLD) == Answers(7, 1)


def test_what_was_ever_is_not_new_when_the_proxy_could_not_be_asked_first() -> None:
    releases = counting(None, Answers(), pointer="")
    clients = Clients.of(releases, OLD)
    releases.pointed = Pointer("a")
    releases.proxy.answers = [EVER]
    assert clients.since(releases, OLD) == Answers()
