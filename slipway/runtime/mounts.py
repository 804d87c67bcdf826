"""What a container gets of this folder in development, and whether its user may read it."""

import os
import re
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from slipway.core.errors import Problem
from slipway.engine import images, volumes
from slipway.engine.containers import PROJECT
from slipway.engine.stack import Stack
from slipway.project import dotenv
from slipway.runtime.release import WEB

UNREAD = ("__pycache__", ".git", ".venv", ".slipway")  # bytecode is done without; the others are no service's
INSTRUCTION = re.compile(
    r"^[ \t]*(?:FROM\s+(?:--\S+\s+)?(?P<base>\S+)(?:\s+AS\s+(?P<stage>\S+))?|USER\s+(?P<user>\S+))", re.M | re.I
)


def mounted(config: Mapping[str, Any], services: tuple[str, ...], user: str) -> dict[str, list[Path]]:
    """Return what services of a Compose project get of this machine, by the user that each runs as.

    `user` is the image's, for those that name none.
    """
    found: dict[str, list[Path]] = {}
    for service in (config["services"].get(name) or {} for name in services):
        binds = [Path(one["source"]) for one in service.get("volumes") or () if one["type"] == "bind"]
        found.setdefault(str(service.get("user") or user), []).extend(binds)
    return found


def user_of(dockerfile: str) -> str:
    """Return the user that a Dockerfile's last stage names, itself or by the stage that it begins with; "" for none.

    That is known before the image is built; a variable stands for itself, so that nobody is taken for it.
    """
    users: dict[str, str] = {}
    stage = ""
    for found in INSTRUCTION.finditer(dockerfile):
        if found["base"]:
            stage = found["stage"] or ""
            users[stage] = users.get(found["base"], "")
        else:
            users[stage] = found["user"]
    return users.get(stage, "")


def closed(path: Path, uid: int) -> Iterator[Path]:
    """Yield the files and folders, at a path and below, that a user who owns no group of theirs may not read."""
    for one in (path, *_below(path)):
        if not one.exists():  # a link that leads nowhere
            continue
        status = one.stat()
        needed = 0o5 if one.is_dir() else 0o4
        if (status.st_mode >> (6 if status.st_uid == uid else 0)) & needed != needed:
            yield one


def check(root: Path, users: Mapping[str, list[Path]]) -> None:
    """Raise Problem when a container's user may not read what is mounted; one that has a name is not known here."""
    for user, paths in users.items():
        number = user.partition(":")[0]
        if not number.isdigit() or number == "0":
            continue
        if unreadable := [one for path in dict.fromkeys(paths) for one in closed(path, int(number))]:
            tops = dict.fromkeys(str(path.relative_to(root) if path.is_relative_to(root) else path) for path in paths)
            more = f" and {len(unreadable) - 1} more" if len(unreadable) > 1 else ""
            raise Problem(
                f"The container's user {number} may not read {unreadable[0]}{more}, which it gets of this folder. (A "
                f"umask of 077 makes files so.) Let others read it: chmod -R go+rX {' '.join(tops)}"
            )


def let_write(stack: Stack, config: Mapping[str, Any]) -> None:
    """Let the service write into volumes that are there for it: new ones are root's. Raises Problem."""
    web = config["services"][WEB]
    for mount in web.get("volumes") or ():
        one = (config.get("volumes") or {}).get(mount.get("source"))
        if mount["type"] != "volume" or not one or one.get("external") or mount.get("read_only"):
            continue
        shell, name, user = stack.shell, stack.name, str(web.get("user") or "")
        volumes.create(shell, one["name"], f"{PROJECT}={name}", f"{volumes.VOLUME}={mount['source']}")
        user = user or images.existing(shell, web["image"]).user
        volumes.let_write(shell, name, one["name"], mount["target"], web["image"], user)


def is_any_closed(root: Path) -> bool:
    """Tell whether anything in a project's folder is closed to others, where modes count: not below macOS's engine."""
    tops = (top for top in root.iterdir() if top.name not in UNREAD and not dotenv.is_private(top.name))
    return sys.platform == "linux" and any(True for top in tops for _ in closed(top, -1))


def _below(path: Path) -> Iterator[Path]:
    for folder, folders, files in os.walk(path):
        folders[:] = [name for name in folders if name not in UNREAD]
        yield from (Path(folder, name) for name in (*folders, *files))
