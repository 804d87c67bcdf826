"""The verbs, as Invoke sees them."""

import pytest
from invoke.collection import Collection
from invoke.tasks import Task

import tasks

VERBS: list[Task] = list(Collection.from_module(tasks).tasks.values())  # type: ignore[type-arg]


@pytest.mark.parametrize("verb", VERBS, ids=lambda verb: verb.name)
def test_h_asks_for_help_and_does_nothing(verb: Task) -> None:  # type: ignore[type-arg]
    assert "h" not in {name for argument in verb.get_arguments() for name in argument.names}


@pytest.mark.parametrize("verb", VERBS, ids=lambda verb: verb.name)
def test_the_first_line_of_help_is_short(verb: Task) -> None:  # type: ignore[type-arg]
    first = (verb.__doc__ or "").splitlines()[0]

    assert 10 < len(first) <= 60
    assert first.endswith(".")
