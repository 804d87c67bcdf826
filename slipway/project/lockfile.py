"""The lock file: which packages are installed, checked by their hashes.

Read with the standard library alone: the launcher does so before anything is installed.
"""

import hashlib
import re
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from slipway.project.locks import beside, poetry, pylock, requirements, uv
from slipway.project.locks.find import find
from slipway.project.locks.package import DIRECTORY, FILE, INDEX, STRONG, Content, Package, Unusable, canonical

__all__ = ["DIRECTORY", "FILE", "INDEX", "Content", "Lockfile", "Package", "Unusable", "canonical", "find"]


@dataclass(frozen=True)
class Maker:
    """The program that makes a kind of lock file: the commands that messages name."""

    name: str
    lock: str
    update: str  # with the name of a package

    @property
    def another(self) -> str:
        """How a package is taken from somewhere else."""
        return f"name another one in {self.name}, then: {self.lock}"


@dataclass(frozen=True)
class Lockfile:
    """A lock file: its packages. What an extra of the project installs is a group of its name.

    `source` is the folder of the project's own package, as seen from the lock file, when that is to be installed as
    well ("" when not); `options` are lines that pip is given with the list; `broken` has the groups that cannot be
    used, and why.
    """

    path: Path
    packages: tuple[Package, ...]
    kind: str = "poetry"
    source: str = ""
    options: tuple[str, ...] = ()
    broken: Mapping[str, str] = field(default_factory=dict)

    @classmethod
    def read(cls, root: Path) -> "Lockfile":
        """Read Poetry's lock file in a folder.

        Raises FileNotFoundError when there is none, and Unusable for what is no lock file.
        """
        return cls.at(root / NAME)

    @classmethod
    def at(cls, path: Path, project: Path | None = None) -> "Lockfile":
        """Read a lock file of any kind, for a project in the lock file's folder, or below it.

        Raises FileNotFoundError when there is none, and Unusable for what is no lock file.
        """
        try:
            kind = kind_of(path)
            content = _content(kind, path, project or path.parent)
        except (ValueError, KeyError, TypeError, AttributeError, LookupError, RecursionError) as error:
            raise Unusable(str(error)) from None
        return cls(path, content.packages, kind, content.source, content.options, content.broken)

    @classmethod
    def of_project(cls, root: Path, named: str = "") -> "Lockfile":
        """Read the lock file of a project: the one that it names, or the only one.

        Raises FileNotFoundError and Unusable, as `find` and `at` do.
        """
        return cls.at(find(root, named), root)

    @property
    def root_package(self) -> Path | None:
        """The folder of the project's own package, when that is to be installed as well."""
        return self.path.parent / self.source if self.source else None

    @property
    def maker(self) -> Maker:
        """The program that makes it."""
        return MAKERS[self.kind]

    def instead(self, folder: str) -> str:
        """Return what makes an environment of what Slipway cannot install."""
        return f"make {folder} with `{INSTALLS[self.kind]}`" if self.kind in INSTALLS else self.maker.lock

    @property
    def groups(self) -> set[str]:
        """All groups that it has."""
        return {group for package in self.packages for group in package.markers} | self.broken.keys()

    def of(self, *groups: str) -> list[Package]:
        """Return the packages of some groups: "main", "dev"; raises Unusable for a group that cannot be used."""
        if broken := next((self.broken[group] for group in groups if group in self.broken), ""):
            raise Unusable(broken)
        return [package for package in self.packages if set(groups) & package.markers.keys()]

    def altered(self, *groups: str) -> str:
        """Return which file of the project is not the one that was locked, and what to do; "" if all are."""
        for package in self.of(*groups):
            path = self.path.parent / package.file
            if package.file and not path.is_file():
                instead = self.maker.another
                return f"{package.name} comes from {package.file}, which is not there: put it back, or {instead}"
            if package.file and f"sha256:{hashlib.sha256(path.read_bytes()).hexdigest()}" not in package.files.values():
                again = self.maker.update.format(package.name)
                return f"{package.file} is not the file that was locked: put that back, or {again}"
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


def has_foreign(root: Path) -> bool:
    """Tell whether a lock file may have packages of no index.

    A glance at the text is enough for almost every one: reading it takes a tenth of a second.
    """
    return bool(FOREIGN.search((root / NAME).read_text(encoding="utf-8", errors="replace")))


def sha256(root: Path, named: str = "") -> str:
    """Return the SHA-256 of a project's lock file, in hexadecimal; raises as `find` does."""
    return hashlib.sha256(find(root, named).read_bytes()).hexdigest()


def update_command(root: Path, named: str = "") -> str:
    """Return what updates a package called NAME in a project's lock file, as far as that file tells."""
    try:
        return MAKERS[kind_of(find(root, named))].update.format("NAME")
    except (ValueError, OSError):
        return "lock NAME anew"


def kind_of(path: Path) -> str:
    """Return which kind of lock file one is: told by its name, else by what is in it."""
    for pattern, kind in NAMES.items():
        if re.fullmatch(pattern, path.name):
            return kind
    try:
        document = tomllib.loads(path.read_text(encoding="utf-8"))
    except tomllib.TOMLDecodeError:
        return "pip"
    if "metadata" in document:
        return "poetry"
    return "pylock" if "lock-version" in document else "uv"


def _content(kind: str, path: Path, project: Path) -> Content:
    if kind == "slipway":
        return requirements.read(path)
    if kind == "pip":
        return beside.read(path, requirements.read)
    read = READERS[kind]
    if kind == "pylock":
        return beside.read(path, lambda one: read(tomllib.loads(one.read_text(encoding="utf-8")), one, project))
    return read(tomllib.loads(path.read_text(encoding="utf-8")), path, project)


FOREIGN = re.compile(rf'(?m)^type = "(?!{INDEX}")')  # of a source
NAME = "poetry.lock"
PYPROJECT = "pyproject.toml"
LOCK, UPDATE = "poetry lock", "poetry update"  # the commands that messages name
ANOTHER = f"name another one in {PYPROJECT}, then: {LOCK}"
INSTALLS = {"poetry": "POETRY_VIRTUALENVS_IN_PROJECT=true poetry install", "uv": "uv sync"}
NAMES = {
    r"poetry\.lock": "poetry",
    r"uv\.lock": "uv",
    r"pylock(\..+)?\.toml": "pylock",
    r"slipway\.lock": "slipway",
    r".+\.txt": "pip",
}
MAKERS = {
    "poetry": Maker(PYPROJECT, LOCK, f"{UPDATE} {{}} --lock"),
    "uv": Maker(PYPROJECT, "uv lock", "uv lock --upgrade-package {}"),
    "pylock": Maker(PYPROJECT, "lock it anew", "lock {} anew"),
    "pip": Maker("what the file is made from", "make it anew with --generate-hashes", "make it anew with its hash"),
    "slipway": Maker("it", "slipway upgrade", "slipway upgrade"),
}
READERS = {"poetry": poetry.read, "uv": uv.read, "pylock": pylock.read}  # of those that are TOML
