"""Packages that come from no index: which of them an image may have, as a hash in the lock file checks them."""

import contextlib
import os
import re
from collections.abc import Collection, Mapping, Sequence
from pathlib import Path, PurePosixPath

from packaging.requirements import Requirement
from packaging.utils import canonicalize_name
from packaging.version import InvalidVersion, Version

from slipway.core.errors import Problem
from slipway.image.context import unseen
from slipway.project import folders
from slipway.project.lockfile import LOCK, NAME, Lockfile, Package, Unusable, has_foreign

FOLDER = "vendor"  # of the project: the wheels that a build takes; the Dockerfile and .dockerignore name it as well
WHEELS = "wheels"  # the stage of the Dockerfile that builds folders
SCRIPT = "slipway/image/folders.py"  # of Slipway, which that stage runs; .dockerignore names it as well
COPIED = re.compile(r'(?m)^COPY (?:\["(?P<quoted>[^"]+)"|(?P<plain>[^\s\[-]\S*) )')
PUBLISH = (
    "Publish it to an index of yours (inv build --secret id=pip.conf,src=FILE has the login), or take a wheel of it "
    f"into {FOLDER}/; then: {LOCK}"
)


def check(root: Path, groups: Sequence[str], seen: Collection[PurePosixPath]) -> None:
    """Refuse packages that no hash checks, and wheels that a build does not see or that are not the locked ones.

    Takes the files that .dockerignore lets through. Raises Problem.
    """
    if not has_foreign(root):
        return
    try:
        lock = Lockfile.read(root)
    except Unusable as error:
        raise Problem(f"{NAME} cannot be read ({error}): {LOCK}") from None
    packages = lock.of(*groups)
    if one := next((one for one in packages if one.unchecked), None):
        raise Problem(f"No image can be made: {one.unchecked}, and no hash checks it. {PUBLISH}")
    if altered := lock.altered(*groups):
        raise Problem(f"No image can be made: {altered}")
    dockerfile = (root / "Dockerfile").read_text(encoding="utf-8")
    for one in packages:
        if one.file:
            _check_place(PurePosixPath(one.file), one.name, seen, dockerfile)
    every = lock.of("main", "dev")  # each build makes both lists
    try:
        folders.builders(lock, every)
    except Unusable as error:
        raise Problem(f"No image can be made: {error}") from None
    locked = {one.name: one.version for one in lock.of(folders.GROUP)}
    for one in every:
        if one.folder:
            _check_builders(one, root / one.folder, locked)
            _check_folder(one, root, seen, dockerfile)


def check_single(root: Path) -> None:
    """Refuse the image of one stage, which builds no wheels of folders; raises Problem."""
    if has_foreign(root) and (ours := [one.folder for one in Lockfile.read(root).of("main") if one.folder]):
        raise Problem(f"An image of a single stage has no packages of folders ({', '.join(ours)}): ./inv image")


def _check_builders(package: Package, folder: Path, locked: Mapping[str, str]) -> None:
    for need in map(Requirement, folders.needs(folder)):
        version = locked[canonicalize_name(need.name)]
        if not need.specifier.contains(version, prereleases=True):
            raise Problem(
                f"No image can be made: {package.folder} is built with {need}, and {NAME} has {version}: change it "
                f"there, or in the group {folders.GROUP} of pyproject.toml; then: {LOCK}"
            )


def _check_folder(package: Package, root: Path, seen: Collection[PurePosixPath], dockerfile: str) -> None:
    folder = PurePosixPath(os.path.normpath(package.folder))
    if not (root / folder).resolve().is_relative_to(root.resolve()):  # also through a link
        build = f'poetry build --project {package.folder} --format wheel --output "$PWD/{FOLDER}"'
        raise Problem(
            f"No image can be made: {package.name} comes from {package.folder}, outside the project, which no build "
            f"sees. Move it into the project, or build a wheel: {build}. Name that in [tool.poetry.dependencies]: "
            f'{package.name} = {{path = "{FOLDER}/FILE.whl"}}; then: {LOCK}'
        )
    if (version := folders.version(root / folder)) and not _same(version, package.version):
        raise Problem(f"{folder} is {package.name} {version}, and {NAME} has {package.version}: {LOCK}")
    if not any(one.is_relative_to(folder) for one in seen):
        raise Problem(f".dockerignore does not let {folder} into the build: above **/.env* it needs the line !{folder}")
    copied = {PurePosixPath(line["quoted"] or line["plain"]) for line in COPIED.finditer(dockerfile)}
    if not copied & {folder, *folder.parents} - {PurePosixPath()}:
        line = f'COPY ["{folder}", "{folder}"]' if " " in str(folder) else f"COPY {folder} {folder}"
        raise Problem(f"The Dockerfile's stage {WHEELS} copies no {folder}: it needs the line {line}")


def _same(one: str, other: str) -> bool:
    with contextlib.suppress(InvalidVersion):
        return Version(one) == Version(other)
    return one == other


def _check_place(file: PurePosixPath, name: str, seen: Collection[PurePosixPath], dockerfile: str) -> None:
    if file.parts[0] != FOLDER:
        raise Problem(
            f"No image can be made: {name} comes from {file}, and a build takes wheels from {FOLDER}/ alone. Move it "
            f"there, and name it so in pyproject.toml; then: {LOCK}"
        )
    if file not in seen:
        raise Problem(unseen(file))
    if FOLDER[:-1] not in dockerfile:
        raise Problem(f"The Dockerfile copies no {FOLDER}/, from which {name} comes: take Slipway's")
