"""What a deployment notes on its Swarm: which release is live, and the ledger. See `runtime.releases.Releases`."""

import gzip
import secrets
import zlib
from collections.abc import Sequence

from slipway.core.errors import Problem
from slipway.deploy import ledger
from slipway.deploy.swarm import names
from slipway.deploy.swarm.store import Store
from slipway.engine.swarm.objects import Blob
from slipway.project import formats
from slipway.runtime.release import Pointer, Remembered

PREVIOUS, FLIPPED, SALT, FORMAT = "previous", "flipped", "salt", "format"
EVENTS = 200  # whose lines are kept: each is an object of the Swarm
LOGS = 50


class SwarmNotes:
    """What is noted of a deployment's releases."""

    def __init__(self, store: Store) -> None:
        self.store = store

    def pointer(self) -> Pointer:
        """Return which release clients are led to; raises Problem when that cannot be told."""
        raise NotImplementedError

    def seal(self) -> bool:
        """End the time in which one can go back; False when somebody has. Raises Problem."""
        return self.store.drop(names.MARK, PREVIOUS)

    def clear_marks(self) -> None:
        """Clear the marks of earlier deployments; raises Problem."""
        self.store.check()
        self.forget_rollback()

    def forget_rollback(self) -> None:
        """Forget who has gone back, and to what; raises Problem."""
        self.store.drop(names.MARK, PREVIOUS)
        self.store.drop(names.MARK, FLIPPED)

    def configuration(self) -> str:
        """Return the Caddyfile that the proxies have, "" for none; raises Problem."""
        raise NotImplementedError

    def maintenance(self) -> tuple[str, str]:
        """Return what is noted while clients are sent away, else "", and the proxies' Caddyfile; raises Problem."""
        return "", self.configuration()

    # What is remembered

    def agree(self) -> None:
        """Note how all of it is written, or raise Problem where only a newer Slipway knows that.

        What secrets and settings are hashed with is noted as well: jobs have secrets before anything is deployed.
        """
        if not self.store.set(names.MARK, FORMAT, formats.line(formats.DEPLOYMENT).encode()):
            self._check_format()
        if not self.store.get(names.MARK, SALT):
            self.keep_salt(secrets.token_hex(16))

    def _check_format(self) -> None:
        said = self.store.get(names.MARK, FORMAT)
        formats.check(said, formats.DEPLOYMENT, f"The deployment {self.store.deployment}")

    def remembered(self) -> Remembered:
        """Return all that is remembered; raises Problem, also for what is a newer Slipway's."""
        self._check_format()
        previous = self.store.get(names.MARK, PREVIOUS)
        salt = self.store.get(names.MARK, SALT)
        noted = self.maintenance()[0]
        return Remembered(self.pointer(), self.ledger(), salt, self.configuration(), previous, noted)

    def ledger(self) -> str:
        """Return the lines of the ledger; raises Problem."""
        return "".join(one.data.decode(errors="replace") for one in self.store.all(names.LEDGER))

    def record(self, line: str, any_lock: bool = False) -> None:
        """Add a line to the ledger; raises Problem. With `any_lock`, under whoever's lock it is."""
        self.store.add(names.LEDGER, line.encode(), any_lock, **{names.EVENT: _event(line)})

    def trim(self, lines: int) -> None:
        """Let the ledger have the last line of each of the latest events alone, and their logs."""
        self.store.remove(*superfluous(self.store.all(names.LEDGER), EVENTS))

    def keep_log(self, event: str, text: str, any_lock: bool = False) -> None:
        """Keep what was shown of an entry that the ledger has, beside the last ones; raises Problem."""
        packed = gzip.compress(text.encode(errors="replace"))
        self.store.add(names.LOG, packed, any_lock, **{names.EVENT: event})
        self.store.remove(*superfluous(self.store.all(names.LOG), LOGS))

    def kept_log(self, event: str) -> str | None:
        """Return what was kept of an entry, None for nothing; raises Problem."""
        found = [one for one in self.store.all(names.LOG) if one.labels.get(names.EVENT) == event]
        try:
            return gzip.decompress(found[-1].data).decode(errors="replace") if found else None
        except (OSError, EOFError, zlib.error):
            raise Problem(f"The log of {event} cannot be read.") from None

    def keep_salt(self, salt: str) -> None:
        """Keep what settings are hashed with; raises Problem."""
        self.store.set(names.MARK, SALT, salt.encode())


def _event(line: str) -> str:
    entries = ledger.parse(line)
    return entries[0].event if entries else ""


def superfluous(found: Sequence[Blob], events: int) -> list[Blob]:
    """Return those that are not the last of one of the latest events; `found` are in order."""
    last = {one.labels.get(names.EVENT, ""): one for one in found}
    kept = {one.id for one in sorted(last.values(), key=lambda one: one.index)[-events:]}
    return [one for one in found if one.id not in kept]
