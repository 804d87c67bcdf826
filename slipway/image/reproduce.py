"""Whether a build is reproducible: made twice, compared to the byte."""

import contextlib
import os
import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from slipway.core.errors import Problem
from slipway.core.shell import Shell
from slipway.engine import images
from slipway.image import build
from slipway.image.archive import Member, opened, saved
from slipway.image.build import Options
from slipway.image.context import IGNORE_FILES, context
from slipway.image.plan import Image
from slipway.project import adopted, tags
from slipway.project.checkout import Checkout
from slipway.project.config import Project

SHOWN = 20  # differences
ASPECTS = ("kind", "mode", "owner", "time", "target", "attributes", "content")

Entry = tuple[object, ...]


def verify(checkout: Checkout, image: Image, options: Options) -> None:
    """Build an image that is built once more, from another folder, and compare the two.

    Without the cache, from files of another time and mode. Raises Problem, naming what differs, when the two images
    are not the same to the bit.
    """
    shell, steps = checkout.shell, checkout.steps
    again = tags.on_engine(f"verify-{os.getpid()}", image.project.image)
    try:
        own = adopted.has_own_image(image.project)
        with (
            steps.step("again", f"{'' if own else 'in another folder, '}without the cache"),
            _again(image.project) as folder,
        ):
            uncached = Options(options.secrets, no_cache=True).arguments
            build.build(checkout, image, [again], options=uncached, cwd=folder)
        with steps.step("verify") as step:
            first, second = (images.built_id(shell, tag) for tag in (image.tag, again))
            if first != second:
                found = differing(shell, image.tag, again) or "  - their archives alone: the order of the files"
                whose = f" That is for {image.project.dockerfile} to see to." if own else ""
                raise Problem(f"{found}\nThe image is not reproducible: see above.{whose}")
            step.detail = f"identical: {first}"
    finally:
        shell.attempt(images.remove_command(again))


def _again(project: Project) -> contextlib.AbstractContextManager[Path]:
    # A project's own Dockerfile takes files as they are: where they lie, and their times, may well go into the image.
    return contextlib.nullcontext(project.root) if adopted.has_own_image(project) else _elsewhere(project.root)


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


def differing(shell: Shell, one: str, other: str) -> str:
    """Return lines that say in what two images differ, "" when it is neither files nor configuration."""
    with saved(shell, one) as first, saved(shell, other) as second:
        found = differences(first, second)
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


def _read(path: Path) -> tuple[dict[str, Any], list[dict[str, Entry]]]:
    with opened(path) as image:
        configuration = {key: value for key, value in image.configuration.items() if key != "rootfs"}  # layers' hashes
        layers: list[dict[str, Entry]] = [{} for _ in image.layers]
        for member in image.members():
            layers[member.layer][member.path] = _entry(member)
        return configuration, layers


def _entry(member: Member) -> Entry:
    one = member.header
    attributes = {key: value for key, value in one.pax_headers.items() if key.startswith("SCHILY.xattr.")}
    return (one.type, one.mode, (one.uid, one.gid), one.mtime, one.linkname, attributes, member.digest())


def _paths(one: Any, other: Any, path: str = "") -> Iterator[str]:
    if isinstance(one, dict) and isinstance(other, dict):
        for key in sorted({*one, *other}):
            yield from _paths(one.get(key), other.get(key), f"{path}.{key}" if path else key)
    elif isinstance(one, list) and isinstance(other, list) and len(one) == len(other):
        for index, (a, b) in enumerate(zip(one, other, strict=True)):
            yield from _paths(a, b, f"{path}[{index}]")
    elif one != other:
        yield path
