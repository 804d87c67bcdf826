"""What stands beside releases and goes on while they replace each other: services of the Compose files."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol


@dataclass(frozen=True)
class Companions:
    """The companions of an environment: their names, those that do not run, and those that were made otherwise.

    `anew` are those that are to be made anew, as was asked for.
    """

    names: tuple[str, ...] = ()
    absent: tuple[str, ...] = ()
    outdated: tuple[str, ...] = ()
    anew: tuple[str, ...] = ()

    @property
    def coming(self) -> tuple[str, ...]:
        """Those that something is done with."""
        return tuple(one for one in self.names if one in self.absent or one in self.anew)


class LastingCompanions(Protocol):
    """The companions of a deployment."""

    def look(self, port: int, anew: Sequence[str]) -> Companions:
        """Look how they are, and which of them are to be made anew; raises Problem for one that there isn't."""

    def start(self, found: Companions, port: int, late: bool) -> None:
        """Start those that don't run, and make others anew: those that need no migration, or, `late`, the others.

        Raises Problem.
        """


@dataclass(frozen=True)
class LeftBehind:
    """A database that Slipway has run, and that goes on while the database is elsewhere by now.

    Its container, and the releases that have it and need it to be gone back to.
    """

    container: str
    releases: tuple[str, ...] = ()
