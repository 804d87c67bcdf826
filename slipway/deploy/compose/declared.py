"""What compose.release.yaml declares, judged before anything starts: volumes that releases share, and what two of
them cannot have side by side.

A release is a Compose project of its own. What Compose names after the project would be new, and empty, in each.
"""

import posixpath
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from slipway.deploy.compose.labels import RELEASES
from slipway.engine.compose import ANY, RELEASE

# Volumes of a deployment's own, in the form <name>-prod_KEY.
OWN = ("caddy", "db", "deployment", "ledger", "secrets")
OF_A_RELEASE = re.compile(rf"(?<![a-z0-9]){ANY}(?![a-z0-9])")  # a name with ${RELEASE} in it, as `config` was asked
ONE_EACH = "which two releases cannot have side by side: take it out"


@dataclass(frozen=True)
class Mount:
    """Where a service has a volume: its `user`, "" for the image's, and its `image`, "" for the release's own."""

    service: str
    target: str
    user: str = ""
    image: str = ""
    read_only: bool = False


@dataclass(frozen=True)
class Shared:
    """A volume that all releases share.

    Its `key` in the Compose file, and its `name` on the engine if the file says one. `options` are those of its
    `driver`. `mounts` are where services have it.
    """

    key: str
    name: str = ""
    driver: str = ""
    options: tuple[tuple[str, str], ...] = ()
    mounts: tuple[Mount, ...] = ()


def shared(config: Mapping[str, Any], deployment: str) -> list[Shared]:
    """Return the volumes that releases share, of what Compose reads: all but those that are made elsewhere."""
    found = []
    for key, one in sorted((config.get("volumes") or {}).items()):
        one, mounts = one or {}, tuple(mount for source, mount in _mounts(config) if source == key)
        if one.get("external") or not mounts:
            continue
        name = one.get("name") or ""
        options = tuple(sorted((str(name), str(value)) for name, value in (one.get("driver_opts") or {}).items()))
        default = name in ("", f"{deployment}-{ANY}_{key}")
        found.append(Shared(key, "" if default else name, one.get("driver") or "", options, mounts))
    return found


def findings(config: Mapping[str, Any], deployment: str, there: Sequence[str], root: Path | None) -> list[str]:
    """Return what no release can be made of; `there` are the engine's volumes.

    `root` is the folder of the project when the engine is on another machine, else None.
    """
    found = [line for name, one in sorted(config["services"].items()) for line in _of_service(name, one, root)]
    for key, one in sorted((config.get("volumes") or {}).items()):
        one, used = one or {}, any(source == key for source, _ in _mounts(config))
        name = one.get("name") or ""
        if not used or name == f"{deployment}-{ANY}-secrets":
            continue
        if one.get("external"):
            missing = f"the volume {name or key} is external, and not there: docker volume create {name or key}"
            found += [] if (name or key) in there or OF_A_RELEASE.search(name) else [missing]
        elif name in ("", f"{deployment}-{ANY}_{key}"):
            taken = f"the volume {key} would be {deployment}_{key}, which is the deployment's own: call it otherwise"
            found += [taken] if key in OWN else []
        elif OF_A_RELEASE.search(name):
            found.append(f"the volume {key} has ${{RELEASE}} in its name, and would be new and empty in each release")
    return found


def uncovered(config: Mapping[str, Any], declared: Sequence[str]) -> list[str]:
    """Return what there is to say of the folders that a release's own image `declared` as volumes.

    Each container would have a new one, without a name, unless its service has something else there.
    """
    found = []
    for name, one in sorted(config["services"].items()):
        if one.get("image") == ANY:
            has = {posixpath.normpath(target) for target in _targets(one)}
            bare = [folder for folder in declared if posixpath.normpath(folder) not in has]
            found += [f"{name}: {folder} is a VOLUME of the image, {_nameless(folder)}" for folder in bare]
    return found


def _of_service(name: str, service: Mapping[str, Any], root: Path | None) -> Iterator[str]:
    if service.get("container_name"):
        yield f"{name}: container_name, {ONE_EACH}"
    for port in service.get("ports") or ():
        if port.get("published") not in (None, "", "0", 0):
            yield f"{name}: port {port['published']} of the engine's machine, {ONE_EACH} (the proxy publishes web)"
    for network, one in (service.get("networks") or {}).items():
        if fixed := [one[key] for key in ("ipv4_address", "ipv6_address") if one and one.get(key)]:
            yield f"{name}: {', '.join(fixed)} in the network {network}, {ONE_EACH}"
    for mount in service.get("volumes") or ():
        source, target = mount.get("source") or "", mount.get("target", "")
        if mount["type"] == "volume" and not source:
            yield f"{name}: {target} is a volume without a name, {_nameless(target)}"
        if mount["type"] == "bind" and root and Path(source).is_relative_to(root):
            yield f"{name}: {source} is on this machine, and the engine on another: make it a volume"


def _nameless(target: str) -> str:
    return f"new and empty in each container: give it one (uploads:{target}), or make it tmpfs"


def _mounts(config: Mapping[str, Any]) -> Iterator[tuple[str, Mount]]:
    for name, one in sorted(config["services"].items(), key=lambda item: (item[0] != "web", item[0])):
        image = one.get("image") or ""
        for mount in one.get("volumes") or ():
            if mount["type"] == "volume" and mount.get("source"):
                own = "" if image == ANY else image
                read_only = bool(mount.get("read_only"))
                yield mount["source"], Mount(name, mount["target"], str(one.get("user") or ""), own, read_only)


def _targets(service: Mapping[str, Any]) -> Iterator[str]:
    for mount in service.get("volumes") or ():
        yield mount["target"]
    tmpfs = service.get("tmpfs") or ()
    for one in [tmpfs] if isinstance(tmpfs, str) else tmpfs:
        yield str(one).partition(":")[0]


@dataclass(frozen=True)
class Place:
    """Which volume of the engine a shared one is, and whether it has to be made.

    `own` is one that the live release has instead, as an earlier version made it; `left` are those that earlier
    releases had.
    """

    key: str
    name: str
    is_new: bool = False
    own: str = ""
    left: tuple[str, ...] = ()

    def __str__(self) -> str:
        """Say it in the plan."""
        words = [f"{self.key} is {self.name}{', which is new' if self.is_new else ''}"]
        if self.own:
            words.append(f"the live release has {self.own} instead: what it writes there stays there")
        if self.left:
            words.append(f"earlier releases had {', '.join(self.left)} of their own, which stay")
        return "; ".join(words)


def place(
    one: Shared, deployment: str, live: str, there: Sequence[str], mounted: Sequence[str], chosen: Mapping[str, str]
) -> Place:
    """Return which volume a shared one is.

    Of the engine's volumes (`there`), it is what was `chosen` before. The first time it is what the `live` release
    has: earlier versions made each release a volume of its own, and that one has the data of today. `mounted` are the
    volumes of its containers, if it has any.
    """
    if one.name:
        return Place(one.key, one.name, one.name not in there)
    standard = f"{deployment}_{one.key}"
    each = re.compile(rf"{re.escape(deployment)}-{RELEASES}_{re.escape(one.key)}")
    earlier = [name for name in there if each.fullmatch(name)]
    of_live = [name for name in mounted or [f"{deployment}-{live}_{one.key}"] if name in earlier]
    own = of_live[0] if of_live else ""
    if (known := chosen.get(one.key, "")) in there:
        return Place(one.key, known, own=own if own != known else "")
    name = own or standard
    left = tuple(other for other in earlier if other != name)
    return Place(one.key, name, name not in there, left=left)


def overlay(places: Sequence[Place]) -> str:
    """Return the Compose file that has a release use these volumes, "" for none."""
    if not places:
        return ""
    lines = [f'  "{one.key}": !override {{name: "{one.name}", external: true}}' for one in places]
    return "\n".join(["volumes:", *lines, ""])


def refusal(found: Sequence[str]) -> str:
    """Say what stands against a release."""
    listed = "\n".join(f"  - {one}" for one in found)
    return f"No release can be made of {RELEASE} and compose.yaml as they are:\n{listed}\nNothing was changed."
