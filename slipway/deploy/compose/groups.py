"""The containers of releases, grouped, and what they were made of; and what somebody has started beside them."""

import json
from collections.abc import Container as Has
from collections.abc import Mapping, Sequence
from typing import Any

from slipway.deploy.compose import labels
from slipway.engine.containers import CONFIG_HASH, PROJECT, Container
from slipway.runtime import State
from slipway.runtime.release import WEB, Release
from slipway.runtime.stacks import worst


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


def grouped(found: Sequence[Container], has_web: bool = True) -> dict[str, Release]:
    """Group the containers of releases, which have a web or not, by label and service, the oldest release first."""
    services: dict[str, dict[str, list[Container]]] = {}
    for one in found:
        if (release := one.labels.get(labels.RELEASE)) and not one.is_one_off:
            services.setdefault(release, {}).setdefault(one.service, []).append(one)
    releases = [Release(id, {name: tuple(each) for name, each in of.items()}, has_web) for id, of in services.items()]
    return {release.id: release for release in sorted(releases, key=lambda one: (one.made, one.id))}


def part_states(release: Release) -> dict[str, State]:
    """Return the state of each process of a release beside web, that of the worst where there are several."""
    found = {}
    for name in release.replicas:
        each = release.services[name]
        found[name] = State(worst(each), {"containers": " ".join(one.name for one in each)})
    return found


def state(release: Release | None) -> State:
    """Return the state of a release that has no web: that of the worst of its processes."""
    if not release or not release.running:
        return State("stopped")
    return State(worst(release.containers), {"id": release.id, "image": release.image})


def unlabelled(found: Sequence[Container], deployment: str) -> list[str]:
    """Name the services of a deployment's Compose project that were started without `inv`, under another label."""
    mine = [one for one in _of_project(found, deployment) if one.running]
    return sorted({one.service for one in mine if one.labels.get(labels.DEPLOYMENT) != deployment})


def unknown(found: Sequence[Container], deployment: str, services: Has[str]) -> list[str]:
    """Name the containers of a deployment's Compose project that are of none of its services."""
    return sorted(one.name for one in _of_project(found, deployment) if one.service not in services)


def _of_project(found: Sequence[Container], deployment: str) -> list[Container]:
    mine = (one for one in found if one.labels.get(PROJECT) == deployment)
    return [one for one in mine if not one.is_one_off]
