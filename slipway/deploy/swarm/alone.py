"""The lock that a database of a Swarm has on its data: of two that are started, the second waits for the first's end.

A node that was cut off goes on with its tasks. Once it is back, the Swarm ends the database that runs there, and starts
at the same moment the one that has come in its place: two on one volume, which destroy the data, as PostgreSQL doesn't
notice another one in another container. The lock is the kernel's, of the folder that is mounted: each process of
PostgreSQL inherits it, and it is free once the last of them has ended, however that was.
"""

from collections.abc import Iterable, Mapping
from pathlib import PurePosixPath
from typing import Any

from slipway.engine.images import EngineImage

VARIABLE, FOLDER = "PGDATA", "/var/lib/postgresql/data"
WAITS = "slipway: waits until the PostgreSQL that has the data open has ended"
SCRIPT = f"""exec 9<"$0" || exit
flock -n 9 || {{
  echo "{WAITS}" >&2
  flock 9 || exit
}}
exec "$@"
"""


def alone(container: Mapping[str, Any], image: EngineImage) -> dict[str, Any]:
    """Return the ContainerSpec of a database that begins once no other one has the volume of its data open.

    It begins as it would without that, by what the container says, or else its image.
    """
    if not (mount := mounted(container, image.env)):
        return dict(container)
    command, args = list(container.get("Command") or ()), list(container.get("Args") or ())
    begun = [*command, *args] if command else [*image.entrypoint, *(args or image.command)]
    return {**container, "Command": ["sh", "-c", SCRIPT, mount["Target"]], "Args": begun}


def mounted(container: Mapping[str, Any], beneath: Iterable[str] = ()) -> Mapping[str, Any]:
    """Return the mount that has the data, of those that last longer than a task; nothing when none does.

    Where that is, a variable of the container says, or of its image, which are `beneath`.
    """
    env = dict(one.partition("=")[::2] for one in (*beneath, *(container.get("Env") or ())))
    data = PurePosixPath(env.get(VARIABLE) or FOLDER)
    lasting = [one for one in container.get("Mounts") or () if one["Type"] in ("volume", "bind")]
    found = [one for one in lasting if data.is_relative_to(one["Target"])]
    return max(found, key=lambda one: len(one["Target"]), default={})
