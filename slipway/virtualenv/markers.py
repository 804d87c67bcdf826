"""Which Pythons and machines a version specifier or a marker is about, told by the standard library alone."""

import re
from collections.abc import Mapping

from slipway.project.locks import conditions

COMPARE = {
    ">=": lambda one, other: one >= other,
    "<=": lambda one, other: one <= other,
    ">": lambda one, other: one > other,
    "<": lambda one, other: one < other,
    "==": lambda one, other: one == other,
    "!=": lambda one, other: one != other,
}
MIRRORED = {">=": "<=", "<=": ">=", ">": "<", "<": ">"}
VERSIONS = ("python_version", "python_full_version", "implementation_version")  # compared as versions
Key = tuple[tuple[int, ...], int]


class Unreadable(ValueError):
    """What is no version, specifier or marker, or one that is not read here."""


def within(version: str, specifiers: str) -> bool:
    """Tell whether a version is one of `>=3.11,<4` and the like.

    https://packaging.python.org/en/latest/specifications/version-specifiers/. Raises Unreadable.
    """
    return all(_meets(version, one.strip()) for one in specifiers.split(",") if one.strip())


def holds(marker: str, where: Mapping[str, str]) -> bool:
    """Tell whether a marker holds where its variables have these values; "" always does. Raises Unreadable."""
    try:
        return _truth(conditions.parse(marker), where)
    except (conditions.Malformed, KeyError) as error:
        raise Unreadable(f"the marker {marker!r}: {error}") from None


def _truth(condition: conditions.Condition, where: Mapping[str, str]) -> bool:
    if isinstance(condition, bool):
        return condition
    if isinstance(condition, conditions.Joined):
        each = (_truth(part, where) for part in condition.parts)
        return all(each) if condition.word == "and" else any(each)
    left, operator, right = condition.left, condition.operator, condition.right
    one, other = _value(left, where), _value(right, where)
    if operator.endswith("in"):
        return (one in other) == (operator == "in")
    if {left, right} & set(VERSIONS):
        # A value before the variable means what it means behind it: "3.12" <= python_version.
        return (
            _meets(one, operator + other) if left in VERSIONS else _meets(other, MIRRORED.get(operator, operator) + one)
        )
    if operator not in ("==", "!="):
        raise Unreadable(f"the marker {f'{left} {operator} {right}'!r}")
    return bool(COMPARE[operator](one, other))


def _value(text: str, where: Mapping[str, str]) -> str:
    return text[1:-1] if text[0] in "'\"" else where[text]


def _meets(version: str, specifier: str) -> bool:
    found = re.fullmatch(r"(~=|===|==|!=|<=|>=|<|>)\s*([\w.]+?)(\.\*)?", specifier)
    if not found:
        raise Unreadable(f"{specifier!r} is no version specifier")
    operator, other, star = found.groups()
    if operator == "===":
        return version == other
    if operator == "~=":
        above = other.rpartition(".")[0]
        return _meets(version, f">={other}") and _meets(version, f"=={above}.*")
    if star:
        if operator not in ("==", "!="):
            raise Unreadable(f"{specifier!r} is no version specifier")
        begin = _numbers(other)
        given = _numbers(version)
        return ((given + (0,) * len(begin))[: len(begin)] == begin) == (operator == "==")
    return bool(COMPARE[operator](_key(version), _key(other)))


def _numbers(version: str) -> tuple[int, ...]:
    found = re.match(r"\d+(\.\d+)*", version)
    if not found:
        raise Unreadable(f"{version!r} is no version")
    return tuple(map(int, found[0].split(".")))


def _key(version: str) -> Key:
    # 3.14 is 3.14.0, and 3.14.0rc1 comes before it.
    numbers = _numbers(version)
    while numbers and not numbers[-1]:
        numbers = numbers[:-1]
    return numbers, 0 if re.search(r"\d(a|b|rc)\d", version) else 1
