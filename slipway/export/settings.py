"""Settings of a release as a ConfigMap and a Secret: no manifest has a secret's value in it."""

import hashlib
import json
from collections.abc import Mapping
from functools import cached_property
from typing import Any

from slipway.export.facts import INSTANCE, Facts, Manifest, manifest
from slipway.export.values import unexpanded

# What `inv` alone reads: which answers a release gave.
OF_SLIPWAY = frozenset({"SLIPWAY_ANSWERS"})
# No base64: the API server takes no Secret that has it, and changes none that is there.
PLACEHOLDER = "<set by the command above>"


class Given:
    """What containers are given: what all of the release's own image have alike is in a ConfigMap.

    It is named by its content, and never changes: pods of another release go on with theirs.
    """

    def __init__(self, facts: Facts) -> None:
        self.facts = facts

    @cached_property
    def values(self) -> dict[str, str]:
        """What is in the ConfigMap."""
        facts = self.facts
        own = [one for one in facts.services.values() if facts.is_own(one)]
        each = [self._plain(one) for one in [*own, *([facts.migrate] if facts.migrate else [])]]
        first = each[0] if each else {}
        return {name: value for name, value in first.items() if all(one.get(name) == value for one in each)}

    @property
    def name(self) -> str:
        """What the ConfigMap is called."""
        return self.facts.called(f"settings-{digest(self.values)}")

    def _plain(self, said: Mapping[str, Any]) -> dict[str, str]:
        left_out = {*OF_SLIPWAY, *self.facts.keys}
        found = (said.get("environment") or {}).items()
        return {str(name): str(value) for name, value in sorted(found) if value is not None and name not in left_out}

    def shared(self, said: Mapping[str, Any]) -> list[dict[str, Any]]:
        """Return the envFrom of a service."""
        return [{"configMapRef": {"name": self.name}}] if self.values and self.facts.is_own(said) else []

    def own(self, said: Mapping[str, Any]) -> list[dict[str, Any]]:
        """Return the env of a service: what is its alone, and what is secret."""
        shared = self.values if self.shared(said) else {}
        mine = [(name, value) for name, value in self._plain(said).items() if name not in shared]
        found: list[dict[str, Any]] = [{"name": name, "value": unexpanded(value)} for name, value in mine]
        given = (said.get("environment") or {}).items()
        secret = sorted(name for name, value in given if value is not None and name in self.facts.keys)
        of = {"name": self.facts.secret}
        return found + [{"name": one, "valueFrom": {"secretKeyRef": {**of, "key": one}}} for one in secret]


def digest(value: Any) -> str:
    """Return what a name has of the content that it stands for."""
    return hashlib.sha256(json.dumps(value, sort_keys=True).encode()).hexdigest()[:10]


def config_map(facts: Facts, given: Given) -> list[Manifest]:
    """Return the ConfigMap, none where there is nothing to say."""
    if not given.values:
        return []
    notes = ["Named by its content: pods of another release go on with theirs. Delete those that no ReplicaSet names."]
    if facts.own_database:
        notes.append(
            f"The database {facts.database!r} is not exported. Name another one's host in {facts.env_file}, and export "
            "again. Or make a Service of that name that leads to it:\n"
            f"  kubectl create service externalname {facts.database} --external-name HOST"
        )
    rest = {"immutable": True, "data": given.values}
    return [manifest("v1", "ConfigMap", facts, given.name, "settings", rest, *notes)]


def secret(facts: Facts) -> list[Manifest]:
    """Return the Secret with its keys, and no value; none where nothing is secret."""
    if not facts.keys:
        return []
    here = [name for name in facts.keys if name not in facts.sought]
    elsewhere = [name for name in facts.keys if name in facts.sought]
    made = f"kubectl create secret generic {facts.secret} --from-env-file=/dev/stdin"
    notes = ["An example, not to be applied: it has no values, and the API server refuses it. Make the Secret once:"]
    if here:
        notes.append(f"  grep -E '^({'|'.join(here)})=' {facts.env_file} | {made}")
        notes.append("kubectl takes each line as it is: a value in quotes would keep them.")
    else:
        notes.append(f"  {made}    (lines NAME=VALUE)")
    if elsewhere:
        notes.append(
            f"{', '.join(elsewhere)}: of the program that [tool.slipway.secrets-from] names; add what it prints."
        )
    notes.append("Pods read another value once they are started anew:")
    notes.append(f"  kubectl rollout restart deployment -l {INSTANCE}={facts.deployment}")
    rest = {"type": "Opaque", "data": dict.fromkeys(facts.keys, PLACEHOLDER)}
    found = manifest("v1", "Secret", facts, facts.secret, "secrets", rest, *notes)
    return [Manifest(found.body, found.notes, example=True)]
