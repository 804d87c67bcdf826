"""Files that are written in one step: whoever reads one finds the old text or the new one."""

import contextlib
import os
import shutil
from collections.abc import Iterator
from pathlib import Path

from slipway.core import given


def create(path: Path, text: str) -> None:
    """Write a file that its owner alone can read; one that is there stays: another verb made it meanwhile."""
    with _written(path, text.encode()) as temporary, contextlib.suppress(FileExistsError):
        path.hardlink_to(temporary)


def replace(path: Path, content: bytes) -> None:
    """Let a file that is there have other content, its owner and mode as before; raises OSError."""
    path = path.resolve()  # it may be a link
    with _written(path, content) as temporary:
        was = path.stat()
        shutil.copymode(path, temporary)
        if os.geteuid() == 0:
            os.chown(temporary, was.st_uid, was.st_gid)
        temporary.replace(path)


def put(path: Path, content: bytes) -> None:
    """Have a file with this content, which its owner alone can write; raises OSError."""
    if path.is_file() and path.read_bytes() == content:
        return
    with _written(path, content) as temporary:
        temporary.replace(path)


@contextlib.contextmanager
def _written(path: Path, content: bytes) -> Iterator[Path]:
    temporary = path.with_name(f"{path.name}.{os.getpid()}.new")
    descriptor = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    try:
        with os.fdopen(descriptor, "wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        given.give(temporary, path.parent, within=False)
        yield temporary
    finally:
        temporary.unlink(missing_ok=True)
