"""Files that only their owner can read, each written in one step."""

import contextlib
import os
import shutil
from collections.abc import Iterator
from pathlib import Path


def create(path: Path, text: str) -> None:
    """Write a file that is not there; one that is stays: another verb made it meanwhile."""
    with _written(path, text) as temporary, contextlib.suppress(FileExistsError):
        path.hardlink_to(temporary)


def replace(path: Path, text: str) -> None:
    """Let a file that is there have another text, its owner and mode as before; raises OSError."""
    path = path.resolve()  # it may be a link
    with _written(path, text) as temporary:
        was = path.stat()
        shutil.copymode(path, temporary)
        if os.geteuid() == 0:
            os.chown(temporary, was.st_uid, was.st_gid)
        temporary.replace(path)


@contextlib.contextmanager
def _written(path: Path, text: str) -> Iterator[Path]:
    temporary = path.with_name(f"{path.name}.{os.getpid()}.new")
    descriptor = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    try:
        with os.fdopen(descriptor, "w", encoding="utf-8", newline="") as file:
            file.write(text)
            file.flush()
            os.fsync(file.fileno())
        yield temporary
    finally:
        temporary.unlink(missing_ok=True)
