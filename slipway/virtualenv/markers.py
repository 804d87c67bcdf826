"""Which Pythons and machines a version specifier or a marker is about, told by the standard library alone."""

import ast
import re
from collections.abc import Mapping

COMPARE = {
    ">=": lambda one, other: one >= other,
    "<=": lambda one, other: one <= other,
    ">": lambda one, other: one > other,
    "<": lambda one, other: one < other,
    "==": lambda one, other: one == other,
    "!=": lambda one, other: one != other,
}
OPERATORS: dict[type[ast.cmpop], str] = {
    ast.GtE: ">=", ast.LtE: "<=", ast.Gt: ">", ast.Lt: "<", ast.Eq: "==", ast.NotEq: "!=",
    ast.In: "in", ast.NotIn: "not in",
}  # fmt: skip
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
    """Tell whether a marker holds where its variables have these values; "" always does.

    A marker is written as Python is, but for `~=` and `===`. Raises Unreadable.
    """
    try:
        return not marker or _truth(ast.parse(marker, mode="eval").body, where)
    except (SyntaxError, KeyError) as error:
        raise Unreadable(f"the marker {marker!r}: {error}") from None


def _truth(node: ast.expr, where: Mapping[str, str]) -> bool:
    if isinstance(node, ast.BoolOp):
        each = (_truth(one, where) for one in node.values)
        return all(each) if isinstance(node.op, ast.And) else any(each)
    if not isinstance(node, ast.Compare) or len(node.ops) != 1 or type(node.ops[0]) not in OPERATORS:
        raise Unreadable(f"the marker {ast.unparse(node)!r}")
    left, operator, right = node.left, OPERATORS[type(node.ops[0])], node.comparators[0]
    one, other = _value(left, where), _value(right, where)
    if operator.endswith("in"):
        return (one in other) == (operator == "in")
    if isinstance(left, ast.Name) and left.id in VERSIONS:
        return _meets(one, operator + other)
    if operator not in ("==", "!="):
        raise Unreadable(f"the marker {ast.unparse(node)!r}")
    return bool(COMPARE[operator](one, other))


def _value(node: ast.expr, where: Mapping[str, str]) -> str:
    if isinstance(node, ast.Constant) and isinstance(node.value, str):
        return node.value
    if isinstance(node, ast.Name):
        return where[node.id]
    raise Unreadable(f"the marker {ast.unparse(node)!r}")


def _meets(version: str, specifier: str) -> bool:
    found = re.fullmatch(r"(~=|==|!=|<=|>=|<|>)\s*([\w.]+?)(\.\*)?", specifier)
    if not found:
        raise Unreadable(f"{specifier!r} is no version specifier")
    operator, other, star = found.groups()
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
