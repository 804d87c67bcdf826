"""YAML as Compose files are written in: read with the standard library alone, all scalars as texts.

Blocks, lists and tables in brackets, quotes, texts over several lines, anchors and merges. Raises ValueError for what
is none of that.
"""

import json
import re
from typing import Any

Row = tuple[int, int, str]  # the line's number, its indentation, and what stands there
KEY = re.compile(r"""("(?:[^"\\]|\\.)*"|'(?:[^']|'')*'|[^\s"'\[{&*!|>%@`#][^#]*?|<<|[&*!][^\s:]+)\s*:(?=\s|$)\s*""")
PROPERTY = re.compile(r"(&|!)([^\s,\[\]{}]*)(?:\s+|$)")
BLOCK = re.compile(r"[|>][+-]?\d?[+-]?\s*(#.*)?$")
COLON, END = re.compile(r"\s*:(\s|$)"), re.compile(r"[,\]}]|:(?=\s|$)")  # of a word in brackets
SPACE = re.compile(r"\s*")
DEEPEST, MOST, LONGEST = 60, 200_000, 500


class Table(dict[str, Any]):
    """A table, and the line in which each of its keys stands."""

    def __init__(self) -> None:
        super().__init__()
        self.lines: dict[str, int] = {}


def load(text: str) -> Any:
    """Return the first document of a text."""
    return _Reader(text).document()


class _Reader:
    def __init__(self, text: str) -> None:
        self.raw = text.split("\n")
        self.rows: list[Row] = []
        self.anchors: dict[str, Any] = {}
        self.at = 0
        for number, line in enumerate(self.raw[:MOST], 1):
            stripped = line.strip()
            if re.match(r"---(\s|$)", line) and self.rows:
                break
            if stripped and not stripped.startswith("#") and not re.match(r"---(\s|$)|%|\.\.\.$", line):
                self.rows.append((number, len(line) - len(line.lstrip(" ")), stripped))

    def document(self) -> Any:
        value = self.block(0) if self.rows else None
        if self.at < len(self.rows):
            raise ValueError(f"line {self.rows[self.at][0]} is not understood")
        return value

    def block(self, depth: int) -> Any:
        """Read the list, table or text that begins in this row, and all that is as far in."""
        if depth > DEEPEST:
            raise ValueError("too deep")
        _, indent, text = self.rows[self.at]
        if re.match(r"-(\s|$)", text):
            return self.items(indent, depth)
        if KEY.match(text):
            return self.table(indent, depth)
        self.at += 1
        return self.value(text, indent, indent - 1, depth)

    def items(self, indent: int, depth: int) -> list[Any]:
        found = []
        while self.at < len(self.rows) and self.rows[self.at][1] == indent:
            number, _, text = self.rows[self.at]
            if not re.match(r"-(\s|$)", text):
                break
            rest = text[1:].lstrip()
            if rest and not rest.startswith("#"):
                inner = indent + len(text) - len(rest)
                if re.match(r"-(\s|$)", rest) or (KEY.match(rest) and not rest.startswith(("&", "*", "!"))):
                    self.rows[self.at] = (number, inner, rest)  # what follows the dash is a block of its own
                    found.append(self.block(depth + 1))
                    continue
            self.at += 1
            found.append(self.value(rest, indent, indent, depth))
        return found

    def table(self, indent: int, depth: int) -> Table:
        own, merged = Table(), Table()
        while self.at < len(self.rows) and self.rows[self.at][1] == indent:
            number, _, text = self.rows[self.at]
            key = KEY.match(text)
            if not key or re.match(r"-(\s|$)", text):
                break
            self.at += 1
            name = _unquoted(key[1])
            value = self.value(text[key.end() :], indent, indent, depth, after_key=True)
            if name == "<<":
                for one in reversed(value if isinstance(value, list) else [value]):
                    merged.update(one if isinstance(one, dict) else {})
                    merged.lines |= getattr(one, "lines", {})
            else:
                own[name] = value
                own.lines[name] = number
        for name, value in merged.items():
            own.setdefault(name, value)
            own.lines.setdefault(name, merged.lines.get(name, 0))
        return own

    def value(self, rest: str, indent: int, above: int, depth: int, after_key: bool = False) -> Any:
        anchor = ""
        while found := PROPERTY.match(rest):
            anchor = found[2] if found[1] == "&" else anchor
            rest = rest[found.end() :]
        made = self.plain_value(rest, indent, above, depth, after_key)
        if anchor:
            self.anchors[anchor] = made
        return made

    def plain_value(self, rest: str, indent: int, above: int, depth: int, after_key: bool) -> Any:
        if not rest or rest.startswith("#"):
            following = self.rows[self.at] if self.at < len(self.rows) else (0, -1, "")
            is_list = after_key and following[1] == indent and re.match(r"-(\s|$)", following[2])
            return self.block(depth + 1) if following[1] > above or is_list else None
        if rest.startswith("*"):
            return self.anchors.get(rest[1:].split()[0] if rest[1:].split() else "")
        if BLOCK.match(rest):
            return self.literal(above)
        if rest[0] in "\"'[{":
            last = min(self.at + LONGEST, len(self.rows))
            while not _is_closed(rest) and self.at < last:
                rest = f"{rest} {self.rows[self.at][2]}"
                self.at += 1
            value, end = self.flow(rest, 0, depth)
            if rest[end:].strip() and not rest[end:].lstrip().startswith("#"):
                raise ValueError("something stands behind a value")
            return value
        text = _uncommented(rest)
        while self.at < len(self.rows) and self.rows[self.at][1] > above and not KEY.match(self.rows[self.at][2]):
            text = f"{text} {_uncommented(self.rows[self.at][2])}"
            self.at += 1
        return None if text in ("~", "null", "Null", "NULL", "") else text

    def literal(self, above: int) -> str:
        begin = self.rows[self.at - 1][0]
        lines = []
        for line in self.raw[begin:]:
            if line.strip() and len(line) - len(line.lstrip(" ")) <= above:
                break
            lines.append(line.strip())
        while self.at < len(self.rows) and self.rows[self.at][0] <= begin + len(lines):
            self.at += 1
        return "\n".join(lines).strip()

    def flow(self, text: str, at: int, depth: int) -> tuple[Any, int]:
        """Read a quoted text, or a list or table in brackets; return it and where it ends."""
        if depth > DEEPEST:
            raise ValueError("too deep")
        if text[at] in "\"'":
            end = _end_of_quote(text, at)
            return _unquoted(text[at : end + 1]), end + 1
        closing = {"[": "]", "{": "}"}.get(text[at])
        if not closing:
            end = found.start() if (found := END.search(text, at)) else len(text)
            word = text[at:end].strip()
            word = word if not word.startswith("*") else self.anchors.get(word[1:], "")
            return (None if word in ("", "~", "null") else word), end
        items: list[Any] = []
        table = Table()
        at += 1
        while at < len(text):
            while at < len(text) and (text[at].isspace() or text[at] == ","):
                at += 1
            if at < len(text) and text[at] == closing:
                return (items if closing == "]" else table), at + 1
            if at >= len(text):
                break
            value, after = self.flow(text, at, depth + 1)
            if closing == "}" or COLON.match(text, after):
                name, value = str(value), None
                after = _behind(text, after)
                if text[after : after + 1] == ":":
                    after = _behind(text, after + 1)
                    value, after = self.flow(text, after, depth + 1) if after < len(text) else (None, after)
                if name == "<<" and isinstance(value, dict):
                    table.update({key: one for key, one in value.items() if key not in table})
                else:
                    table[name] = value
                value = {name: value}
            if after <= at:
                raise ValueError("a bracket is not closed")
            items.append(value)
            at = after
        raise ValueError("a bracket is not closed")


def _behind(text: str, at: int) -> int:
    # Where the next word begins.
    found = SPACE.match(text, at)
    return found.end() if found else at


def _uncommented(text: str) -> str:
    return re.split(r"\s#", text, maxsplit=1)[0].strip()


def _end_of_quote(text: str, at: int) -> int:
    index = at + 1
    while index < len(text):
        if text[index] == "\\" and text[at] == '"':
            index += 1
        elif text[index] == text[at]:
            if text[at] == "'" and text[index + 1 : index + 2] == "'":
                index += 1
            else:
                return index
        index += 1
    raise ValueError("a quote is not closed")


def _is_closed(text: str) -> bool:
    depth, index = 0, 0
    while index < len(text):
        if text[index] in "\"'":
            try:
                index = _end_of_quote(text, index)
            except ValueError:
                return False
        depth += (text[index] in "[{") - (text[index] in "]}")
        if not depth:  # what follows is a comment, with whatever quotes
            return True
        index += 1
    return False


def _unquoted(text: str) -> str:
    if text[:1] == "'":
        return text[1:-1].replace("''", "'")
    if text[:1] == '"':
        try:
            return str(json.loads(text, strict=False))
        except ValueError:
            return text[1:-1]
    return text.strip()
