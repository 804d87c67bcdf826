"""What a deployment notes on its engine: whom clients are led to, and the ledger. See deployment.sh."""

import base64
import gzip
import zlib
from collections.abc import Callable, Mapping, Sequence

from slipway.core.errors import Problem
from slipway.deploy.compose.files import CADDYFILE, LEDGER, LOGS_FOLDER, SALT, Files
from slipway.engine import containers
from slipway.engine.jobs import rows
from slipway.engine.stack import Stack
from slipway.runtime.release import Pointer, Remembered, host, of_host

LIVE, FLIPPED, PREVIOUS = "live", "flipped", "previous"
MAINTENANCE = "maintenance/on"
LOGS = 50  # that are kept
ROLLED_BACK, NOBODY = 3, 4  # statuses of `seal` and `back`


class Notes:
    """What is noted of a deployment's releases; see `runtime.releases.Releases`."""

    def __init__(self, stack: Stack, files: Files) -> None:
        self.stack = stack
        self.shell = stack.shell
        self.files = files

    # Whom clients are led to

    def pointer(self) -> Pointer:
        """Return whom clients are led to; raises Problem when that cannot be told."""
        live, by = self.files.read(LIVE, FLIPPED)
        return Pointer(of_host(live), by)

    def point(self, release: str) -> None:
        """Lead clients to a release: a pointer was lost. Raises Problem."""
        self.files.write(LIVE, host(release))

    def switch(self, new: str, old: str, line: str) -> None:
        """Lead clients to `new` from now on, and note a line of the ledger; raises Problem."""
        names = [host(new), host(old) if old else ""]
        failed = "The proxy could not be led to the new release."
        self.files.script("switch", *names, given=line, echo=True, apart=True, failed=failed)

    def spread(self, release: str, check: Callable[[], None]) -> None:
        """Wait for nothing: with the switch, every request is led to the release."""

    def even(self) -> None:
        """Do nothing: it is on the only engine that there is."""

    def back(self, by: str, any_lock: bool = False) -> str:
        """Go back to the old release; return which it is, "" when nobody can be gone back to. Raises Problem."""
        failed = "Clients could not be led back to the release before."
        try:
            status, found = self.files.script(
                "back", by, echo=not any_lock, any_lock=any_lock, failed=failed, fine=(0, NOBODY)
            )
        except Problem:
            lock = containers.look(self.shell, self.files.lock) if any_lock else None
            if any_lock and not (lock and lock.running):
                return ""  # nothing is under way
            raise
        return "" if status else of_host(found)

    def seal(self) -> bool:
        """End the time in which one can go back; False when somebody has. Raises Problem."""
        failed = "The time in which one can go back could not be ended."
        return not self.files.script("seal", failed=failed, fine=(0, ROLLED_BACK))[0]

    def fence(self, new: str) -> bool:
        """Give a switch up, or wait until it has happened; False when the lock was lost. Raises Problem."""
        return self.files.fence(host(new))

    def clear_marks(self) -> None:
        """Clear the marks of earlier deployments: nothing of theirs can come late any more. Raises Problem."""
        self.files.script("clear", failed="The marks of earlier deployments could not be cleared.")

    def forget_rollback(self) -> None:
        """Forget who has gone back; raises Problem."""
        self.files.script("noted", failed="Who has gone back could not be forgotten.")

    # Whether clients are sent away

    def maintenance(self) -> tuple[str, str]:
        """Return what is noted while clients are sent away, else "", and the proxy's Caddyfile; raises Problem."""
        noted, configuration = self.files.read(MAINTENANCE, CADDYFILE)
        return noted, configuration

    def send_away(self, files: Mapping[str, str], allowed: Sequence[str]) -> None:
        """Send clients away with these files, but for allowed addresses, under whoever's lock; raises Problem."""
        failed = f"Clients could not be sent away: the volume {self.files.volume} could not be written."
        self.files.script("away", *allowed, given=rows(files), alone=True, failed=failed)

    def let_in(self) -> None:
        """Let clients in again, under whoever's lock; raises Problem."""
        self.files.script("let_in", alone=True, failed="Clients could not be let in again.")

    def untold(self) -> list[str]:
        """Return none: it is so at once."""
        return []

    # What is remembered

    def remembered(self) -> Remembered:
        """Return all that is remembered, looked up at once; raises Problem."""
        live, by, previous, ledger, salt, configuration, maintenance = self.files.read(
            LIVE, FLIPPED, PREVIOUS, LEDGER, SALT, CADDYFILE, MAINTENANCE
        )
        return Remembered(Pointer(of_host(live), by), ledger, salt, configuration, of_host(previous), maintenance)

    def ledger(self) -> str:
        """Return the lines of the ledger; raises Problem."""
        return self.files.read(LEDGER)[0]

    def record(self, line: str, any_lock: bool = False) -> None:
        """Add a line to the ledger; raises Problem. With `any_lock`, under whoever's lock it is."""
        failed = f"The ledger could not be written into the volume {self.files.ledger}."
        self.files.script("record", given=line, any_lock=any_lock, failed=failed)
        self.stack.forget()  # what is noted took its time

    def trim(self, lines: int) -> None:
        """Let the ledger have no more than twice as many lines."""
        self.files.script("trim", str(lines))

    def keep_log(self, event: str, text: str, any_lock: bool = False) -> None:
        """Keep what was shown of an entry that the ledger has, beside the last ones; raises Problem."""
        packed = base64.b64encode(gzip.compress(text.encode(errors="replace"))).decode()
        failed = f"It could not be written into the volume {self.files.ledger}."
        self.files.script("keep", event, str(LOGS), given=packed, any_lock=any_lock, failed=failed)

    def kept_log(self, event: str) -> str | None:
        """Return what was kept of an entry, None for nothing; raises Problem."""
        packed = self.files.content(f"{LOGS_FOLDER}/{event}.log.gz")
        try:
            return None if packed is None else gzip.decompress(packed).decode(errors="replace")
        except (OSError, EOFError, zlib.error):
            raise Problem(f"The log of {event} cannot be read: it was not written to its end.") from None

    def keep_salt(self, salt: str) -> None:
        """Keep what settings are hashed with; raises Problem."""
        self.files.write(SALT, salt)
