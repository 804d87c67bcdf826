"""Configs and secrets of a Swarm: named, immutable, and the same on each manager."""

import base64
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Literal

from slipway.engine.api import Api, Away, Refused, encoded

Kind = Literal["configs", "secrets"]
CONFIGS: Kind = "configs"
SECRETS: Kind = "secrets"


@dataclass(frozen=True)
class Blob:
    """A config, or a secret, whose data nobody is told: then it is b"".

    `index` tells what was made after what: the Swarm counts all that it decides.
    """

    id: str
    name: str
    labels: Mapping[str, str]
    data: bytes
    index: int
    created: str

    @classmethod
    def of(cls, facts: Mapping[str, Any]) -> "Blob":
        """Read what the API tells of one."""
        spec = facts["Spec"]
        data = base64.b64decode(spec.get("Data") or "")
        created = facts.get("CreatedAt", "")
        return cls(facts["ID"], spec["Name"], spec.get("Labels") or {}, data, facts["Version"]["Index"], created)


def listed(api: Api, kind: Kind, *labels: str) -> list[Blob]:
    """Return those that have all of these labels, the oldest first; raises Problem."""
    found = api.get(f"/{kind}", {"label": list(labels)})
    return sorted((Blob.of(one) for one in found or ()), key=lambda one: one.index)


def named(api: Api, kind: Kind, name: str) -> Blob | None:
    """Return the one of a name, or None; raises Problem."""
    found = api.find(f"/{kind}/{name}")
    return Blob.of(found) if found else None


def create(api: Api, kind: Kind, name: str, data: bytes, labels: Mapping[str, str]) -> str:
    """Make one; return its id. Raises Refused, whose `is_taken` says that there is another of that name.

    When nobody can tell whether it was made, it is looked for, and made unless it is there.
    """
    body = {"Name": name, "Labels": dict(labels), "Data": encoded(data)}
    try:
        return str(api.post(f"/{kind}/create", body)["ID"])
    except Away:
        found = named(api, kind, name)
        return found.id if found else str(api.post(f"/{kind}/create", body)["ID"])


def have(api: Api, kind: Kind, name: str, data: bytes, labels: Mapping[str, str]) -> str:
    """Have one whose name tells its content; return its id. Raises Problem."""
    if found := named(api, kind, name):
        return found.id
    try:
        return create(api, kind, name, data, labels)
    except Refused as refused:
        if not (refused.is_taken and (found := named(api, kind, name))):
            raise
        return found.id


def remove(api: Api, kind: Kind, one: str) -> bool:
    """Remove one by its id or name; False when it was gone already. Raises Refused when it is in use."""
    return api.delete(f"/{kind}/{one}")


def remove_unused(api: Api, kind: Kind, doomed: Iterable[Blob]) -> None:
    """Remove some, but for those that are in use; raises Problem."""
    for one in doomed:
        try:
            remove(api, kind, one.id)
        except Refused as refused:
            if "in use" not in str(refused.message):
                raise
