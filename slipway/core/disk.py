"""Files that cannot be read or written: whose they are, a disk that is full or read-only, and what to do about it.

The launcher imports this, with the standard library alone.
"""

import contextlib
import errno
import os
import shutil
import tempfile
from pathlib import Path

from slipway.core.caller import named
from slipway.core.words import human

FULL = (errno.ENOSPC, errno.EDQUOT)
KNOWN = (errno.EACCES, errno.EPERM, errno.EROFS, *FULL)
LITTLE = 50_000_000  # bytes, with which nothing is installed
SAID = (*map(os.strerror, FULL), "Check free disk space")  # PostgreSQL's hint


def explained(error: OSError, root: Path) -> str:
    """Return what kept a file of the project in `root` from being read or written, and what to do; "" for others."""
    file = str(error.filename or root)
    if error.errno in FULL:
        return full(Path(file)) if error.filename else full(root, root / ".slipway", *temporary())
    if error.errno == errno.EROFS:
        return f"{file} cannot be written: its disk is read-only. Mount it to be written, or copy {root} elsewhere."
    if error.errno in KNOWN and error.filename:
        return denied(file, root, os.geteuid(), _owner(Path(file)))
    return ""


def denied(file: str, root: Path, user: int, owner: int | None) -> str:
    """Return how a user gets to a file of the project in `root` that is another's (None: nobody knows whose)."""
    if not Path(file).is_relative_to(root):
        return f"{file} is not for this user ({named(user)})."
    if owner == user:
        return f"{file} is closed to its own user: chmod -R u+rwX {root}"
    whose = named(owner) if owner is not None else "somebody else"
    return (
        f"{file} is {whose}'s, and not this user's ({named(user)}): stop what {whose} has running here (./inv down), "
        f"then: sudo chown -R {user} {root}"
    )


def full(*folders: Path) -> str:
    """Return that no space is left, and how much there is in each folder that is on a disk of its own."""
    disks = {_there(folder).stat().st_dev: folder for folder in reversed(folders)}
    free = ", ".join(f"{human(_free(folder))} free in {folder}" for folder in reversed(disks.values()))
    return f"No space is left on the disk: {free}. Make room, then run this again."


def is_full(said: str, *folders: Path) -> bool:
    """Tell whether a program failed for want of space, by what it said or by what there is."""
    return any(words in said for words in SAID) or any(_free(folder) < LITTLE for folder in folders)


def temporary() -> list[Path]:
    """Return the folder of temporary files, [] for none."""
    with contextlib.suppress(OSError):  # it is tried
        return [Path(tempfile.gettempdir())]
    return []


def _free(folder: Path) -> int:
    return shutil.disk_usage(_there(folder)).free


def _there(path: Path) -> Path:
    return next(one for one in (path, *path.absolute().parents) if one.exists())


def _owner(file: Path) -> int | None:
    for one in (file, *file.parents):  # one that is not there yet is its folder's owner's
        with contextlib.suppress(OSError):
            return one.stat().st_uid
    return None
