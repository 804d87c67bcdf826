"""Poetry's lock files before 2.1, which name no groups: they follow from what pyproject.toml asks for."""

import re
from collections.abc import Iterable, Iterator, Mapping
from functools import partial
from pathlib import Path
from typing import Any

from slipway.project.locks import conditions, pep440, walk
from slipway.project.locks.conditions import Condition
from slipway.project.locks.package import Unusable, canonical, described
from slipway.project.locks.walk import Edge, Node

REQUIREMENT = re.compile(
    r"(?P<name>[A-Za-z0-9][\w.-]*)\s*(?:\[(?P<extras>[^]]*)\])?\s*(?:@\s*\S+|(?P<version>[^;]*))(?:;(?P<marker>.*))?"
)
PYTHON = "python_full_version"


class Graph:
    """The packages of a lock file, and what each needs."""

    def __init__(self, document: Mapping[str, Any]) -> None:
        self.packages: list[dict[str, Any]] = document.get("package", [])
        self.by_name: dict[str, list[int]] = {}
        for number, one in enumerate(self.packages):
            self.by_name.setdefault(canonical(one["name"]), []).append(number)

    def needs(self, node: Node) -> Iterator[Edge]:
        """Yield what a package needs, or one of its extras."""
        package = self.packages[node.package]
        extras = {canonical(name): listed for name, listed in package.get("extras", {}).items()}
        chosen = {canonical(re.split(r"[^\w.-]", one)[0]) for one in extras.get(node.extra, ())}
        for name, given in package.get("dependencies", {}).items():
            for asked in given if isinstance(given, list) else [given]:
                table = {"version": asked} if isinstance(asked, str) else asked
                marker = conditions.parse(table.get("markers", ""))
                about_extra = any(conditions.named(one, "extra") for one in conditions.comparisons(marker))
                if about_extra:
                    marker = conditions.settle(marker, partial(_extra, extra=node.extra))
                elif table.get("optional"):
                    marker = marker if canonical(name) in chosen else False
                elif node.extra:
                    continue
                yield from self.edges(name, table, marker)

    def edges(self, name: str, table: Mapping[str, Any], marker: Condition = True) -> Iterator[Edge]:
        """Yield where a requirement leads: of more versions, to the newest that it allows for a Python."""
        if marker is False:
            return
        marker = conditions.join(
            "and", [marker, _python(table.get("python", "*")), _platform(table.get("platform", ""))]
        )
        found = self.by_name.get(canonical(name), [])
        if len(found) > 1:
            found = [one for one in found if pep440.allows(table.get("version", "*"), self.packages[one]["version"])]
        if not found:
            raise Unusable(f"{name} is needed, and is no package of it: poetry lock")
        newer: list[Condition] = []
        for number in sorted(found, key=lambda one: pep440.key(self.packages[one]["version"]), reverse=True):
            fits = _python(self.packages[number].get("python-versions", "*")) if len(found) > 1 else True
            where = conditions.join("and", [marker, fits, *map(conditions.negated, newer)])
            newer.append(fits)
            yield Edge(Node(number), where)
            yield from (Edge(Node(number, canonical(extra)), where) for extra in table.get("extras", ()))


def markers(document: Mapping[str, Any], project: Path) -> dict[int, dict[str, str]]:
    """Return the markers of each package by its groups; raises Unusable."""
    about = described(project)
    if not about:
        raise Unusable("it names no groups, and without a pyproject.toml beside it nothing tells them")
    graph = Graph(document)
    found: dict[int, dict[str, str]] = {}
    for group, asked in _groups(about):
        roots = (
            edge
            for name, table in asked
            for edge in graph.edges(name, table, conditions.parse(table.get("markers", "")))
        )
        for number, marker in walk.reach(roots, graph.needs).items():
            found.setdefault(number, {})[group] = marker
    return found


Asked = list[tuple[str, Mapping[str, Any]]]


def _groups(about: Mapping[str, Any]) -> Iterator[tuple[str, Asked]]:
    project, poetry = about.get("project", {}), about.get("tool", {}).get("poetry", {})
    own = list(_tables(poetry.get("dependencies", {})))
    yield "main", [*map(_read, project.get("dependencies", ())), *(one for one in own if not one[1].get("optional"))]
    groups: dict[str, Asked] = {}
    for name, listed in poetry.get("extras", {}).items():
        wanted = set(map(canonical, listed))
        groups.setdefault(name, []).extend(one for one in own if canonical(one[0]) in wanted)
    for name, listed in project.get("optional-dependencies", {}).items():
        groups.setdefault(name, []).extend(map(_read, listed))
    groups.setdefault("dev", []).extend(_tables(poetry.get("dev-dependencies", {})))
    for name, group in poetry.get("group", {}).items():
        groups.setdefault(name, []).extend(_tables(group.get("dependencies", {})))
    yield from groups.items()


def _tables(listed: Mapping[str, Any]) -> Iterator[tuple[str, Mapping[str, Any]]]:
    for name, given in listed.items():
        if canonical(name) != "python":
            for one in given if isinstance(given, list) else [given]:
                yield name, {"version": one} if isinstance(one, str) else one


def _read(requirement: str) -> tuple[str, Mapping[str, Any]]:
    found = REQUIREMENT.fullmatch(requirement.strip())
    if not found:
        raise Unusable(f"pyproject.toml asks for {requirement!r}, which is no package")
    extras = [one.strip() for one in (found["extras"] or "").split(",") if one.strip()]
    version = (found["version"] or "").strip() or "*"
    return found["name"], {"version": version, "extras": extras, "markers": found["marker"] or ""}


def _extra(one: conditions.Comparison, extra: str) -> bool | None:
    return walk.known(one, "extra", lambda value: canonical(value) == extra)


def _python(constraint: str) -> Condition:
    """Return a constraint of Pythons as a marker."""
    each: list[Condition] = []
    for part in re.split(r"\|\|?", constraint):
        clauses: list[Condition] = []
        for operator, version in pep440.clauses(part):
            if version == "*":
                continue
            if operator in ("^", "~"):
                clauses.append(conditions.Comparison(PYTHON, ">=", f'"{version}"'))
                kept = 1 if operator == "^" else min(2, version.count(".") + 1)
                clauses.append(conditions.Comparison(PYTHON, "==", f'"{".".join(version.split(".")[:kept])}.*"'))
            else:
                clauses.append(
                    conditions.Comparison(PYTHON, {"": "==", "=": "=="}.get(operator, operator), f'"{version}"')
                )
        each.append(conditions.join("and", clauses))
    return conditions.join("or", each)


def _platform(platform: str) -> Condition:
    each: Iterable[str] = re.split(r"\|\|?", platform) if platform else ()
    given = [conditions.Comparison("sys_platform", "==", f'"{one.strip()}"') for one in each]
    return conditions.join("or", list(given)) if given else True
