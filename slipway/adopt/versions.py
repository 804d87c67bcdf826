"""Which packages a project has locked, and whether they are new enough."""

import re
from dataclasses import dataclass

from slipway.adopt.files import Files
from slipway.adopt.findings import Found, at
from slipway.project.lockfile import canonical
from slipway.project.versions import OLDEST, older

DRIVERS = ("psycopg", "psycopg2", "psycopg2-binary", "asyncpg", "pg8000")
PINNED = re.compile(r"(?m)^\s*([A-Za-z0-9][\w.-]*)(?:\[[^\]]*\])?\s*(==|~=|>=|>|$|;|\s)\s*([\w.]*)")


@dataclass(frozen=True)
class Packages:
    """The packages of a lock file by name, each with its version ("" for none), and what is in which group."""

    file: str
    locked: dict[str, Found[str]]
    has_hashes: bool = True

    def version(self, name: str) -> str:
        """Return the locked version of a package, "" for none."""
        return self.locked[name].value if name in self.locked else ""

    def has(self, *names: str) -> bool:
        """Tell whether one of these packages is locked."""
        return any(name in self.locked for name in names)


def packages(files: Files, file: str) -> Packages:
    """Return what a lock file has, also of a format that nothing else reads; nothing of one that is broken."""
    if not file:
        return Packages("", _declared(files), has_hashes=False)
    if file.endswith(".txt"):
        text = files.text(file)
        return Packages(file, dict(_pinned(files, file)), has_hashes="--hash=" in text)
    document = files.toml(file)
    found: dict[str, Found[str]] = {}
    for key in ("package", "packages"):
        listed = document.get(key)
        for one in listed if isinstance(listed, list) else ():
            if isinstance(one, dict) and isinstance(one.get("name"), str):
                found[canonical(one["name"])] = Found(str(one.get("version", "")), file)
    return Packages(file, found)


def _pinned(files: Files, file: str, depth: int = 0) -> list[tuple[str, Found[str]]]:
    found = []
    for number, line in enumerate(files.text(file).split("\n"), 1):
        inner = re.match(r"\s*(?:-r|--requirement)[ =]*(\S+)", line)
        if inner and depth < 5:
            folder = file.rpartition("/")[0]
            found += _pinned(files, files.relative(f"{folder}/{inner[1]}" if folder else inner[1]), depth + 1)
        elif (match := PINNED.match(line)) and not line.lstrip().startswith(("#", "-")):
            found.append((canonical(match[1]), Found(match[3] if match[2] == "==" else "", at(file, number))))
    return found


def _declared(files: Files) -> dict[str, Found[str]]:
    # Without a lock file: what pyproject.toml asks for, in no version.
    document = files.pyproject()
    project, poetry = document.get("project", {}), document.get("tool", {})
    listed = project.get("dependencies", []) if isinstance(project, dict) else []
    poetry = poetry.get("poetry", {}) if isinstance(poetry, dict) else {}
    names = [one for one in listed if isinstance(one, str)] if isinstance(listed, list) else []
    names += poetry.get("dependencies", {}) if isinstance(poetry, dict) else []
    found = (re.match(r"[A-Za-z0-9][\w.-]*", name) for name in names)
    return {canonical(match[0]): Found("", "pyproject.toml") for match in found if match}


def too_old(locked: Packages) -> list[str]:
    """Say of each package that is older than Slipway needs which it is, and which it needs."""
    return [
        f"{name} {locked.version(name)} ({locked.locked[name].where}): Slipway needs {least} or newer"
        for name, least in OLDEST.items()
        if older([locked.version(name)], least)
    ]
