"""Packages that come from no index: which of them an image may have, as a hash in the lock file checks them."""

from collections.abc import Collection, Sequence
from pathlib import Path, PurePosixPath

from slipway.core.errors import Problem
from slipway.project.lockfile import DIRECTORY, LOCK, NAME, Lockfile, Package, Unusable, has_foreign

FOLDER = "vendor"  # of the project: the wheels that a build takes; the Dockerfile and .dockerignore name it as well
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
        raise Problem(f"No image can be made: {one.unchecked}, and no hash checks it. {_instead(one)}")
    if altered := lock.altered(*groups):
        raise Problem(f"No image can be made: {altered}")
    dockerfile = (root / "Dockerfile").read_text(encoding="utf-8")
    for one in packages:
        if one.file:
            _check_place(PurePosixPath(one.file), one.name, seen, dockerfile)


def _instead(package: Package) -> str:
    if package.kind != DIRECTORY:
        return PUBLISH
    build = f'poetry build --project {package.origin} --format wheel --output "$PWD/{FOLDER}"'
    named = f'{package.name} = {{path = "{FOLDER}/FILE.whl"}}'
    return f"Build a wheel of it: {build}. Name that in [tool.poetry.dependencies]: {named}; then: {LOCK}"


def _check_place(file: PurePosixPath, name: str, seen: Collection[PurePosixPath], dockerfile: str) -> None:
    if file.parts[0] != FOLDER:
        raise Problem(
            f"No image can be made: {name} comes from {file}, and a build takes wheels from {FOLDER}/ alone. Move it "
            f"there, and name it so in pyproject.toml; then: {LOCK}"
        )
    if file not in seen:
        raise Problem(f".dockerignore does not let {file} into the build: it needs the line !{file}")
    if FOLDER[:-1] not in dockerfile:
        raise Problem(f"The Dockerfile copies no {FOLDER}/, from which {name} comes: take Slipway's")
