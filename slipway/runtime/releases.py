"""Releases that replace each other: what can be asked of them, and done with them."""

from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractContextManager
from typing import Protocol

from slipway.engine.images import EngineImage
from slipway.runtime.release import Answers, Beside, Look, NewRelease, Pointer, Release, Remembered


class Proxy(Protocol):
    """What leads clients to a release, or nobody. `said` is the head of what it answered last for one, "" for none."""

    said: str

    def sharing(self) -> str:
        """Choose how clients over IPv6 come to it; return why they share one address, "" when they don't.

        Comes before all that is about its definition.
        """

    def change(self, port: int) -> str:
        """Return what its definition would do to it: "start", "recreate" or "" for nothing."""

    def ports(self) -> list[int]:
        """Return the ports of the engine's machine that it has."""

    def exists(self) -> bool:
        """Tell whether it was made, running or not."""

    def wanted(self) -> str:
        """Return its configuration as the tree has it; raises Problem."""

    def check(self, configuration: str, port: int) -> None:
        """Have it read a configuration; raises Problem with what it says."""

    def start(self, configuration: str, port: int) -> None:
        """Have it running as defined, with this configuration; raises Problem with its log."""

    def revive(self) -> bool:
        """Start it again, as it was made, if it doesn't run; False when there is none. Raises Problem."""

    def load(self, configuration: str) -> None:
        """Give the running proxy another configuration; raises Problem."""

    def ask(self, release: str, path: str) -> tuple[bool, str]:
        """Ask a release from the proxy's place; return whether the answer was good, and its head."""

    def answered_by(self, path: str) -> str:
        """Return the release that answers a path through the proxy, "" for none."""

    def look(self) -> Look:
        """Return what clients got so far, without what they broke themselves; and whom they are led to."""

    def connections(self, release: Release) -> int | None:
        """Return how many requests of clients a release is at; None when that cannot be told."""


class Images(Protocol):
    """The images at hand where releases are started."""

    def find(self, reference: str) -> EngineImage | None:
        """Return an image by its name or id, or None."""

    def pull(self, reference: str) -> None:
        """Have an image of a registry at hand; raises Problem."""

    def listed(self) -> set[str]:
        """Return the names of all images, by tag and by digest."""

    def remove(self, reference: str) -> None:
        """Remove an image; one that is in use stays."""


class Releases(Protocol):
    """The releases of a deployment."""

    deployment: str  # its name, for people

    @property
    def proxy(self) -> Proxy:
        """What leads clients to them."""

    @property
    def images(self) -> Images:
        """What they are started from."""

    def lock(self, verb: str, wait: bool = True, files: bool = True, joins: str = "") -> AbstractContextManager[str]:
        """Have no other deployment at work; raises Problem, with its owner and age, unless told to wait.

        Gives whom was waited for last, with verb and age, "" for nobody. The verb `joins` is waited for in any case.
        Without `files`, what the deployment remembers is neither read nor written meanwhile: it may be deleted.
        """

    def busy(self) -> str:
        """Return who has the lock, with verb and age; "" for nobody."""

    def all(self) -> dict[str, Release]:
        """Return those that have containers, by id, the oldest first."""

    def live(self) -> Release | None:
        """Return the one that clients are led to, or None."""

    def again(self, release: str) -> Release | None:
        """Look again at one."""

    def start(self, new: NewRelease) -> None:
        """Have all there that one needs, and start its web, to which nobody is led yet; raises Problem."""

    def resume(self, release: Release) -> None:
        """Start the web of one again that was kept, if it has one; raises Problem."""

    # Its processes beside web

    def processes(self) -> dict[str, int]:
        """Return those that a release would have, each with how many by what defines it, 0 where that says nothing."""

    def singles(self) -> list[str]:
        """Return those of which never two are at work."""

    def start_processes(self, new: NewRelease) -> None:
        """Start those of one that was started; raises Problem."""

    def resume_processes(self, release: Release) -> None:
        """Start those of one again that don't run; raises Problem."""

    def retire(self, release: Release) -> None:
        """Tell those of one to stop, which then happens whatever becomes of this process; raises Problem."""

    def is_retiring(self, release: Release) -> bool:
        """Tell whether those of one that were told to stop are still at work."""

    def retired(self, release: Release) -> None:
        """Wait until those of one have stopped that were told to; raises Problem."""

    def renew(self, secrets: Mapping[str, str]) -> None:
        """Let all have these secrets, "" for none, when they read them next, if they have such; raises Problem."""

    def stop(self, release: Release) -> None:
        """Stop one, once what it is at is finished; raises Problem."""

    def halt(self, release: Release) -> None:
        """Stop one that nobody is led to; it may be gone already."""

    def remove(self, release: Release) -> None:
        """Remove one, its secrets included, once what it is at is finished."""

    def tidy(self) -> None:
        """Remove the secrets of releases that have no containers."""

    def log(self, release: str, lines: int) -> str:
        """Return the last lines of one's log: of a container that is not well, if there is one."""

    def answers(self, release: Release) -> Answers | None:
        """Return what the clients of one got since its start; None when it doesn't count that. Raises Problem."""

    def variables(self) -> dict[str, str]:
        """Return the variables that a release would be started with, its secrets included; raises Problem."""

    def definition(self) -> str:
        """Return what a release would be made of but for its variables, image and name; raises Problem."""

    def volumes(self, image: str) -> tuple[str, ...]:
        """Say which volumes releases share; raises Problem for what no release of this image can be made of."""

    def is_defined_so(self, release: Release) -> bool:
        """Tell whether the definition of today would make a release as it is."""

    # Whom clients are led to

    def pointer(self) -> Pointer:
        """Return whom clients are led to; raises Problem when that cannot be told."""

    def point(self, release: str) -> None:
        """Lead clients to a release, whoever was led where before: a pointer was lost. Raises Problem."""

    def switch(self, new: str, old: str, line: str) -> None:
        """Lead clients to `new` from now on, and note a line of the ledger; raises Problem.

        Until `seal`, whoever asks can go back to `old`; with "", nobody can.
        """

    def spread(self, release: str, check: Callable[[], None]) -> None:
        """Wait until all clients are led to this release; raises Problem, or what `check` does meanwhile."""

    def even(self) -> None:
        """Give each node its share of the live release; says where that fails, and raises nothing."""

    def back(self, by: str, any_lock: bool = False) -> str:
        """Go back to the old release; return which it is, "" when nobody can be gone back to.

        `by` is noted; with `any_lock`, under whoever's lock it is. Raises Problem.
        """

    def seal(self) -> bool:
        """End the time in which one can go back; False when somebody has. Raises Problem."""

    def fence(self, new: str) -> bool:
        """Give a switch up, or wait until it has happened; False when the lock was lost."""

    def clear_marks(self) -> None:
        """Clear the marks of earlier deployments: nothing of theirs can come late any more."""

    def forget_rollback(self) -> None:
        """Forget who has gone back."""

    # Whether clients are sent away (deploy/maintenance.py)

    def maintenance(self) -> tuple[str, str]:
        """Return what is noted while clients are sent away, else "", and the proxy's configuration; raises Problem."""

    def send_away(self, files: Mapping[str, str], allowed: Sequence[str]) -> None:
        """Send clients away with these files, but for allowed addresses, under whoever's lock; raises Problem."""

    def let_in(self) -> None:
        """Let clients in again, under whoever's lock; raises Problem."""

    def untold(self) -> list[str]:
        """Name the nodes where that is still to come to be; raises Problem."""

    # What is remembered

    def remembered(self) -> Remembered:
        """Return all that is remembered, looked up at once; raises Problem."""

    def ledger(self) -> str:
        """Return the lines of the ledger; raises Problem."""

    def record(self, line: str, any_lock: bool = False) -> None:
        """Add a line to the ledger; raises Problem. With `any_lock`, under whoever's lock it is."""

    def trim(self, lines: int) -> None:
        """Let the ledger have no more than twice as many lines."""

    def keep_log(self, event: str, text: str, any_lock: bool = False) -> None:
        """Keep what was shown of an entry, beside the last ones; raises Problem. `any_lock` is as for `record`."""

    def kept_log(self, event: str) -> str | None:
        """Return what was kept of an entry, None for nothing; raises Problem."""

    def keep_salt(self, salt: str) -> None:
        """Keep what settings are hashed with; raises Problem."""

    def beside(self, port: int = 0) -> tuple[Beside, ...]:
        """Return the images of the database and the proxy that run here; with a port, also what they would be there."""

    def room(self) -> int:
        """Return the free bytes where the data is, 0 when that cannot be told."""
