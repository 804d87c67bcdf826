"""The secrets and configs that a Compose file's services want as files, for which the Swarm needs its own."""

import posixpath
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from slipway.deploy.swarm.values import mode, plain

FOLDERS = {"secrets": "/run/secrets", "configs": "/"}  # where a target without a folder is

DRIVERS = ("driver", "driver_opts", "template_driver")


@dataclass(frozen=True)
class Wanted:
    """A file that a service wants: `key` is that of the Compose file's `kind`, "secrets" or "configs"."""

    kind: str
    key: str
    target: str
    mode: int
    uid: str
    gid: str


def wanted(name: str, config: Mapping[str, Any]) -> list[Wanted]:
    """Return the files that a service wants; whoever makes them hands them over as `Around.secrets` and `configs`.

    Without a mode they are readable by all, as a Swarm has them and Compose does.
    """
    said, found = plain(config["services"][name]), []
    for kind, folder in FOLDERS.items():
        for one in said.get(kind) or ():
            key = one["source"]
            if (defined := (config.get(kind) or {}).get(key)) is None:
                raise ValueError(f"{kind} {key}, which the Compose file does not define: define it")
            if other := next((one for one in DRIVERS if defined.get(one)), ""):
                raise ValueError(f"{kind} {key}: {other}, which Slipway makes none with: take it out")
            target = posixpath.join(folder, one.get("target") or key)
            bits = mode(one.get("mode") if one.get("mode") is not None else 0o444)
            found.append(Wanted(kind, key, target, bits, str(one.get("uid") or "0"), str(one.get("gid") or "0")))
    return found
