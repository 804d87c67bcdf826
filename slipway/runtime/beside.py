"""What stands beside releases and goes on while they replace each other: services of the Compose files."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Protocol

from slipway.runtime.release import Release


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


class DatabaseServer(Protocol):
    """The PostgreSQL that Slipway runs, or one elsewhere."""

    def running(self) -> bool:
        """Tell whether it runs; one elsewhere does."""

    def start(self) -> None:
        """Have it running; raises Problem."""


class LastingDatabase(DatabaseServer, Protocol):
    """A database that goes on while releases replace each other."""

    def left_behind(self) -> LeftBehind | None:
        """Return the one that runs here, where the database is elsewhere; None for none."""

    def is_outdated(self, port: int) -> bool:
        """Tell whether what runs was made of another definition than today's, for a service at a port."""

    def away(self) -> str:
        """Say that it doesn't run any more, and what to do; "" when it does, or is elsewhere. Raises Problem."""

    def clients(self, releases: Iterable[Release]) -> list[str]:
        """Return the networks, mostly of one address each, from which these releases connect to it; raises Problem."""

    def recreate(self) -> None:
        """Make it anew as it is defined now, after a trial, with the database away in between; raises Problem."""
