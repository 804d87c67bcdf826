"""Secrets and configs that the services of a deployment have as files: named by what is in them.

They cannot be changed, and are removed once no service and no kept release has them.
"""

import hashlib
import hmac
import os
from collections.abc import Callable, Iterator, Mapping
from typing import Any

from slipway.core.errors import Problem
from slipway.deploy.swarm import files, names
from slipway.deploy.swarm.around import File
from slipway.deploy.swarm.values import plain
from slipway.engine.api import Api
from slipway.engine.swarm import objects
from slipway.engine.swarm.objects import CONFIGS, SECRETS, Kind

DIGITS = 16
KINDS: tuple[Kind, ...] = (SECRETS, CONFIGS)
OWNER_ALONE, FOR_ALL = 0o400, 0o444


class Files:
    """The secrets and configs of one deployment; `salt` is what the names of secrets are hashed with."""

    def __init__(self, api: Api, deployment: str, salt: Callable[[], str]) -> None:
        self.api = api
        self.root = api.shell.root
        self.deployment = deployment
        self.salt = salt

    def secrets(self, values: Mapping[str, str], uid: str, make: bool = True) -> list[File]:
        """Have a secret for each value, as files that one user can read; raises Problem.

        Unless they are to be made, one that is not there has no id.
        """
        found = []
        for name, value in sorted(values.items()):
            key = names.of_object(self.deployment, names.SECRET, f"{name}.{self._digest(name, value.encode())}")
            one = self._have(SECRETS, key, value.encode(), names.SECRET, make)
            found.append(File(one, key, name, OWNER_ALONE, uid, uid))
        return found

    def config(self, name: str, target: str, text: str, make: bool = True) -> File:
        """Have a config with a text, as a file at a path that all may read; raises Problem."""
        digest = hashlib.sha256(text.encode()).hexdigest()[:DIGITS]
        key = names.of_object(self.deployment, names.FILE, f"{name}.{digest}")
        return File(self._have(CONFIGS, key, text.encode(), names.FILE, make), key, target, FOR_ALL)

    def wanted(self, name: str, config: Mapping[str, Any], make: bool = True) -> dict[str, list[File]]:
        """Have the secrets and configs that a service of a Compose file names as files, by kind; raises Problem."""
        found: dict[str, list[File]] = {SECRETS: [], CONFIGS: []}
        for one in files.wanted(name, config):
            kind, label = (SECRETS, names.SECRET) if one.kind == SECRETS else (CONFIGS, names.FILE)
            data = self._data(one.key, (config.get(one.kind) or {})[one.key])
            key = names.of_object(self.deployment, label, f"{one.key}.{self._digest(one.key, data)}")
            made = self._have(kind, key, data, label, make)
            found[one.kind].append(File(made, key, one.target, one.mode, one.uid, one.gid))
        return found

    def _data(self, key: str, defined: Mapping[str, Any]) -> bytes:
        # What a config or secret of a Compose file has in it; the Swarm would refuse nothing without saying of which.
        if defined.get("content") is not None:
            found = str(plain(defined["content"])).encode()
        elif name := defined.get("environment"):
            known = {**self.api.shell.beneath, **os.environ}
            if name not in known:
                raise Problem(f"{key} of the Compose files is to have what the variable {name} says: set it.")
            found = known[name].encode()
        else:
            try:
                found = (self.root / str(defined.get("file"))).read_bytes()
            except OSError as error:
                raise Problem(f"{key} of the Compose files cannot be read: {error}") from None
        if not found:
            raise Problem(f"{key} of the Compose files is empty, as no secret or config of a Swarm can be: fill it.")
        return found

    def _digest(self, name: str, value: bytes) -> str:
        return hmac.new(self.salt().encode(), name.encode() + b"\0" + value, hashlib.sha256).hexdigest()[:DIGITS]

    def _have(self, kind: Kind, key: str, data: bytes, label: str, make: bool) -> str:
        if make:
            return objects.have(self.api, kind, key, data, names.marks(self.deployment, label))
        found = objects.named(self.api, kind, key)
        return found.id if found else ""

    def lacking(self, specs: Any) -> list[str]:
        """Name the secrets and configs that specs have and the Swarm has not: somebody has removed them."""
        there = {one.id for kind in KINDS for one in objects.listed(self.api, kind)}
        return sorted({name for name, id in _given(specs) if id not in there})

    def tidy(self, used: set[str]) -> None:
        """Remove those that nothing has which is kept; raises Problem.

        `used` are the names of those that are. One that a service has all the same, the Swarm does not remove.
        """
        kinds: tuple[tuple[Kind, str], ...] = (
            (SECRETS, names.SECRET), (SECRETS, names.GIVEN), (CONFIGS, names.FILE),
        )  # fmt: skip
        for kind, label in kinds:
            there = objects.listed(self.api, kind, *names.wanted(names.marks(self.deployment, label)))
            objects.remove_unused(self.api, kind, [one for one in there if one.name not in used])


def used(value: Any) -> Iterator[str]:
    """Yield the names of the secrets and configs that specs have."""
    return (name for name, _ in _given(value))


def _given(value: Any) -> Iterator[tuple[str, str]]:
    # The name and the id of each.
    if isinstance(value, Mapping):
        for key in ("Secret", "Config"):
            if name := value.get(f"{key}Name"):
                yield str(name), str(value.get(f"{key}ID", ""))
        for each in value.values():
            yield from _given(each)
    elif isinstance(value, list | tuple):
        for each in value:
            yield from _given(each)
