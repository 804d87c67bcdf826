"""Packages that are folders: what builds them is locked as well, in a group of its own.

Read with the standard library alone: the launcher does so before anything is installed.
"""

import tomllib
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

from slipway.project.lockfile import LOCK, REQUIRED, Lockfile, Package, Unusable, canonical

GROUP = "build"  # of the lock file: the build backends
LEGACY = ("setuptools>=40.8.0",)  # https://peps.python.org/pep-0518/: of a folder that names none


def builders(lock: Lockfile, packages: Iterable[Package]) -> list[str]:
    """Return pip's lines for what builds these packages, which are folders; none where there are none.

    Raises Unusable with what to do, when a folder is not there, or needs something to be built that is not locked.
    """
    locked = {canonical(one.name) for one in lock.of(GROUP)}
    found = [package for package in packages if package.folder]
    for package in found:
        _check(package, lock.path.parent / package.folder, locked)
    return lock.requirements(GROUP) if found else []


def version(folder: Path) -> str:
    """Return the version that a folder says it is, "" where its backend finds that out."""
    about = _about(folder, str(folder))
    tables = (about.get("project", {}), about.get("tool", {}).get("poetry", {}))
    return next((str(table["version"]) for table in tables if "version" in table), "")


def _check(package: Package, folder: Path, locked: set[str]) -> None:
    comes = f"{package.name} comes from the folder {package.folder}"
    about = _about(folder, comes)
    needs: Sequence[str] = about.get("build-system", {}).get("requires", LEGACY)
    if missing := [need for need in needs if canonical(_name(need)) not in locked]:
        wanted = " ".join(f"'{need}'" for need in missing)
        raise Unusable(
            f"{comes}, which is built with {', '.join(map(_name, missing))}, and the group {GROUP} of the lock file "
            f"has no such package: poetry add --group {GROUP} {wanted}"
        )


def _about(folder: Path, comes: str) -> dict[str, Any]:
    if not folder.is_dir():
        raise Unusable(f"{comes}, which is not there: put it back, or name another one in pyproject.toml, then: {LOCK}")
    file = folder / "pyproject.toml"
    try:
        return tomllib.loads(file.read_text(encoding="utf-8")) if file.exists() else {}
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise Unusable(f"{comes}, whose pyproject.toml is not valid TOML: {error}") from None


def _name(requirement: str) -> str:
    found = REQUIRED.match(requirement.strip())
    return found[0] if found else requirement
