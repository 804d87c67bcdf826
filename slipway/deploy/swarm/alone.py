"""The lock that a database of a Swarm has on its data: of two that are started, the second waits for the first's end.

A node that was cut off goes on with its tasks. Once it is back, the Swarm ends the database that runs there, and starts
at the same moment the one that has come in its place: two on one volume, which destroy the data, as PostgreSQL doesn't
notice another one in another container. The lock is the kernel's, of the folder that is mounted: each process of
PostgreSQL inherits it, and it is free once the last of them has ended, however that was.
"""

from collections.abc import Mapping
from pathlib import PurePosixPath
from typing import Any

VARIABLE, FOLDER = "PGDATA", "/var/lib/postgresql/data"
ENTRYPOINT, COMMAND = "docker-entrypoint.sh", "postgres"  # of the official image, and of those made of it
WAITS = "slipway: waits until the PostgreSQL that has the data open has ended"
SCRIPT = f"""exec 9<"$0" || exit
flock -n 9 || {{
  echo "{WAITS}" >&2
  flock 9 || exit
}}
exec "$@"
"""


def alone(container: Mapping[str, Any]) -> dict[str, Any]:
    """Return the ContainerSpec of a database that begins once no other one has the volume of its data open."""
    if not (folder := mounted(container)):
        return dict(container)
    command, args = list(container.get("Command") or ()), list(container.get("Args") or ())
    begun = [*command, *args] if command else [ENTRYPOINT, *(args or [COMMAND])]
    return {**container, "Command": ["sh", "-c", SCRIPT, folder], "Args": begun}


def mounted(container: Mapping[str, Any]) -> str:
    """Return where the data is mounted that lasts longer than a task, "" when none does."""
    env = dict(one.partition("=")[::2] for one in container.get("Env") or ())
    data = PurePosixPath(env.get(VARIABLE) or FOLDER)
    found = [one["Target"] for one in container.get("Mounts") or () if one["Type"] in ("volume", "bind")]
    return max((one for one in found if data.is_relative_to(one)), key=len, default="")
