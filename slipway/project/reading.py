"""A table of pyproject.toml, read into the dataclass that says what it may have."""

import difflib
import re
from dataclasses import fields
from typing import Annotated, Any, Literal, get_args, get_origin

from slipway.core.errors import Problem
from slipway.core.words import is_whole, whole

OUTSIDE = ("root", "version", "requires_python", "environment")  # of a Project, not in [tool.slipway]
CAPITALS = {"keys": "in capitals"}  # of a field


def read(table: dict[str, Any], into: type, where: str) -> dict[str, Any]:
    """Return a table's values by field of `into`; raises Problem for an unknown key, and what `check` refuses.

    A field of metadata CAPITALS has all keys in capitals.
    """
    known = {f.name.replace("_", "-"): f for f in fields(into) if f.name not in OUTSIDE and f.metadata != CAPITALS}
    capitals = next((f.name for f in fields(into) if f.metadata == CAPITALS), "")
    values: dict[str, Any] = {}
    for key, value in table.items():
        if capitals and re.fullmatch(r"[A-Z_][A-Z0-9_]*", key):
            values.setdefault(capitals, {})[key] = check(value, str, f"[{where}] {key}")
            continue
        if key not in known:
            close = difflib.get_close_matches(key, known, n=1)
            hint = f"did you mean {close[0]!r}?" if close else f"known are {', '.join(sorted(known))}."
            raise Problem(f"pyproject.toml: [{where}] has no key {key!r}: {hint}")
        values[known[key].name] = check(value, known[key].type, f"[{where}] {key}")
    return values


def check(value: Any, expected: Any, where: str) -> Any:
    """Return a value of the type that its key has; raises Problem for another one."""
    form, inner, wanted = get_origin(expected), get_args(expected), "a table"
    if form is Literal:
        wanted = " or ".join(f'"{one}"' for one in inner)
        if value in inner and isinstance(value, str):
            return value
    elif form is Annotated and inner[0] is str:  # a word, or a number, which may be written as a text
        word, within = inner[1:]
        wanted = f'"{word}" or {whole(within)}'
        if value == word or (type(value) is int and value in within) or is_whole(str(value), within):
            return str(value)
    elif form is Annotated:
        wanted = whole(inner[1])
        if type(value) is int and value in inner[1]:  # True is an int as well
            return value
    elif form is tuple:
        wanted = "a list of strings"
        if isinstance(value, list) and all(isinstance(item, str) for item in value):
            return tuple(value)
    elif expected is str:
        wanted = "a string"
        if isinstance(value, str):
            return value
    elif expected is bool:
        wanted = "true or false"
        if isinstance(value, bool):
            return value
    elif isinstance(value, dict):
        return {key: check(one, inner[1], f"{where}.{key}") for key, one in value.items()} if form is dict else value
    # Somebody may take the table for the place of the secrets themselves.
    shown = "'...'" if where.startswith("[tool.slipway] secrets") and isinstance(value, str) else repr(value)
    raise Problem(f"pyproject.toml: {where} = {shown} should be {wanted}.")
