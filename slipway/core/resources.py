"""Files of Slipway's own, wherever it is installed: beside its modules, and those that a project has at its top."""

import io
import tarfile
from collections.abc import Mapping
from functools import cache
from importlib import resources
from importlib.resources.abc import Traversable

ARCHIVE = "template/files.tar.xz"  # in a wheel: a third smaller than its files one by one


def inside(path: str) -> Traversable:
    """Return a file or folder of the package, by its path in it."""
    return resources.files("slipway").joinpath(path)


def text(path: str) -> str:
    """Return the text of a file of the package."""
    return inside(path).read_text(encoding="utf-8")


def template(name: str) -> str:
    """Return the text of a file that Slipway gives a project, like compose.yaml.

    It is in the wheel, or at the top of the repository that this Slipway lies in; nothing stands twice.
    """
    files = packaged()
    return text(f"../{name}") if files is None else files[name].decode()


@cache
def packaged() -> Mapping[str, bytes] | None:
    """Return the files of the wheel's archive, None where Slipway lies in its own repository."""
    archive = inside(ARCHIVE)
    return unpack(archive.read_bytes()) if archive.is_file() else None


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
