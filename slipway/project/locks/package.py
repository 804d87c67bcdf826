"""What every lock file says: packages, the groups that they are in, and where they come from."""

import os
import re
import tomllib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import unquote, urlsplit


class Unusable(ValueError):
    """What pip cannot install as it is locked."""


@dataclass(frozen=True)
class Package:
    """A locked package.

    `markers` has the condition of each group under which it is installed ("" for always); `files` maps the names of
    its wheels and archives to their hashes, or each hash to itself where the lock file names no files; `origin` is
    where it comes from when that is no index, and `kind` what that is; `index` is the one that it comes from when the
    project names it.
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
        if not self.origin or self.kind in (FILE, DIRECTORY, ARCHIVE):
            return ""
        return f"{self.name} comes from {self.origin}, not from a package index"

    @property
    def names_files(self) -> bool:
        """Whether the lock file names its wheels and archives, and not their hashes alone."""
        return not any(name == digest for name, digest in self.files.items())

    def requirement(self, root: Path) -> str:
        """Return the package as pip names it, in a project that lies in a folder."""
        if self.kind == ARCHIVE:
            return f"{self.name} @ {self.origin}"
        return f"{self.name} @ {self.place(root)}" if self.file else f"{self.name}=={self.version}"

    def place(self, root: Path) -> str:
        """Return the address of the file or folder that it is, in a project that lies in a folder."""
        return Path(os.path.abspath(root / self.origin)).as_uri()  # noqa: PTH100  (links stay)


@dataclass(frozen=True)
class Content:
    """What a lock file says.

    `source` is the folder of the project's own package when that is to be installed as well, as seen from the lock
    file ("" when not); `options` are lines for pip that it has; `broken` has the groups that cannot be used, and why.
    """

    packages: tuple[Package, ...]
    source: str = ""
    options: tuple[str, ...] = ()
    broken: Mapping[str, str] = field(default_factory=dict)


def canonical(name: str) -> str:
    """Return the form of a package's name by which it is compared.

    https://packaging.python.org/en/latest/specifications/name-normalization/
    """
    return re.sub(r"[-_.]+", "-", name).lower()


def described(project: Path) -> dict[str, Any]:
    """Return what the pyproject.toml of a folder says, nothing without one; raises Unusable."""
    file = project / "pyproject.toml"
    try:
        return tomllib.loads(file.read_text(encoding="utf-8")) if file.exists() else {}
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise Unusable(f"pyproject.toml is not valid TOML: {error}") from None


def file_name(url: str) -> str:
    """Return the name of the file that an address or a path ends in."""
    return unquote(urlsplit(url).path.rpartition("/")[2])


# Poetry's names of sources: an index that is not PyPI, a wheel or archive, a folder. There are "git" and "url" too.
INDEX, FILE, DIRECTORY = "legacy", "file", "directory"
PYPI = "https://pypi.org/simple"  # pip's own index
ARCHIVE = "archive"  # a wheel or archive at an address, with its hash
STRONG = ("sha256:", "sha384:", "sha512:")  # what pip takes
