"""Two images, compared to the byte."""

import io
import json
import tarfile
from pathlib import Path
from typing import Any

from slipway.image.reproduce import differences


def archive(path: Path, files: dict[str, tuple[bytes, int, int]], **config: Any) -> Path:
    """Write what `docker save` writes of an image with one layer; files are content, mode and time."""
    layer = io.BytesIO()
    with tarfile.open(fileobj=layer, mode="w") as tar:
        for name, (content, mode, time) in files.items():
            add(tar, name, content, mode, time)
    configuration = {"config": config, "rootfs": {"diff_ids": [str(path)]}}
    manifest = [{"Config": "blobs/config", "Layers": ["blobs/layer"]}]
    with tarfile.open(path, "w") as tar:
        add(tar, "manifest.json", json.dumps(manifest).encode())
        add(tar, "blobs/config", json.dumps(configuration).encode())
        add(tar, "blobs/layer", layer.getvalue())
    return path


def add(tar: tarfile.TarFile, name: str, content: bytes, mode: int = 0o644, time: int = 0) -> None:
    """Add a file."""
    entry = tarfile.TarInfo(name)
    entry.size, entry.mode, entry.mtime = len(content), mode, time
    tar.addfile(entry, io.BytesIO(content))


def test_files_that_differ_are_named_with_what_differs(tmp_path: Path) -> None:
    same = (b"same", 0o644, 1)
    one = archive(tmp_path / "1", {"srv/a": same, "srv/b": (b"x", 0o644, 1), "srv/c": same, "srv/d": same})
    other = archive(tmp_path / "2", {"srv/a": same, "srv/b": (b"y", 0o600, 1), "srv/c": (b"same", 0o644, 2)})

    assert differences(one, other) == [
        "/srv/b: mode, content",
        "/srv/d: only in the first",
        "/srv/c: time",
    ]


def test_parts_of_the_configuration_are_named(tmp_path: Path) -> None:
    one = archive(tmp_path / "1", {}, Labels={"a": "1", "b": "2"}, Cmd=["x", "y"])
    other = archive(tmp_path / "2", {}, Labels={"a": "1", "b": "3"}, Cmd=["x", "z"])

    assert differences(one, other) == ["configuration: config.Cmd[1]", "configuration: config.Labels.b"]


def test_equal_images_have_no_difference(tmp_path: Path) -> None:
    files = {"srv/a": (b"same", 0o644, 1)}

    assert differences(archive(tmp_path / "1", files), archive(tmp_path / "2", files)) == []
