"""What one version of Slipway writes and another may read: a number for each place, raised when the older ones can't.

Each of them stands as `NUMBER VERSION`, VERSION being the Slipway that wrote the number. Where none stands, it was
written before there were numbers, and is as 1 says. docs/upgrading.md lists the places, and those that need none.
"""

from slipway import __version__
from slipway.core.errors import Problem

DEPLOYMENT = 1  # a deployment's volumes: the ledger, whom clients are led to; names and labels of its containers
STATE = 1  # an environment's folder in .slipway: which runtime, what runs, a database of this machine
IMAGE = 1  # an image: its labels, where its secrets are, what its server counts

NEXT = (
    "Nothing was changed. Run this with the Slipway of whoever did that: git pull, then ./inv (it takes the one that "
    "slipway.lock names)."
)


def line(number: int) -> str:
    """Return how a number stands."""
    return f"{number} {__version__}\n"


def is_newer(said: str, known: int) -> bool:
    """Tell whether a number is one that this Slipway does not know; what is none is taken for that."""
    number = said.split()[0] if said.split() else ""
    return bool(said.strip()) and not (number.isascii() and number.isdigit() and int(number) <= known)


def check(said: str, known: int, what: str) -> None:
    """Raise Problem where this Slipway is too old for what stands there, "" for nothing."""
    if is_newer(said, known):
        number, _, by = said.strip().partition(" ")
        raise Problem(
            f"{what} is of format {number}{f', made by Slipway {by}' if by else ''}, and this is "
            f"Slipway {__version__}, which knows format {known} and what was before. {NEXT}"
        )
