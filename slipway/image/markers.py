"""Whether two conditions of packages (environment markers) mean the same."""

import itertools
import re
from collections.abc import Iterator, Mapping

from packaging.markers import InvalidMarker, Marker, UndefinedComparison
from packaging.specifiers import SpecifierSet

# https://packaging.python.org/en/latest/specifications/dependency-specifiers/#environment-markers
OPERATOR = r"(?:<=|>=|===|==|~=|!=|<|>|not in|in)"
COMPARED = re.compile(rf'(\w+) ({OPERATOR}) "([^"]*)"|"([^"]*)" {OPERATOR} (\w+)')
PYTHON = ("python_version", "python_full_version")
MINORS = range(8, 21)  # 3.8 to 3.20
OTHER = "another"  # a value that no marker names


class Unreadable(ValueError):
    """What is no environment marker."""


def differ(one: str, other: str, python: str) -> str:
    """Return an environment for which two markers ("" for always) differ, "" when there is none.

    Only Pythons that `python` takes (like >=3.11,<4) count. Each variable gets every value that either marker names,
    and one that none does; of Pythons, those around each version that is named. Raises Unreadable.
    """
    if one == other:
        return ""
    first, second = read(one), read(other)
    for environment in _environments(f"{first} and {second}", python):
        if _holds(first, environment) != _holds(second, environment):
            return ", ".join(f"{name} {value}" for name, value in environment.items() if name != PYTHON[0])
    return ""


def never(marker: str, python: str) -> bool:
    """Tell whether a marker holds for no environment; see `differ`."""
    read_as = read(marker)
    return not any(_holds(read_as, environment) for environment in _environments(str(read_as), python))


def read(text: str) -> Marker | None:
    """Read a marker, None for none; raises Unreadable."""
    try:
        return Marker(text) if text else None
    except InvalidMarker as error:
        raise Unreadable(f"{text!r} is no environment marker: {error}") from None


def _holds(marker: Marker | None, environment: Mapping[str, str]) -> bool:
    try:
        return marker is None or marker.evaluate(dict(environment))
    except UndefinedComparison as error:
        raise Unreadable(f"{str(marker)!r} compares what cannot be compared: {error}") from None


def _environments(text: str, python: str) -> Iterator[dict[str, str]]:
    values: dict[str, set[str]] = {}
    for found in COMPARED.finditer(text):
        name, operator, value, before, after = found.groups(default="")
        some = re.split(r"[\s,]+", value) if operator.endswith("in") else [value or before]
        values.setdefault(name or after, {OTHER}).update(some)
    versions = sorted(_pythons(values.pop(PYTHON[0], set()) | values.pop(PYTHON[1], set()), python))
    names = [name for name in values if name != "extra"]  # none is asked for
    for version, *chosen in itertools.product(versions, *(sorted(values[name]) for name in names)):
        short = version.rpartition(".")[0]
        yield {PYTHON[0]: short, PYTHON[1]: version, **dict(zip(names, chosen, strict=True))}


def _pythons(named: set[str], python: str) -> Iterator[str]:
    # The first and the last of each minor version, and the neighbours of those that are named.
    near = {f"3.{minor}.{micro}" for minor in MINORS for micro in (0, 99)}
    for value in named:
        if exact := re.fullmatch(r"3\.(\d+)\.(\d+)", value):
            micro = int(exact[2])
            near |= {f"3.{exact[1]}.{one}" for one in (micro - 1, micro, micro + 1) if one >= 0}
    takes = SpecifierSet(python)
    yield from (version for version in near if takes.contains(version))
