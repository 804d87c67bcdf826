"""An archive of `docker save`: its configuration and layers."""

import hashlib
import io
import json
import tarfile
from pathlib import Path

from slipway.image.archive import opened
from tests.slipway.image.support import saved_image


def test_layers_are_read_in_their_order_and_those_of_the_base_left_out(tmp_path: Path) -> None:
    path = saved_image(tmp_path / "x.tar", {"etc/base": b"1"}, {"srv/a": b"22", "srv/b": b""}, {"srv/.wh.a": b""})

    def members(below: int = 0) -> list[tuple[int, str]]:
        with opened(path) as image:
            return [(member.layer, member.path) for member in image.members(below)]

    assert members() == [(0, "etc/base"), (1, "srv/a"), (1, "srv/b"), (2, "srv/.wh.a")]
    assert members(below=2) == [(2, "srv/.wh.a")]
    assert members(below=3) == []


def test_the_configuration_is_that_of_the_image(tmp_path: Path) -> None:
    with opened(saved_image(tmp_path / "x.tar", {}, {}, Cmd=["x"], Labels={"a": "b"})) as image:
        assert image.configuration["config"] == {"Cmd": ["x"], "Labels": {"a": "b"}}
        assert len(image.layers) == 2
        with tarfile.open(tmp_path / "x.tar") as outer:
            (manifest,) = json.load(outer.extractfile("manifest.json") or io.BytesIO())
            written = (outer.extractfile(manifest["Config"]) or io.BytesIO()).read()
        assert image.id == f"sha256:{hashlib.sha256(written).hexdigest()}"


def test_a_file_is_read_or_hashed_and_keeps_its_header(tmp_path: Path) -> None:
    content = (b"content", 0o755, 7)

    with opened(saved_image(tmp_path / "x.tar", {"srv/a": content, "srv/b": content})) as image:
        members = image.members()
        one = next(members)
        assert one.read() == b"content"
        assert (one.header.mode, one.header.mtime) == (0o755, 7)
        assert next(members).digest() == hashlib.sha256(b"content").digest()


def test_what_is_no_file_has_no_content(tmp_path: Path) -> None:
    with opened(saved_image(tmp_path / "x.tar", {"srv/": b"", "srv/link": "srv/a"})) as image:
        members = {one.path: (one.file, one.read(), one.digest()) for one in image.members()}

    assert members == {"srv": (None, b"", b""), "srv/link": (None, b"", b"")}
