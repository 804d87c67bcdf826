"""The lock file: which packages are installed, checked by their hashes.

Read with the standard library alone: the launcher does so before anything is installed.
"""

import hashlib
import os
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
    its wheels and archives to their hashes; `origin` is where it comes from when that is no index, and `kind` what that
    is; `index` is the one that it comes from when the project names it.
    """

    name: str
    version: str
    markers: Mapping[str, str]
    files: Mapping[str, str]
    origin: str = ""
    index: str = ""
    kind: str = ""

    def marker(self, groups: Iterable[str]) -> str:
        """Return the marker under which these groups install it, "" for always."""
        each = [self.markers[group] for group in sorted(groups) if group in self.markers]
        if len(set(each)) == 1:
            return each[0]
        return "" if not all(each) else " or ".join(f"({marker})" for marker in dict.fromkeys(each))

    @property
    def file(self) -> str:
        """The wheel or archive of the project that it is, as seen from its folder; "" for all others."""
        return self.origin if self.kind == FILE else ""

    @property
    def folder(self) -> str:
        """The folder that it is, as seen from the project's; "" for all others."""
        return self.origin if self.kind == DIRECTORY else ""

    @property
    def unchecked(self) -> str:
        """Why nothing says what its source is; "" when a hash does, or when it is a folder."""
        if not self.origin or self.kind in (FILE, DIRECTORY):
            return ""
        return f"{self.name} comes from {self.origin}, not from a package index"

    def requirement(self, root: Path) -> str:
        """Return the package as pip names it, in a project that lies in a folder."""
        return f"{self.name} @ {self.place(root)}" if self.file else f"{self.name}=={self.version}"

    def place(self, root: Path) -> str:
        """Return the address of the file or folder that it is, in a project that lies in a folder."""
        return Path(os.path.abspath(root / self.origin)).as_uri()  # noqa: PTH100  (links stay)


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

    def altered(self, *groups: str) -> str:
        """Return which file of the project is not the one that was locked, and what to do; "" if all are."""
        for package in self.of(*groups):
            path = self.path.parent / package.file
            if package.file and not path.is_file():
                return f"{package.name} comes from {package.file}, which is not there: put it back, or {ANOTHER}"
            if package.file and f"sha256:{hashlib.sha256(path.read_bytes()).hexdigest()}" not in package.files.values():
                return (
                    f"{package.file} is not the file that was locked: put that back, or {UPDATE} {package.name} --lock"
                )
        return ""

    def requirements(self, *groups: str, root: Path | None = None) -> list[str]:
        """Return pip's requirement lines for some groups, as if the project were in the folder `root`, if given.

        Of packages that are folders there is none. Raises Unusable for one that pip cannot check by hash (from git or a
        URL; without files).
        """
        lines = []
        for package in self.of(*groups):
            if package.folder:
                continue
            if package.unchecked:
                raise Unusable(package.unchecked)
            hashes = sorted(set(package.files.values()))
            if not hashes or not all(digest.startswith(STRONG) for digest in hashes):
                raise Unusable(f"{package.name} has files without a hash that pip takes")
            marker = package.marker(groups)
            given = (f"--hash={digest}" for digest in hashes)
            lines.append(
                " ".join([package.requirement(root or self.path.parent), *([";", marker] if marker else []), *given])
            )
        return lines


def canonical(name: str) -> str:
    """Return the form of a package's name by which it is compared.

    https://packaging.python.org/en/latest/specifications/name-normalization/
    """
    return re.sub(r"[-_.]+", "-", name).lower()


def has_foreign(root: Path) -> bool:
    """Tell whether a lock file may have packages of no index.

    A glance at the text is enough for almost every one: reading it takes a tenth of a second.
    """
    return bool(FOREIGN.search((root / NAME).read_text(encoding="utf-8", errors="replace")))


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
        yield Package(
            one["name"], one["version"], markers, files, origin, "" if origin else source.get("url", ""), kind
        )


def _each(groups: Iterable[str], given: Mapping[str, str]) -> dict[str, str]:
    return {group: given.get(group, "") for group in groups}


# Poetry's names of sources: an index that is not PyPI, a wheel or archive, a folder. There are "git" and "url" too.
INDEX, FILE, DIRECTORY = "legacy", "file", "directory"
FOREIGN = re.compile(rf'(?m)^type = "(?!{INDEX}")')  # of a source
STRONG = ("sha256:", "sha384:", "sha512:")  # what pip takes
NAME = "poetry.lock"
LOCK, UPDATE = "poetry lock", "poetry update"  # the commands that messages name
ANOTHER = f"name another one in pyproject.toml, then: {LOCK}"
INSTALL = "POETRY_VIRTUALENVS_IN_PROJECT=true poetry install"
READERS = {NAME: _poetry}  # one for each kind of lock file
