"""A database that goes away while a release is deployed."""

import contextlib
from collections.abc import Iterator

from slipway.core.errors import Problem
from slipway.runtime import LastingDatabase


@contextlib.contextmanager
def told(database: LastingDatabase) -> Iterator[None]:
    """Let a Problem say as well that the database has stopped meanwhile, and what to do."""
    try:
        yield
    except Problem as problem:
        with contextlib.suppress(Problem):  # the engine doesn't tell: what went wrong first is what counts
            if away := database.away():
                problem.message = f"{problem.message}\n{away}"
        raise
