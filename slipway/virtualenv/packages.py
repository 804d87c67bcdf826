"""What is installed in a virtual environment, beside what the lock file asks for."""

import contextlib
import json
import re
import tomllib
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path

from slipway.project.lockfile import Lockfile, Package, canonical
from slipway.virtualenv import markers

KEPT = {"pip", "setuptools", "wheel"}  # whoever made .venv may have brought them


def installed(sites: Iterable[Path]) -> dict[str, str]:
    """Return the packages in some folders by name, with their versions.

    What has no list of its files was not installed to the end.
    """
    found = {}
    for site in sites:
        for folder in site.glob("*.dist-info"):
            if (folder / "RECORD").exists():
                name, _, version = folder.name.removesuffix(".dist-info").partition("-")
                found[canonical(name)] = version
    return found


def unfinished(sites: Iterable[Path]) -> Iterator[Path]:
    """Yield the folders of packages that were not installed to the end."""
    for site in sites:
        yield from (folder for folder in site.glob("*.dist-info") if not (folder / "RECORD").exists())


def needed(lock: Lockfile, groups: Sequence[str], where: Mapping[str, str]) -> dict[str, str]:
    """Return the packages by name that groups of a lock file have in an environment, with their versions.

    Raises markers.Unreadable.
    """
    holding = (one for one in lock.of(*groups) if markers.holds(one.marker(groups), where))
    return {canonical(one.name): one.version for one in holding}


def archives(lock: Lockfile, groups: Sequence[str], where: Mapping[str, str]) -> dict[str, str]:
    """Return the hash of each needed package that is a file, the address of each that is a folder, "" for all others.

    Raises markers.Unreadable.
    """
    checked = (one for one in lock.of(*groups) if not one.unchecked and markers.holds(one.marker(groups), where))
    return {canonical(one.name): _origin(lock, one) for one in checked}


def _origin(lock: Lockfile, package: Package) -> str:
    if package.folder:
        return package.place(lock.path.parent)
    return next(iter(package.files.values()), "") if package.file else ""


def unpacked(sites: Iterable[Path]) -> dict[str, str]:
    """Return the hash of the file, or the address of the folder, that packages in some folders are made of.

    As far as their installer has noted it.

    https://packaging.python.org/en/latest/specifications/direct-url-data-structure/
    """
    found = {}
    for note in (note for site in sites for note in site.glob("*.dist-info/direct_url.json")):
        with contextlib.suppress(OSError, ValueError, KeyError, TypeError):
            said = json.loads(note.read_text(encoding="utf-8"))
            origin = said["url"] if "dir_info" in said else f"sha256:{said['archive_info']['hashes']['sha256']}"
            found[canonical(note.parent.name.partition("-")[0])] = origin
    return found


def lacking(asked: Mapping[str, str], there: Mapping[str, str]) -> list[str]:
    """Return the names of the packages that are asked for, and not there in that version.

    Not each lock file has the version of a folder.
    """
    return [
        name
        for name, version in asked.items()
        if name not in there or (version and _spelled(there[name]) != _spelled(version))
    ]


def replaced(asked: Mapping[str, str], noted: Mapping[str, str], found: Mapping[str, str]) -> set[str]:
    """Return the names of packages of which another file is installed than the one that is asked for.

    Takes what `archives` and `unpacked` say, and the hashes that were noted when .venv was made: uv notes none, nor
    does a pip before 23.1.
    """
    known = {
        name: found.get(name, noted.get(name, "")) if digest else noted.get(name, "") for name, digest in asked.items()
    }
    return {name for name, digest in asked.items() if known[name] != digest}


def names(text: str) -> set[str]:
    """Return the packages that a lock file has, whatever else is in it; none of what is no lock file."""
    try:
        return {canonical(one["name"]) for one in tomllib.loads(text)["package"]}
    except (tomllib.TOMLDecodeError, KeyError, TypeError, AttributeError):
        return set()


def _spelled(version: str) -> str:
    # 2024.07.04 is 2024.7.4; "_" stands for "-" in the name of a folder.
    return re.sub(r"(?<![\w])0+(?=\d)", "", version.replace("_", "-")).lower()


def has_pip(sites: Iterable[Path]) -> bool:
    """Tell whether pip is in one of some folders."""
    return any((site / "pip" / "__main__.py").exists() for site in sites)
