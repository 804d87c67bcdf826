"""A deployment as another runtime has it: both cannot be, so one makes room for the other, with a pause."""

from contextlib import AbstractContextManager
from typing import Protocol

HOW = (
    "What a move means: ./inv deploy --move --plan --tag VERSION; to move it, the same without --plan (docs/cluster.md)"
)


class Predecessor(Protocol):
    """What another runtime has of a deployment. Nothing of it is removed: it can be started again as it was.

    `title` is the image that is live there, "" for none.
    """

    title: str

    def check(self) -> None:
        """Raise Problem when it cannot make room; changes nothing."""

    def held(self) -> AbstractContextManager[None]:
        """Have nobody else at work there; raises Problem."""

    def prepare(self, backup: bool) -> None:
        """Do what can be done while clients go on: images where they are needed, a backup; raises Problem."""

    def make_room(self) -> None:
        """Send clients away, and stop all but what tells them so; raises Problem."""

    def give_ports(self) -> None:
        """Stop that as well: the ports are free then. Raises Problem."""

    def take_back(self) -> str:
        """Take away what came in its place, start it again, and say what is live; raises nothing."""

    def finish(self) -> None:
        """Say what is kept of it, once its place was taken."""


def still(before: Predecessor) -> str:
    """Say that something runs on one engine."""
    return f"runs on one engine still{f', {before.title}' if before.title else ''}"
