"""Manifests as YAML: what is written reads as it was in YAML 1.1 and 1.2, and is the same each time.

https://yaml.org/spec/1.2.2/. kubectl reads YAML 1.1, where `no` is false and 1:30 is 90.
"""

import json
import re
import textwrap
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

# What is a text in both without quotes: it begins like a word or a path, and has nothing that YAML reads otherwise.
PLAIN = re.compile(r"[A-Za-z/](?:[A-Za-z0-9_./@+-]|:(?=[A-Za-z0-9_./@+-]))*", re.ASCII)
WIDTH = 110  # of a comment
WORDS = frozenset(("null", "true", "false", "yes", "no", "on", "off", "y", "n"))
UNPRINTABLE = re.compile(r"[\x7f-\x9f\u2028\u2029\ufeff\ud800-\udfff\ufffe\uffff]")
# What a block shows as it is: lines without control characters, of which the first one begins with no space.
BLOCK = re.compile(r"[^\s][^\x00-\x08\x0b-\x1f]*\n[^\x00-\x08\x0b-\x1f]*[^\n]\n?")


def dumped(value: Mapping[str, Any]) -> str:
    """Return a document, its keys in the order that they have."""
    return "".join(f"{line}\n" for line in _mapping(value, ""))


def comment(text: str) -> str:
    """Return lines of a text as comments, broken where they are long; one that is indented is a command, and whole."""
    lines: list[str] = []
    for line in UNPRINTABLE.sub("?", text).splitlines():
        below = "  " if line.startswith("- ") else ""
        broken = textwrap.wrap(line, WIDTH, subsequent_indent=below, break_long_words=False, break_on_hyphens=False)
        lines += [line] if line.startswith(" ") else broken
    return "".join(f"# {line}\n" for line in lines)


def _mapping(value: Mapping[str, Any], indent: str) -> Iterator[str]:
    for name, one in value.items():
        head = f"{indent}{_scalar(str(name))}:"
        if isinstance(one, Mapping) and one:
            yield head
            yield from _mapping(one, f"{indent}  ")
        elif isinstance(one, Sequence) and not isinstance(one, str) and one:
            yield head
            yield from _sequence(one, indent)
        else:
            yield from _leaf(head, one, indent)


def _sequence(value: Sequence[Any], indent: str) -> Iterator[str]:
    for one in value:
        if isinstance(one, Mapping) and one:
            first, *rest = _mapping(one, f"{indent}  ")
            yield f"{indent}- {first.removeprefix(f'{indent}  ')}"
            yield from rest
        elif isinstance(one, Sequence) and not isinstance(one, str) and one:
            raise ValueError("a list in a list, which no manifest has")
        else:
            yield from _leaf(f"{indent}-", one, indent)


def _leaf(head: str, value: Any, indent: str) -> Iterator[str]:
    if isinstance(value, str) and BLOCK.fullmatch(value) and not UNPRINTABLE.search(value):
        yield f"{head} |{'' if value.endswith(chr(10)) else '-'}"
        yield from (f"{indent}  {line}" if line else "" for line in value.removesuffix("\n").split("\n"))
    else:
        yield f"{head} {_scalar(value)}"


def _scalar(value: Any) -> str:
    if not isinstance(value, str):
        return "{}" if isinstance(value, Mapping) else json.dumps(value)
    if PLAIN.fullmatch(value) and value.lower() not in WORDS:
        return value
    return UNPRINTABLE.sub(lambda found: f"\\u{ord(found[0]):04x}", json.dumps(value, ensure_ascii=False))
