"""The archive of the template in a wheel: one file, as that is a third smaller than its files one by one."""

import io
import tarfile
from collections.abc import Mapping
from importlib import resources

NAME = "files.tar.xz"


def pack(files: Mapping[str, bytes]) -> bytes:
    """Return an archive of files, the same bytes each time."""
    written = io.BytesIO()
    with tarfile.open(fileobj=written, mode="w:xz", preset=9, format=tarfile.USTAR_FORMAT) as archive:
        for name, content in sorted(files.items()):
            entry = tarfile.TarInfo(name)
            entry.size = len(content)
            archive.addfile(entry, io.BytesIO(content))
    return written.getvalue()


def unpack(packed: bytes) -> dict[str, bytes]:
    """Return the files of an archive."""
    with tarfile.open(fileobj=io.BytesIO(packed), mode="r:xz") as archive:
        return {entry.name: file.read() for entry in archive if (file := archive.extractfile(entry))}


def shipped() -> dict[str, bytes] | None:
    """Return the files of the archive that this Slipway came with, None where it lies in its own repository."""
    inside = resources.files("slipway.template") / NAME
    return unpack(inside.read_bytes()) if inside.is_file() else None
