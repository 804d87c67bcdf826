"""Folders to build, and images as `docker save`, `docker history` and contents.py show them."""

import io
import json
import tarfile
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from slipway.engine.images import EngineImage

File = bytes | tuple[bytes, int, int] | str  # content; or content, mode and time; or where a link leads
TIME = "2026-01-02T03:04:05Z"


def touch(root: Path, *names: str) -> None:
    """Make empty files in a folder."""
    for name in names:
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).touch()


def tar(files: Mapping[str, File]) -> bytes:
    """Return an archive of files, links, and folders (whose names end with a slash)."""
    packed = io.BytesIO()
    with tarfile.open(fileobj=packed, mode="w") as archive:
        for name, file in files.items():
            entry = tarfile.TarInfo(name)
            if isinstance(file, str):
                entry.type, entry.linkname = tarfile.SYMTYPE, file
                archive.addfile(entry)
            elif name.endswith("/"):
                entry.type = tarfile.DIRTYPE
                archive.addfile(entry)
            else:
                content, entry.mode, entry.mtime = file if isinstance(file, tuple) else (file, 0o644, 0)
                entry.size = len(content)
                archive.addfile(entry, io.BytesIO(content))
    return packed.getvalue()


def saved_image(path: Path, *layers: Mapping[str, File], **config: Any) -> Path:
    """Write what `docker save` writes of an image with these layers."""
    blobs = {f"blobs/{index}": tar(layer) for index, layer in enumerate(layers)}
    manifest = [{"Config": "blobs/config", "Layers": list(blobs)}]
    configuration = {"config": config, "rootfs": {"diff_ids": [str(path)]}}
    parts = {"manifest.json": manifest, "blobs/config": configuration}
    path.write_bytes(tar({name: json.dumps(part).encode() for name, part in parts.items()} | blobs))
    return path


def step(made_by: str, size: int, created: str = TIME) -> dict[str, str]:
    """Return a line of `docker history`."""
    return {"CreatedBy": made_by, "Size": str(size), "CreatedAt": created}


BASE = [step("base", 80_000_000, "2025-01-01T00:00:00Z"), step("CMD", 0, "2025-01-01T00:00:00Z")]
OURS = [step("ENV A=1", 0), step("COPY /a / # buildkit", 20_000_000), step("COPY /b / # buildkit", 500_000)]
IMAGE = EngineImage.of({"Id": "sha256:ab", "Created": TIME, "Config": {"User": "65532:65532", "Labels": {"a": "b"}}})


def package(name: str, size: int = 1, **more: Any) -> dict[str, Any]:
    """Return a package as the image says it."""
    blank = {"summary": "", "expression": "", "license": "", "classifiers": [], "requires": [], "archive": {}}
    return {"name": name, "version": "1.0", "size": size} | blank | more


def installed(environment: Sequence[Mapping[str, Any]], base: Sequence[Mapping[str, Any]] = ()) -> dict[str, Any]:
    """Return what contents.py prints of an image of Debian's."""
    libc = {"name": "libc6", "version": "2.41-12", "arch": "amd64", "source": "glibc", "license": ""}
    system = {"id": "debian", "version": "13", "packages": [libc]}
    return {"python": "3.13.5", "environment": list(environment), "base": list(base), "system": system}
