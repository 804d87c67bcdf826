"""What pyproject.toml asks for and is not locked; packages that are folders, and what builds them.

Read with the standard library alone: the launcher does so before anything is installed.
"""

import re
import tomllib
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

from slipway.project.lockfile import ANOTHER, LOCK, Lockfile, Package, Unusable, canonical, has_foreign
from slipway.project.lockfile import NAME as LOCKED

PROJECT = "pyproject.toml"
GROUP = "build"  # of the lock file: the build backends
NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]*")  # in a requirement
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


def unlocked(root: Path) -> str:
    """Say what a project, or a folder of its own that is a package, asks for and poetry.lock has not; "" for nothing.

    Nothing is said without a lock file, nor where one of these cannot be read: whoever needs it does.
    """
    path = root / LOCKED
    if not path.exists():
        return ""
    text = path.read_text(encoding="utf-8", errors="replace")
    try:
        inner = [one.folder for one in Lockfile.read(root).packages if one.folder] if has_foreign(root) else []
        asked = {PROJECT: _asked(_about(root, "this project"), True)}
        asked |= {one: _asked(_about(root / one, one), False) for one in inner if (root / one).is_dir()}
    except Unusable:
        return ""
    lacking = {place: [one for one in names if f'\nname = "{one}"\n' not in text] for place, names in asked.items()}
    said = [f"{place} asks for {', '.join(names)}" for place, names in lacking.items() if names]
    return f"{'; '.join(said)}, of which {LOCKED} has nothing: {LOCK}" if said else ""


def _asked(about: dict[str, Any], groups: bool) -> list[str]:
    listed = [about.get("project", {}).get("dependencies", [])]
    listed += about.get("dependency-groups", {}).values() if groups else []
    names = [_name(one) for group in listed for one in group if isinstance(one, str)]
    names += about.get("tool", {}).get("poetry", {}).get("dependencies", {}).keys() - {"python"}
    return list(dict.fromkeys(map(canonical, names)))


def version(folder: Path) -> str:
    """Return the version that a folder says it is, "" where its backend finds that out."""
    about = _about(folder, str(folder))
    tables = (about.get("project", {}), about.get("tool", {}).get("poetry", {}))
    return next((str(table["version"]) for table in tables if "version" in table), "")


def needs(folder: Path) -> Sequence[str]:
    """Return what builds a folder, as it says itself; raises Unusable."""
    return _needs(_about(folder, str(folder)))


def _needs(about: dict[str, Any]) -> Sequence[str]:
    found: Sequence[str] = about.get("build-system", {}).get("requires", LEGACY)
    return found


def _check(package: Package, folder: Path, locked: set[str]) -> None:
    comes = f"{package.name} comes from the folder {package.folder}"
    about = _about(folder, comes)
    if missing := [need for need in _needs(about) if canonical(_name(need)) not in locked]:
        wanted = " ".join(f"'{need}'" for need in missing)
        raise Unusable(
            f"{comes}, which is built with {', '.join(map(_name, missing))}, and the group {GROUP} of the lock file "
            f"has no such package: poetry add --group {GROUP} {wanted}"
        )


def _about(folder: Path, comes: str) -> dict[str, Any]:
    if not folder.is_dir():
        raise Unusable(f"{comes}, which is not there: put it back, or {ANOTHER}")
    file = folder / PROJECT
    try:
        return tomllib.loads(file.read_text(encoding="utf-8")) if file.exists() else {}
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise Unusable(f"{comes}, whose pyproject.toml is not valid TOML: {error}") from None


def _name(requirement: str) -> str:
    found = NAME.match(requirement.strip())
    return found[0] if found else requirement
