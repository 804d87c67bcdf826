"""An image as `docker save` writes it: its configuration, and the files of its layers."""

import contextlib
import hashlib
import json
import tarfile
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any

from slipway.core.shell import Shell
from slipway.engine import images


@dataclass(frozen=True)
class Member:
    """A file of a layer, or what is none: a folder, a link.

    `layer` counts from 0. It can be read until the next one is asked for.
    """

    layer: int
    header: tarfile.TarInfo
    file: IO[bytes] | None

    @property
    def path(self) -> str:
        """Where it is in the image, without a slash before it."""
        return self.header.name

    def read(self) -> bytes:
        """Return what is in it."""
        return self.file.read() if self.file else b""

    def digest(self) -> bytes:
        """Return the SHA-256 of what is in it, b"" for what is no file."""
        return hashlib.file_digest(self.file, "sha256").digest() if self.file else b""  # type: ignore[arg-type]


class Archive:
    """An archive of one image, open for reading."""

    def __init__(self, outer: tarfile.TarFile) -> None:
        self._outer = outer
        (manifest,) = json.load(self._part("manifest.json"))
        configuration = self._part(manifest["Config"]).read()
        self.id = f"sha256:{hashlib.sha256(configuration).hexdigest()}"  # the image's, whatever its engine calls it
        self.configuration: Mapping[str, Any] = json.loads(configuration)
        self.layers: Sequence[str] = manifest["Layers"]

    def members(self, below: int = 0) -> Iterator[Member]:
        """Yield what is in the layers, without the first `below` ones; also what a later layer removes."""
        for layer, name in enumerate(self.layers[below:], below):
            with tarfile.open(fileobj=self._part(name)) as inner:
                for one in inner:
                    yield Member(layer, one, inner.extractfile(one) if one.isfile() else None)

    def _part(self, name: str) -> IO[bytes]:
        file = self._outer.extractfile(name)
        assert file is not None  # noqa: S101  (a regular file, by the format)
        return file


@contextlib.contextmanager
def opened(path: Path) -> Iterator[Archive]:
    """Open an archive."""
    with tarfile.open(path) as outer:
        yield Archive(outer)


@contextlib.contextmanager
def saved(shell: Shell, tag: str) -> Iterator[Path]:
    """Write an image of the engine into an archive, which is gone afterwards; raises Problem."""
    with tempfile.TemporaryDirectory(prefix="slipway-image-") as folder:
        path = Path(folder) / "image.tar"
        shell.output(images.save_command(tag, str(path)))
        yield path
