"""How programs print a value: quoted for Python, JSON, SQL, shells, Compose, HTML or URLs, or as base64."""

import base64
import json
import re
from collections.abc import Iterator
from itertools import product
from urllib.parse import quote, quote_plus

LEAST = 8  # characters of base64 that are looked for
TWICE = 2  # how often what was quoted is quoted again: JSON in a line of JSON, the repr of a message with a repr
ENCODED = re.compile(r"%[0-9A-F]{2}")  # of a URL
# A character, and how pages have it; & is first, as it begins the others. Of quotes, the one or the other or both.
TAGS = (("&", "&amp;"), ("<", "&lt;"), (">", "&gt;"))
DOUBLES, SINGLES = ('"', "&quot;", "&#34;"), ("'", "&#x27;", "&#39;", "&apos;")
SINGLE = ("''", "\\'", "'\"'\"'", "'\\''")  # how ' is written between two of them


def spellings(value: str) -> set[str]:
    """Return how programs print a value: as it is, quoted, quoted twice, or as base64.

    Of base64, what doesn't depend on the text around it: a login of a header has the name before the password.
    """
    found = new = {value}
    for _ in range(TWICE):
        new = {text for one in new for text in _quoted(one)} - found
        found = found | new
    return found | set(_base64(value))


def _quoted(text: str) -> Iterator[str]:
    # Between the quotes: which stand around it, and so which of them are escaped, is the program's choice.
    yield repr(text.encode("utf-8", "surrogateescape"))[2:-1]
    python = ("'".join(how(part)[1:-1] for part in text.split("'")) for how in (repr, ascii))
    for bare in {*python, *(_json(text, ascii_only) for ascii_only in (False, True))}:
        both = bare.replace("'", "\\'"), bare.replace('"', '\\"')
        yield from (bare, *both, both[0].replace('"', '\\"'))
        yield re.sub("[<>&]", _in_script, both[1])
        yield re.sub("[<>&']", _in_script, both[1])
    yield from (text.replace("'", one) for one in SINGLE)
    yield re.sub(r'([\\$"`])', r"\\\1", text)  # between " in a shell
    yield re.sub(r"([^\w@%+=:,./-])", r"\\\1", text, flags=re.ASCII)  # between none
    yield text.replace("$", "$$")
    yield from _html(text)
    yield from _url(text)


def _json(text: str, ascii_only: bool) -> str:
    return '"'.join(json.dumps(part, ensure_ascii=ascii_only)[1:-1] for part in text.split('"'))


def _in_script(match: re.Match[str]) -> str:
    return f"\\u{ord(match[0]):04x}"


def _html(text: str) -> Iterator[str]:
    for character, written in TAGS:
        text = text.replace(character, written)
    for double, single in product(DOUBLES, SINGLES):
        escaped = text.replace('"', double).replace("'", single)
        yield escaped
        yield escaped.replace("+", "&#43;")  # as Go does
        yield "".join(one if one.isascii() else f"&#{ord(one)};" for one in escaped)


def _url(text: str) -> Iterator[str]:
    raw = text.encode("utf-8", "surrogateescape")
    for one in (quote(raw, safe=""), quote(raw), quote_plus(raw)):
        yield one
        yield ENCODED.sub(lambda match: match[0].lower(), one)  # as some programs do


def _base64(text: str) -> Iterator[str]:
    raw = text.encode("utf-8", "surrogateescape")
    for before in range(3):
        coded = base64.b64encode(b"\0" * before + raw).rstrip(b"=").decode()
        inner = coded[-(-before * 8 // 6) : (before + len(raw)) * 8 // 6]
        if len(inner) >= LEAST:
            yield from (inner, inner.replace("+", "-").replace("/", "_"))
