"""How long what was started may take to be ready, and what is said when it isn't."""

from slipway.engine.health import EARLY, READY, Verdict, until_ready

UNHEALTHY = Verdict(wrong="is unhealthy", unhealthy=True)


def test_waiting_ends_when_it_is_ready_and_settled() -> None:
    looks = iter([EARLY, READY, READY])
    assert until_ready(lambda: next(looks), 5, 0) == ""
    assert len(list(looks)) == 1

    seen: list[int] = []

    def dies() -> Verdict:
        seen.append(1)
        return READY if len(seen) < 4 else Verdict(wrong="ended with status 3")

    assert until_ready(dies, 5, 60) == "ended with status 3"


def test_waiting_ends_at_the_limit_with_what_was_answered_last() -> None:
    assert until_ready(lambda: EARLY, 0) == "was not ready in 0 s"
    assert until_ready(lambda: Verdict(so_far="it answers 400"), 0) == "was not ready in 0 s: it answers 400"


def test_a_health_check_that_gives_up_before_the_limit_ends_no_start() -> None:
    looks = iter([EARLY, UNHEALTHY, UNHEALTHY, READY])
    assert until_ready(lambda: next(looks), 5) == ""
    looks = iter([EARLY, UNHEALTHY, UNHEALTHY])
    assert until_ready(lambda: next(looks), 0.15) == "is unhealthy"
    assert until_ready(lambda: UNHEALTHY, 5) == "is unhealthy"  # it was ready once, and nobody has started it


def test_what_was_ready_and_is_unhealthy_ends_the_wait() -> None:
    looks = iter([EARLY, READY, UNHEALTHY])
    assert until_ready(lambda: next(looks), 60, 60) == "is unhealthy"
