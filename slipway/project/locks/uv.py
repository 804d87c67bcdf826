"""uv's lock file: a graph, from which the groups and markers of each package follow.

https://docs.astral.sh/uv/concepts/projects/layout/#the-lockfile; the form is that of crates/uv-resolver/src/lock.
"""

import os
from collections.abc import Iterable, Iterator, Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import Any

from slipway.project.locks import conditions, walk
from slipway.project.locks.package import (
    ARCHIVE,
    DIRECTORY,
    FILE,
    PYPI,
    Content,
    Package,
    Unusable,
    canonical,
    described,
    file_name,
)
from slipway.project.locks.walk import Edge, Node

OURS = ("editable", "directory", "virtual")  # sources that are folders
ENCODED = ("extra-", "group-", "project-")  # of what conflicts, in a marker's extra


class Graph:
    """The packages of a lock file, and what each needs."""

    def __init__(self, document: Mapping[str, Any]) -> None:
        if document["version"] != 1:
            raise Unusable(f"its version is {document['version']}, which Slipway does not know: uv lock makes 1")
        self.packages: list[dict[str, Any]] = document.get("package", [])
        self.members = [canonical(one) for one in document.get("manifest", {}).get("members", [])]
        self.manifest: Mapping[str, Any] = document.get("manifest", {})
        self.conflicts = bool(document.get("conflicts"))
        self.by_name: dict[str, list[int]] = {}
        for number, one in enumerate(self.packages):
            self.by_name.setdefault(one["name"], []).append(number)

    def edges(self, dependencies: Iterable[Mapping[str, Any]], active: frozenset[str]) -> Iterator[Edge]:
        """Yield where a list of dependencies leads, when these extras and groups are active."""
        for one in dependencies:
            marker = conditions.settle(conditions.parse(one.get("marker", "")), partial(_active, active=active))
            found = self._found(one)
            for number in found:
                where = marker if len(found) == 1 else conditions.join("and", [marker, self._fork(number)])
                yield Edge(Node(number), where)
                yield from (Edge(Node(number, extra), where) for extra in one.get("extra", ()))

    def needs(self, node: Node, active: frozenset[str]) -> Iterator[Edge]:
        """Yield what a package needs, or one of its extras."""
        package = self.packages[node.package]
        listed = (
            package.get("optional-dependencies", {}).get(node.extra, ())
            if node.extra
            else package.get("dependencies", ())
        )
        return self.edges(listed, active)

    def _fork(self, number: int) -> conditions.Condition:
        each = [conditions.parse(one) for one in self.packages[number].get("resolution-markers", ())]
        return conditions.join("or", each) if each else True

    def _found(self, dependency: Mapping[str, Any]) -> list[int]:
        # Version and source are only there where the name alone does not tell.
        keys = [key for key in ("version", "source") if key in dependency]
        found = [
            number
            for number in self.by_name.get(dependency["name"], ())
            if all(self.packages[number].get(key) == dependency[key] for key in keys)
        ]
        if not found:
            raise Unusable(f"{dependency['name']} is needed, and is no package of it: uv lock")
        return found


def read(document: Mapping[str, Any], path: Path, project: Path) -> Content:
    """Read a lock file for a project, which is one of a workspace, or the only one; raises Unusable."""
    graph = Graph(document)
    place = os.path.relpath(project.resolve(), path.parent.resolve())
    root = next((number for number, one in enumerate(graph.packages) if _folder(one) == place), None)
    defaults = _defaults(project)
    if root is not None:
        groups = _groups_of(graph, root, defaults)
    elif place == ".":
        groups = _groups_of_workspace(graph, defaults)
    else:
        raise Unusable(f"it has no package of {place}: uv lock")
    markers: dict[int, dict[str, str]] = {}
    for group, (roots, active) in groups.items():
        start = graph.edges(roots, active)
        for number, marker in walk.reach(start, partial(graph.needs, active=active)).items():
            markers.setdefault(number, {})[group] = marker
    options: dict[str, None] = {}
    packages = []
    for number in sorted(markers.keys() - {root}):
        one = graph.packages[number]
        if "virtual" not in one["source"]:
            packages.append(_package(one, markers[number]))
            options |= dict.fromkeys(_index(one, path))
    source = graph.packages[root]["source"] if root is not None else {}
    return Content(tuple(packages), place if "editable" in source else "", tuple(options))


Roots = dict[str, tuple[Sequence[Mapping[str, Any]], frozenset[str]]]  # what a group asks for, and what is active then


def _groups_of(graph: Graph, root: int, defaults: Iterable[str] | None) -> Roots:
    package = graph.packages[root]
    main = package.get("dependencies", [])
    named = package.get("dev-dependencies", package.get("dependency-groups", {}))
    extras = package.get("optional-dependencies", {})
    found: Roots = {"main": (main, frozenset())}
    for group in sorted({*named, *extras, "dev"}):
        listed = _chosen(group, named, defaults)
        asked = [one for name in listed for one in named.get(name, ())] + extras.get(group, [])
        if asked:
            active = {_encoded("group", package["name"], name) for name in listed}
            active |= {_encoded("extra", package["name"], group)} if group in extras else set()
            # What conflicts can change what the project itself needs.
            found[group] = ([*asked, *(main if graph.conflicts else ())], frozenset(active))
    return found


def _groups_of_workspace(graph: Graph, defaults: Iterable[str] | None) -> Roots:
    # Its folder is no package: what is installed is all of its members, and its own groups.
    main = [{"name": name} for name in graph.members]
    named: dict[str, list[Mapping[str, Any]]] = {}
    for group, asked in graph.manifest.get("dependency-groups", {}).items():
        keys = [{"name": one["name"], "extra": one.get("extras", ()), "marker": one.get("marker", "")} for one in asked]
        named.setdefault(group, []).extend(keys)
    for member in (graph.packages[number] for name in graph.members for number in graph.by_name.get(name, ())):
        for group, asked in member.get("dev-dependencies", {}).items():
            named.setdefault(group, []).extend(asked)
    found: Roots = {"main": (main, frozenset())}
    for group in sorted({*named, "dev"}):
        if asked := [one for name in _chosen(group, named, defaults) for one in named.get(name, ())]:
            found[group] = (asked, frozenset())
    return found


def _chosen(group: str, named: Iterable[str], defaults: Iterable[str] | None) -> list[str]:
    # "dev" is what uv installs unasked: the group of that name, and those that [tool.uv] default-groups names.
    if group != "dev":
        return [group]
    return sorted(named) if defaults is None else sorted({"dev", *defaults})


def _defaults(project: Path) -> list[str] | None:
    # None is all of them.
    given = described(project).get("tool", {}).get("uv", {}).get("default-groups", ["dev"])
    return None if given == "all" else [str(one) for one in given]


def _active(one: conditions.Comparison, active: frozenset[str]) -> bool | None:
    value = conditions.named(one, "extra")
    return walk.known(one, "extra", active.__contains__) if value.startswith(ENCODED) else None


def _encoded(kind: str, package: str, name: str) -> str:
    return f"{kind}-{len(package)}-{package}-{name}"


def _folder(package: Mapping[str, Any]) -> str:
    source = package["source"]
    return next((os.path.normpath(source[kind]) for kind in OURS if kind in source), "")


def _package(one: Mapping[str, Any], markers: Mapping[str, str]) -> Package:
    source = one["source"]
    made = [*one.get("wheels", ()), *([one["sdist"]] if "sdist" in one else ())]
    files = {_file(file, source): file["hash"] for file in made if "hash" in file}
    about = one["name"], str(one.get("version", "")), markers
    if folder := _folder(one):
        return Package(*about, {}, folder, kind=DIRECTORY)
    if "registry" in source:
        return Package(*about, files, index="" if source["registry"].rstrip("/") == PYPI else source["registry"])
    if "path" in source:
        return Package(*about, files, os.path.normpath(source["path"]), kind=FILE)
    if "url" in source:
        return Package(*about, files, source["url"], kind=ARCHIVE if files else "url")
    return Package(*about, files, source["git"], kind="git")


def _file(file: Mapping[str, Any], source: Mapping[str, Any]) -> str:
    return str(
        file.get("filename") or file_name(file.get("url") or file.get("path") or source.get("url") or source["path"])
    )


def _index(one: Mapping[str, Any], path: Path) -> Iterator[str]:
    index = one["source"].get("registry", PYPI).rstrip("/")
    if "://" not in index:
        yield f"--find-links {os.path.normpath(path.parent / index)}"
    elif index != PYPI:
        yield f"--extra-index-url {index}"
