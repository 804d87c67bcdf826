"""Environment markers: their grammar, and what is left of one when a part of it is known.

https://packaging.python.org/en/latest/specifications/dependency-specifiers/#environment-markers
"""

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass

TOKEN = re.compile(
    r"""\s*(?:(?P<bracket>[()])|(?P<operator>===|~=|==|!=|<=|>=|<|>)|(?P<text>'[^']*'|"[^"]*")|(?P<word>[A-Za-z_][\w.]*))"""
)
OPPOSITE = {"==": "!=", "<": ">=", "<=": ">", "in": "not in"}
OPPOSITE |= {opposite: operator for operator, opposite in OPPOSITE.items()}
OLD = {"python_implementation": "platform_python_implementation"}  # names of before PEP 508


class Malformed(ValueError):
    """What is no environment marker."""


@dataclass(frozen=True)
class Comparison:
    """`left operator right`: names of variables bare, texts in quotes."""

    left: str
    operator: str
    right: str


@dataclass(frozen=True)
class Joined:
    """Conditions joined by "and" or "or"."""

    word: str
    parts: "tuple[Condition, ...]"


Condition = Comparison | Joined | bool


def parse(marker: str) -> Condition:
    """Read a marker; "" is True. Raises Malformed."""
    if not marker.strip():
        return True
    tokens = list(_tokens(marker))
    found = _either(tokens)
    if tokens:
        raise Malformed(f"the marker {marker!r}")
    return found


def text(condition: Condition) -> str:
    """Return a condition as a marker, "" for one that always holds; raises Malformed for one that never does."""
    if condition is False:
        raise Malformed("a marker that never holds")
    return "" if condition is True else _spelled(condition)


def _spelled(condition: Condition) -> str:
    if isinstance(condition, Comparison):
        return f"{condition.left} {condition.operator} {condition.right}"
    if isinstance(condition, bool):
        return ""
    parts = (
        f"({_spelled(one)})" if isinstance(one, Joined) and condition.word == "and" else _spelled(one)
        for one in condition.parts
    )
    return f" {condition.word} ".join(parts)


def join(word: str, parts: "list[Condition]") -> Condition:
    """Join conditions by "and" or "or", without what says nothing."""
    absorbing = word == "or"
    found: dict[Condition, None] = {}
    for part in parts:
        if part is absorbing:
            return absorbing
        if not isinstance(part, bool):
            found |= dict.fromkeys(part.parts if isinstance(part, Joined) and part.word == word else (part,))
    if not found:
        return not absorbing
    return next(iter(found)) if len(found) == 1 else Joined(word, tuple(found))


def settle(condition: Condition, known: Callable[[Comparison], bool | None]) -> Condition:
    """Return what is left of a condition, when `known` says of some of its comparisons whether they hold."""
    if isinstance(condition, Comparison):
        said = known(condition)
        return condition if said is None else said
    if isinstance(condition, Joined):
        return join(condition.word, [settle(part, known) for part in condition.parts])
    return condition


def negated(condition: Condition) -> Condition:
    """Return the condition that holds where another does not."""
    if isinstance(condition, bool):
        return not condition
    if isinstance(condition, Comparison):
        return Comparison(condition.left, OPPOSITE[condition.operator], condition.right)
    return join("or" if condition.word == "and" else "and", [negated(part) for part in condition.parts])


def comparisons(condition: Condition) -> Iterator[Comparison]:
    """Yield all that a condition compares."""
    if isinstance(condition, Comparison):
        yield condition
    elif isinstance(condition, Joined):
        for part in condition.parts:
            yield from comparisons(part)


def named(one: Comparison, variable: str) -> str:
    """Return the text that a variable is compared with, "" when it is about another one."""
    if one.left == variable:
        return one.right.strip("'\"")
    return one.left.strip("'\"") if one.right == variable else ""


def by_extra(marker: str) -> dict[str, str]:
    """Split a marker into what is left of it for "main", which has no extra, and with each extra that it names.

    A group in which it never holds is left out, as is an extra that adds nothing. Raises Malformed.
    """
    condition = parse(marker)
    extras = dict.fromkeys(found for one in comparisons(condition) if (found := named(one, "extra")))
    left = {extra: settle(condition, lambda one, extra=extra: _with(one, extra)) for extra in ("", *extras)}  # type: ignore[misc]
    return {
        extra or "main": text(found)
        for extra, found in left.items()
        if found is not False and (not extra or found != left[""])
    }


def _with(one: Comparison, extra: str) -> bool | None:
    if "extra" not in (one.left, one.right):
        return None
    if one.operator not in ("==", "!="):
        raise Malformed(f"the marker {_spelled(one)!r}")
    return (named(one, "extra") == extra) == (one.operator == "==")


def _tokens(marker: str) -> Iterator[str]:
    place = 0
    rest = marker.rstrip()
    while place < len(rest):
        found = TOKEN.match(rest, place)
        if not found:
            raise Malformed(f"the marker {marker!r}")
        word = found[0].strip()
        yield OLD.get(word, word.replace(".", "_") if found["word"] else word)
        place = found.end()


def _either(tokens: list[str]) -> Condition:
    parts = [_both(tokens)]
    while tokens and tokens[0] == "or":
        del tokens[0]
        parts.append(_both(tokens))
    return join("or", parts)


def _both(tokens: list[str]) -> Condition:
    parts = [_one(tokens)]
    while tokens and tokens[0] == "and":
        del tokens[0]
        parts.append(_one(tokens))
    return join("and", parts)


def _one(tokens: list[str]) -> Condition:
    if tokens and tokens[0] == "(":
        del tokens[0]
        found = _either(tokens)
        if not tokens or tokens.pop(0) != ")":
            raise Malformed("a marker with an open bracket")
        return found
    words = 4 if tokens[1:3] == ["not", "in"] else 3
    if len(tokens) < words:
        raise Malformed("a marker that breaks off")
    left, *operator, right = tokens[:words]
    del tokens[:words]
    if not _is_value(left) or not _is_value(right) or not re.fullmatch(r"[=!<>~]+|in|not in", " ".join(operator)):
        raise Malformed(f"the marker {' '.join([left, *operator, right])!r}")
    return Comparison(left, " ".join(operator), right)


def _is_value(token: str) -> bool:
    return token[0] in "'\"" or (token[0] not in "()=!<>~" and token not in ("and", "or", "not", "in"))
