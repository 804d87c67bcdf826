"""The containers of releases, grouped, and what they were made of."""

import json
from collections.abc import Mapping, Sequence
from typing import Any

from slipway.deploy.compose import labels
from slipway.engine.containers import CONFIG_HASH, Container
from slipway.runtime.release import WEB, Release


def made_of(release: Release) -> set[tuple[str, ...]]:
    """Return the services of a release, each with the hash of the definition that it was made of."""
    return {(one.service, one.labels.get(CONFIG_HASH, "")) for one in release.containers}


def environments(services: Mapping[str, Mapping[str, Any]]) -> dict[str, Any]:
    """Return the variables of all services of a release; where two differ, those of `web`."""
    ordered = sorted(services, key=lambda name: (name == WEB, name))
    return {name: value for one in ordered for name, value in (services[one].get("environment") or {}).items()}


def defined(services: Mapping[str, Mapping[str, Any]]) -> str:
    """Return the definition of a release's services as text, without their variables."""
    bare = {name: {key: value for key, value in of.items() if key != "environment"} for name, of in services.items()}
    return json.dumps(bare, sort_keys=True)


def grouped(found: Sequence[Container]) -> dict[str, Release]:
    """Group the containers of releases by their label and service, the oldest release first."""
    services: dict[str, dict[str, list[Container]]] = {}
    for one in found:
        if (release := one.labels.get(labels.RELEASE)) and not one.is_one_off:
            services.setdefault(release, {}).setdefault(one.service, []).append(one)
    releases = [Release(id, {name: tuple(each) for name, each in of.items()}) for id, of in services.items()]
    return {release.id: release for release in sorted(releases, key=lambda one: (one.made, one.id))}
