"""Whether a build is reproducible: made twice, compared to the byte."""

import contextlib
import hashlib
import json
import os
import shutil
import tarfile
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

from slipway.core.errors import Problem
from slipway.image import plan as image
from slipway.image.build import Options
from slipway.image.context import IGNORE_FILES, context
from slipway.image.plan import Image

if TYPE_CHECKING:
    from slipway.verbs.session import Lifecycle

SHOWN = 20  # differences
ASPECTS = ("kind", "mode", "owner", "time", "target", "attributes", "content")

Entry = tuple[object, ...]


def verify(here: "Lifecycle", built: Image, options: Options) -> None:
    """Build once more, from another folder, and compare.

    Without the cache, from files of another time and mode. Raises Problem, naming what differs, when the two images
    are not the same to the bit.
    """
    shell = here.shell
    again = f"{built.project.image}:verify-{os.getpid()}"
    try:
        with here.steps.step("again", "in another folder, without the cache"), _elsewhere(built.project.root) as folder:
            again_options = Options(options.secrets, no_cache=True).arguments
            image.build(here, built, [again], options=again_options, cwd=folder)
        with here.steps.step("verify") as step:
            first, second = (image.built_id(shell, tag) for tag in (built.tag, again))
            if first != second:
                found = differing(here, built.tag, again) or "  - their archives alone: the order of the files"
                raise Problem(f"{found}\nThe image is not reproducible: see above.")
            step.detail = f"identical: {first}"
    finally:
        shell.probe(["docker", "image", "rm", again])


@contextlib.contextmanager
def _elsewhere(root: Path) -> Iterator[Path]:
    # As another user's umask and clock would have it.
    with tempfile.TemporaryDirectory(prefix="slipway-verify-") as name:
        folder = Path(name) / "elsewhere"
        for path in [*context(root), "Dockerfile", *IGNORE_FILES]:
            source, target = root / path, folder / path
            if not (source.is_file() or source.is_symlink()):
                continue
            target.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            shutil.copyfile(source, target, follow_symlinks=False)
            if not target.is_symlink():
                target.chmod(0o700 if source.stat().st_mode & 0o100 else 0o600)
        yield folder


def differing(here: "Lifecycle", *tags: str) -> str:
    """Return lines that say in what two images differ, "" when it is neither files nor configuration."""
    with tempfile.TemporaryDirectory(prefix="slipway-verify-") as folder:
        archives = [Path(folder) / str(index) for index in range(len(tags))]
        for tag, archive in zip(tags, archives, strict=True):
            here.shell.output(["docker", "save", "--output", str(archive), tag])
        found = differences(archives[0], archives[1])
    more = [f"  ... and {len(found) - SHOWN} more"] if len(found) > SHOWN else []
    return "\n".join([*(f"  - {line}" for line in found[:SHOWN]), *more])


def differences(first: Path, second: Path) -> list[str]:
    """Compare two archives of `docker save`, each of one image.

    Returns a line for each file that differs, with what about it does, and for each part of the configuration; what
    differs in content comes first.
    """
    (one, layers), (other, other_layers) = _read(first), _read(second)
    content: list[str] = []
    rest: list[str] = []
    for index in range(max(len(layers), len(other_layers))):
        pair = [side[index] if index < len(side) else {} for side in (layers, other_layers)]
        for name in sorted({*pair[0], *pair[1]}):
            a, b = (side.get(name) for side in pair)
            if a is None or b is None:
                content.append(f"/{name}: only in the {'second' if a is None else 'first'}")
            elif a != b:
                what = [aspect for aspect, x, y in zip(ASPECTS, a, b, strict=True) if x != y]
                (content if "content" in what else rest).append(f"/{name}: {', '.join(what)}")
    return content + rest + [f"configuration: {path}" for path in _paths(one, other)]


def _read(archive: Path) -> tuple[dict[str, Any], list[dict[str, Entry]]]:
    with tarfile.open(archive) as outer:

        def member(name: str) -> Any:
            file = outer.extractfile(name)
            assert file is not None  # noqa: S101  (a regular file, by the format)
            return file

        (manifest,) = json.load(member("manifest.json"))
        configuration = json.load(member(manifest["Config"]))
        configuration.pop("rootfs", None)  # the layers' hashes
        return configuration, [_entries(member(name)) for name in manifest["Layers"]]


def _entries(layer: Any) -> dict[str, Entry]:
    found: dict[str, Entry] = {}
    with tarfile.open(fileobj=layer) as inner:
        for one in inner:
            file = inner.extractfile(one) if one.isfile() else None
            content = hashlib.file_digest(file, "sha256").digest() if file else b""  # type: ignore[arg-type]
            owner = (one.uid, one.gid)
            attributes = {k: v for k, v in one.pax_headers.items() if k.startswith("SCHILY.xattr.")}
            found[one.name] = (one.type, one.mode, owner, one.mtime, one.linkname, attributes, content)
    return found


def _paths(one: Any, other: Any, path: str = "") -> Iterator[str]:
    if isinstance(one, dict) and isinstance(other, dict):
        for key in sorted({*one, *other}):
            yield from _paths(one.get(key), other.get(key), f"{path}.{key}" if path else key)
    elif isinstance(one, list) and isinstance(other, list) and len(one) == len(other):
        for index, (a, b) in enumerate(zip(one, other, strict=True)):
            yield from _paths(a, b, f"{path}[{index}]")
    elif one != other:
        yield path
