"""What a deployment remembers on a Swarm: configs, which each manager has, and which no node's loss takes away.

A config cannot be changed. Of one that is to change, another is made, and the latest counts; the Swarm itself counts
what came after what.
"""

import secrets
from collections.abc import Callable

from slipway.core.errors import Problem
from slipway.deploy.swarm import names
from slipway.engine.api import Api, Refused
from slipway.engine.swarm import objects
from slipway.engine.swarm.objects import CONFIGS, Blob

GONE = "The lock of the deployment was taken away."


class Store:
    """The configs of one deployment.

    `holds` tells whether this process has the deployment's lock: who has lost it writes nothing any more.
    """

    def __init__(self, api: Api, deployment: str, holds: Callable[[], bool]) -> None:
        self.api = api
        self.deployment = deployment
        self.holds = holds

    def check(self) -> None:
        """Raise Problem when the lock was lost."""
        if not self.holds():
            raise Problem(GONE)

    def all(self, kind: str) -> list[Blob]:
        """Return those of a kind, the oldest first; raises Problem."""
        return objects.listed(self.api, CONFIGS, *names.wanted(names.marks(self.deployment, kind)))

    def add(self, kind: str, data: bytes, any_lock: bool = False, **labels: str) -> None:
        """Add one beside the others of its kind; raises Problem."""
        if not any_lock:
            self.check()
        name = names.of_object(self.deployment, kind, secrets.token_hex(8))
        objects.create(self.api, CONFIGS, name, data, names.marks(self.deployment, kind, **labels))

    def set(self, kind: str, key: str, data: bytes, any_lock: bool = False) -> bool:
        """Have one of a name; False when there is one already, which stays. Raises Problem."""
        if not any_lock:
            self.check()
        name = names.of_object(self.deployment, kind, key)
        labels = names.marks(self.deployment, kind, release=key if kind == names.RECORD else "")
        try:
            objects.create(self.api, CONFIGS, name, data, labels)
        except Refused as refused:
            if refused.is_taken:
                return False
            raise
        return True

    def get(self, kind: str, key: str) -> str:
        """Return the text of the one of a name, "" for none; raises Problem."""
        found = objects.named(self.api, CONFIGS, names.of_object(self.deployment, kind, key))
        return found.data.decode(errors="replace") if found else ""

    def drop(self, kind: str, key: str) -> bool:
        """Remove the one of a name; False when it was gone already: of several who do, one is first. Raises Problem."""
        return objects.remove(self.api, CONFIGS, names.of_object(self.deployment, kind, key))

    def remove(self, *doomed: Blob) -> None:
        """Remove some, unless they are in use; raises Problem."""
        objects.remove_unused(self.api, CONFIGS, doomed)
