"""From what a project asks for to all that it needs: which packages, and under which markers.

A package is needed under the markers along a way that leads to it, joined by "and"; by "or" where more ways do.
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass

from slipway.project.locks import conditions
from slipway.project.locks.conditions import Comparison, Condition, Joined

Way = frozenset[Condition]  # all of which hold
ALWAYS: Way = frozenset()


@dataclass(frozen=True)
class Node:
    """A package by its number in the lock file, or one of its extras."""

    package: int
    extra: str = ""


@dataclass(frozen=True)
class Edge:
    """What is needed, and when."""

    to: Node
    marker: Condition = True


def reach(roots: Iterable[Edge], needs: Callable[[Node], Iterable[Edge]]) -> dict[int, str]:
    """Return all packages that these lead to, each with its marker, "" for always."""
    found: dict[Node, set[Way]] = {}
    waiting = [(edge, ALWAYS) for edge in roots]
    while waiting:
        edge, way = waiting.pop()
        if edge.marker is False:
            continue
        reached = way | _parts(edge.marker)
        ways = found.setdefault(edge.to, set())
        if any(known <= reached for known in ways):
            continue
        ways -= {known for known in ways if reached < known}
        ways.add(reached)
        waiting += [(needed, reached) for needed in needs(edge.to)]
    packages: dict[int, set[Way]] = {}
    for node, ways in found.items():
        packages.setdefault(node.package, set()).update(ways)
    return {package: _marker(ways) for package, ways in sorted(packages.items())}


def _parts(marker: Condition) -> Way:
    if marker is True:
        return ALWAYS
    return frozenset(marker.parts if isinstance(marker, Joined) and marker.word == "and" else (marker,))


def _marker(ways: set[Way]) -> str:
    shortest = [way for way in ways if not any(other < way for other in ways)]
    joined = [conditions.join("and", sorted(way, key=repr)) for way in shortest]
    return conditions.text(conditions.join("or", sorted(joined, key=repr)))


def known(comparison: Comparison, variable: str, holds: Callable[[str], bool]) -> bool | None:
    """Return whether a comparison of a variable with one value holds; None for one of another variable."""
    value = conditions.named(comparison, variable)
    if not value:
        return None
    return holds(value) == (comparison.operator in ("==", "in"))
