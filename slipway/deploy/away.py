"""What a Problem of a deployment says as well: that the database went away, or what is live all the same."""

import contextlib
from collections.abc import Iterator

from slipway.core.errors import Problem
from slipway.deploy.switch import standing
from slipway.project.checkout import Checkout
from slipway.runtime import LastingDatabase
from slipway.runtime.releases import Releases


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


@contextlib.contextmanager
def stays(checkout: Checkout, releases: Releases) -> Iterator[None]:
    """Let what is refused before anything is begun end with what is live."""
    try:
        yield
    except Problem as problem:
        with contextlib.suppress(Problem):
            if live := releases.live():
                problem.message = f"{problem.message}\n{standing(checkout, releases, live)}"
        raise
