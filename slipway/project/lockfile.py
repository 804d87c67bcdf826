"""The lock file: which packages are installed, checked by their hashes.

Read with the standard library alone: the launcher does so before anything is installed.
"""

import hashlib
import tomllib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any


class Unusable(ValueError):
    """What pip cannot install as it is locked."""


@dataclass(frozen=True)
class Package:
    """A locked package.

    `markers` has the condition of each group under which it is installed ("" for always); `files` maps the names of
    its wheels and archives to their hashes; `origin` is where it comes from when that is no index.
    """

    name: str
    version: str
    markers: Mapping[str, str]
    files: Mapping[str, str]
    origin: str = ""

    def marker(self, groups: Iterable[str]) -> str:
        """Return the marker under which these groups install it, "" for always."""
        each = [self.markers[group] for group in sorted(groups) if group in self.markers]
        if len(set(each)) == 1:
            return each[0]
        return "" if not all(each) else " or ".join(f"({marker})" for marker in dict.fromkeys(each))

    @property
    def requirement(self) -> str:
        """The package as pip names it."""
        return f"{self.name}=={self.version}"


@dataclass(frozen=True)
class Lockfile:
    """A lock file: its packages, without those that are optional (extras)."""

    path: Path
    packages: tuple[Package, ...]

    @classmethod
    def read(cls, root: Path) -> "Lockfile":
        """Read the lock file in a folder.

        Raises FileNotFoundError when there is none, and Unusable for what is no lock file.
        """
        path = root / NAME
        try:
            return cls(path, tuple(READERS[path.name](tomllib.loads(path.read_text(encoding="utf-8")))))
        except (KeyError, TypeError, AttributeError, tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
            raise Unusable(str(error)) from None

    def of(self, *groups: str) -> list[Package]:
        """Return the packages of some groups: "main", "dev"."""
        return [package for package in self.packages if set(groups) & package.markers.keys()]

    def requirements(self, *groups: str) -> list[str]:
        """Return pip's requirement lines for some groups.

        Raises Unusable for a package that pip cannot check by hash (from git, a path or a URL).
        """
        lines = []
        for package in self.of(*groups):
            if package.origin:
                raise Unusable(f"{package.name} comes from {package.origin}, not from a package index")
            marker = package.marker(groups)
            hashes = (f"--hash={digest}" for digest in sorted(package.files.values()))
            lines.append(" ".join([package.requirement, *([";", marker] if marker else []), *hashes]))
        return lines


def sha256(root: Path) -> str:
    """Return the SHA-256 of the lock file in a folder, in hexadecimal."""
    return hashlib.sha256((root / NAME).read_bytes()).hexdigest()


def _poetry(document: Mapping[str, Any]) -> Iterable[Package]:
    # https://github.com/python-poetry/poetry-core: a marker for all groups, or a table of those that have one.
    for one in document["package"]:
        if one.get("optional"):
            continue
        given = one.get("markers")
        markers = {
            group: (given or {}).get(group, "") if not isinstance(given, str) else given for group in one["groups"]
        }
        source = one.get("source", {})
        outside = source.get("type") in ("git", "directory", "file", "url")
        files = {file["file"]: file["hash"] for file in one["files"]}
        yield Package(one["name"], one["version"], markers, files, source["url"] if outside else "")


NAME = "poetry.lock"
LOCK, UPDATE, INSTALL = "poetry lock", "poetry update", "poetry install"  # the commands that messages name
READERS = {NAME: _poetry}  # one for each kind of lock file
