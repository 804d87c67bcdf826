"""The lock file: which packages are installed, checked by their hashes.

Read with the standard library alone: the launcher does so before anything is installed.
"""

import hashlib
import re
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
    its wheels and archives to their hashes; `origin` is where it comes from when that is no index, `index` the one
    that it comes from when the project names it.
    """

    name: str
    version: str
    markers: Mapping[str, str]
    files: Mapping[str, str]
    origin: str = ""
    index: str = ""

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
    """A lock file: its packages. What extras alone install has that in its marker, which holds for nobody here."""

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

        Raises Unusable for a package that pip cannot check by hash (from git, a path or a URL; without files).
        """
        lines = []
        for package in self.of(*groups):
            if package.origin:
                raise Unusable(f"{package.name} comes from {package.origin}, not from a package index")
            hashes = sorted(set(package.files.values()))
            if not hashes or not all(digest.startswith(STRONG) for digest in hashes):
                raise Unusable(f"{package.name} has files without a hash that pip takes")
            marker = package.marker(groups)
            given = (f"--hash={digest}" for digest in hashes)
            lines.append(" ".join([package.requirement, *([";", marker] if marker else []), *given]))
        return lines


def foreign(root: Path, *groups: str) -> str:
    """Return which package of some groups comes from no index, and from where, "" if all do.

    A glance at the text is enough for almost every lock file: reading it takes a tenth of a second. Raises Unusable.
    """
    if not FOREIGN.search((root / NAME).read_text(encoding="utf-8", errors="replace")):
        return ""
    return next((f"{one.name} comes from {one.origin}" for one in Lockfile.read(root).of(*groups) if one.origin), "")


def sha256(root: Path) -> str:
    """Return the SHA-256 of the lock file in a folder, in hexadecimal."""
    return hashlib.sha256((root / NAME).read_bytes()).hexdigest()


def _poetry(document: Mapping[str, Any]) -> Iterable[Package]:
    # https://github.com/python-poetry/poetry-core: a marker for all groups, or a table of those that have one. Whether
    # a package is "optional" says nothing: its marker names the extra.
    version = document["metadata"]["lock-version"]
    if not re.fullmatch(r"2\.[1-9]\d*", version):
        raise Unusable(f"its lock-version is {version}: {LOCK} with Poetry 2 makes 2.1")
    for one in document["package"]:
        given = one.get("markers", "")
        markers = dict.fromkeys(one["groups"], given) if isinstance(given, str) else _each(one["groups"], given)
        source = one.get("source", {})
        kind = source.get("type", INDEX)
        origin = "" if kind == INDEX else source["url"]
        files = {file["file"]: file["hash"] for file in one["files"]}
        yield Package(one["name"], one["version"], markers, files, origin, "" if origin else source.get("url", ""))


def _each(groups: Iterable[str], given: Mapping[str, str]) -> dict[str, str]:
    return {group: given.get(group, "") for group in groups}


INDEX = "legacy"  # Poetry's name of a package index that is not PyPI
FOREIGN = re.compile(rf'(?m)^type = "(?!{INDEX}")')  # of a source: "git", "url", "directory", "file"
STRONG = ("sha256:", "sha384:", "sha512:")  # what pip takes
NAME = "poetry.lock"
LOCK, UPDATE = "poetry lock", "poetry update"  # the commands that messages name
INSTALL = "POETRY_VIRTUALENVS_IN_PROJECT=true poetry install"
READERS = {NAME: _poetry}  # one for each kind of lock file
