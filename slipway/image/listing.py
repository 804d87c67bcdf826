"""The lists of packages that an image is made of: Poetry's, and a second reading of the lock file beside it."""

import os
import re
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import unquote

from packaging.utils import canonicalize_name, canonicalize_version

from slipway.core.errors import Problem
from slipway.image import build, folders, markers
from slipway.image.plan import Image
from slipway.project.checkout import Checkout
from slipway.project.lockfile import NAME, Lockfile, Unusable

TARGET = "requirements"  # the stage of the Dockerfile that holds them, a file each
PROJECT = folders.PROJECT  # where the project is in the stage that makes them
LISTS = {"main.txt": ("main",), "dev.txt": ("main", "dev")}  # and the groups that are in each
SHOWN = 20  # differences
LINE = re.compile(
    r"(?P<name>[\w.-]+)(?:==(?P<version>[^\s;]+)| @ file://(?P<file>/\S+))"
    r"(?: ; (?P<marker>.+?))??(?P<hashes>(?: --hash=\w+:[0-9a-f]+)+)"
)
BUILT = re.compile(
    rf"{PROJECT}/{folders.BUILT}/(?P<folder>.+)/[^/-]+-(?P<version>[^/-]+)-[^/]+\.whl"  # one of a folder
)
INDEX = re.compile(r"--(?:extra-)?index-url (?P<url>\S+)|--trusted-host \S+")


class Unreadable(ValueError):
    """What no list of packages with hashes has."""


@dataclass(frozen=True)
class Requirement:
    """When a package is installed ("" for always), and the hashes of its files; the lock file has none of a folder."""

    marker: str
    hashes: frozenset[str]


@dataclass
class Listing:
    """Packages by "name version", and the indexes that are named."""

    packages: dict[str, Requirement] = field(default_factory=dict)
    indexes: set[str] = field(default_factory=set)


def read(text: str) -> Listing:
    """Read pip's requirement lines.

    Raises Unreadable for any that is not a package with its version and hashes, or an index.
    """
    found = Listing()
    for line in re.sub(r"\s*\\\n\s*", " ", text).splitlines():
        if not line or line.startswith("#"):
            continue
        if index := INDEX.fullmatch(line):
            found.indexes |= {index["url"].rstrip("/")} if index["url"] else set()
            continue
        if not (one := LINE.fullmatch(line)):
            raise Unreadable(f"{line.partition(' --hash')[0]!r} is no package with its version and hashes")
        name = f"{canonicalize_name(one['name'])} {one['version'] or one['file']}"
        if built := BUILT.fullmatch(one["file"] or ""):
            name = _of_folder(one["name"], built["version"], unquote(built["folder"]))
        if name in found.packages:
            raise Unreadable(f"{name} is listed twice")
        found.packages[name] = Requirement(one["marker"] or "", frozenset(one["hashes"].split()))
    return found


def _of_folder(name: str, version: str, folder: str) -> str:
    return f"{canonicalize_name(name)} {canonicalize_version(version, strip_trailing_zero=False)} of {folder}"


def differences(theirs: Listing, ours: Listing, python: str) -> Iterator[str]:
    """Yield in what Poetry's list differs from ours, a line each; of the Pythons that a project takes.

    A package that no environment installs is as one that is not listed. Raises Unreadable.
    """
    yield from (f"{url}: an index that the lock file does not name" for url in sorted(theirs.indexes - ours.indexes))
    for name in sorted(theirs.packages.keys() | ours.packages.keys()):
        one, other = theirs.packages.get(name), ours.packages.get(name)
        if one and other:
            if other.hashes and one.hashes != other.hashes:
                yield f"{name}: other hashes"
            if where := markers.differ(one.marker, other.marker, python):
                yield f"{name}: {one.marker or 'always'}, and here {other.marker or 'always'}: not the same for {where}"
        elif not markers.never((one or other or Requirement("", frozenset())).marker, python):
            yield f"{name}: only in " + ("Poetry's list" if one else NAME)


def expected(lock: Lockfile, groups: Sequence[str]) -> Listing:
    """Return the list of some groups, as the lock file is read here; raises Unusable."""
    found = read("\n".join(lock.requirements(*groups, root=PROJECT)))
    for one in lock.of(*groups):
        if one.folder:
            name = _of_folder(one.name, one.version, os.path.normpath(one.folder))
            found.packages[name] = Requirement(one.marker(groups), frozenset())
    found.indexes = {package.index.rstrip("/") for package in lock.of(*groups) if package.index}
    return found


def is_made(root: Path) -> bool:
    """Tell whether a project's Dockerfile has the stage that holds the lists."""
    file = root / "Dockerfile"
    return file.exists() and bool(re.search(rf"(?im)^FROM .* AS {TARGET}\s*$", file.read_text(encoding="utf-8")))


def exported(checkout: Checkout, image: Image, options: Sequence[str]) -> dict[str, str]:
    """Return the lists that an image was built of, as Poetry has written them; raises Problem."""
    with tempfile.TemporaryDirectory(prefix="slipway-lists-") as folder:
        build.export(checkout, image, TARGET, Path(folder), options)
        return {name: (Path(folder) / name).read_text(encoding="utf-8") for name in LISTS}


def check(root: Path, python: str, lists: Mapping[str, str]) -> str:
    """Compare lists of Poetry's with a reading of the lock file in a folder.

    Returns how many packages they have. Raises Problem, naming what differs, and for what cannot be read.
    """
    found: list[str] = []
    try:
        lock = Lockfile.read(root)
        for name, groups in LISTS.items():
            ours = expected(lock, groups)
            found += [f"  - {name}: {line}" for line in differences(read(lists[name]), ours, python)]
    except (Unusable, Unreadable, markers.Unreadable) as error:
        raise Problem(f"{NAME} and Poetry's list of it cannot be compared: {error}.") from None
    if found:
        more = [f"  ... and {len(found) - SHOWN} more"] if len(found) > SHOWN else []
        raise Problem("\n".join([*found[:SHOWN], *more, f"Poetry's list is not what {NAME} says: see above."]))
    return f"{len(ours.packages)} packages, read twice"
