"""Poetry's lock file."""

import re
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from slipway.project.locks import conditions, poetry_before
from slipway.project.locks.package import INDEX, Content, Package, Unusable, canonical, described

KNOWN = re.compile(r"1\.[01]|2\.\d+")


def read(document: Mapping[str, Any], path: Path, project: Path) -> Content:
    """Read a lock file; raises Unusable for a form of it that is not known."""
    # https://github.com/python-poetry/poetry/blob/main/src/poetry/packages/locker.py
    version = document["metadata"]["lock-version"]
    if not KNOWN.fullmatch(version):
        raise Unusable(f"its lock-version is {version}: poetry lock with Poetry 2 makes 2.1")
    if re.fullmatch(r"2\.[1-9]\d*", version):
        packages = [_package(one, _markers(one), one["files"]) for one in document["package"]]
    else:
        before = document["metadata"].get("files", {})
        markers = poetry_before.markers(document, project)
        packages = [
            _package(one, markers[number], one.get("files", before.get(one["name"], ())))
            for number, one in enumerate(document["package"])
            if number in markers
        ]
    return Content(tuple(packages), _source(project))


def _package(one: Mapping[str, Any], markers: Mapping[str, str], listed: Iterable[Mapping[str, str]]) -> Package:
    source = one.get("source", {})
    kind = source.get("type", INDEX)
    origin = "" if kind == INDEX else source["url"]
    files = {file["file"]: file["hash"] for file in listed}
    index = "" if origin else source.get("url", "")
    return Package(one["name"], one["version"], markers, files, origin, index, kind)


def _markers(one: Mapping[str, Any]) -> dict[str, str]:
    # A marker for all groups, or a table of those that have one. What an extra installs has that in its marker; whether
    # a package is "optional" says nothing.
    given = one.get("markers", "")
    found: dict[str, str] = {}
    for group in one["groups"]:
        marker = given if isinstance(given, str) else given.get(group, "")
        if "extra" not in marker:
            found[group] = marker
            continue
        for name, left in conditions.by_extra(marker).items():
            found.setdefault(group if name == "main" else canonical(name), left)
    return found


def _source(project: Path) -> str:
    """Return "." for a project that Poetry installs as a package: one that has a name and its folder."""
    about = described(project)
    poetry = about.get("tool", {}).get("poetry", {})
    name = about.get("project", {}).get("name") or poetry.get("name", "")
    if not name or not poetry.get("package-mode", True):
        return ""
    module = canonical(name).replace("-", "_")
    places = (project / module, project / "src" / module, project / f"{module}.py", project / f"src/{module}.py")
    return "." if poetry.get("packages") or any(one.exists() for one in places) else ""
