"""Releases: containers that were started together, from one image and with one set of settings."""

import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from slipway.image import plan as image
from slipway.runtime.compose import healthy

RELEASE = "dev.slipway.release"  # the label of a release's containers and volume


@dataclass(frozen=True)
class Release:
    """The containers of one release, as `docker inspect` shows them."""

    id: str
    containers: tuple[dict[str, Any], ...]

    @property
    def host(self) -> str:
        """The name under which the proxy finds them."""
        return f"web-{self.id}"

    @property
    def image(self) -> str:
        """What they were started from."""
        return str(self.containers[0]["Config"]["Image"])

    @property
    def image_id(self) -> str:
        """The image's id."""
        return str(self.containers[0]["Image"])

    @property
    def labels(self) -> dict[str, str]:
        """The labels, the image's own included."""
        return dict(self.containers[0]["Config"]["Labels"])

    @property
    def schema(self) -> str:
        """The newest revisions that it knows, "" when it doesn't say."""
        return self.labels.get(image.SCHEMA, "")

    @property
    def names(self) -> list[str]:
        """The containers' names."""
        return [str(one["Name"]).lstrip("/") for one in self.containers]

    @property
    def running(self) -> bool:
        """Whether any of them runs."""
        return any(one["State"]["Running"] for one in self.containers)

    @property
    def healthy(self) -> bool:
        """Whether all of them are ready."""
        return all(map(healthy, self.containers))


def grouped(containers: Sequence[Mapping[str, Any]]) -> dict[str, Release]:
    """Group the containers of releases by their label, the oldest first."""
    found: dict[str, list[Any]] = {}
    for one in containers:
        if release := one["Config"]["Labels"].get(RELEASE):
            found.setdefault(release, []).append(one)
    return {name: Release(name, tuple(found[name])) for name in sorted(found)}


def new_release(taken: Sequence[str], now: float) -> str:
    """Return the name of a release made now (seconds since 1970): its time in UTC, fit for a host name."""
    while (name := time.strftime("%Y%m%dt%H%M%S", time.gmtime(now))) in taken:
        now += 1
    return name
