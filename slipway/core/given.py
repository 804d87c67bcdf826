"""What root makes in another user's folder is that user's, who could not go on with it otherwise.

The launcher imports this, with the standard library alone.
"""

import contextlib
import os
from collections.abc import Iterator
from pathlib import Path

DATA = "PG_VERSION"  # in a folder of PostgreSQL's data, which stays whose it is: a server may be at work there


def give(path: Path, like: Path, within: bool = True) -> None:
    """Give what is root's of a path to the owner of the folder `like`, all `within` it as well.

    Nothing for other callers, and in a folder of root's. What may not be given, as on some network disks, stays.
    """
    if os.geteuid() != 0:
        return
    with contextlib.suppress(OSError):
        of = like.stat()
        for one in _all(path) if of.st_uid and within else [path] if of.st_uid else []:
            with contextlib.suppress(OSError):
                if one.lstat().st_uid == 0:
                    os.chown(one, of.st_uid, of.st_gid, follow_symlinks=False)


def _all(path: Path) -> Iterator[Path]:
    if not path.is_dir() or path.is_symlink():
        yield path
        return
    for folder, folders, files in os.walk(path):  # which follows no link
        if DATA in files:
            folders.clear()
            continue
        links = (name for name in folders if Path(folder, name).is_symlink())
        yield from (Path(folder), *(Path(folder, name) for name in (*links, *files)))
