"""What is secret, and text without it: a value is hidden in every spelling in which programs print one."""

import base64
import json
import re
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from urllib.parse import quote, quote_plus, unquote

HIDDEN = "[secret]"
LONG = 8  # characters of a value that is hidden wherever it stands; a shorter one is part of anything
PART = 4  # characters of a secret that betray something of it
SECRET_NAME = re.compile(
    r"(?i)password|passwd|passphrase|secret|credential|(api|access|private|signing)_?key"
    r"|(^|_)(pass|pwd|creds?|tokens?|pat|jwt|auth|dsn|(?<!public_)keys?)(_|$)"
)
# What says something about a secret, and is none; PWD is the folder.
ABOUT = re.compile(r"(?i)^pwd$|_(file|path|dir|sock|method|type|mode|algorithm|issuer|audience)$")
HEADERS = re.compile(r"(?i)_headers$")  # OTEL_EXPORTER_OTLP_HEADERS is how a collector is given a key
PLAIN = re.compile(r"(?i)[+-]?\d[\d_]*(\.\d+)?|true|false|yes|no|on|off|none|null|enabled|disabled")
# Of an address; ssh://git@host gives nothing away.
LOGIN = re.compile(r"(?<!ssh)://[^/\s@]+@|://[^/\s@:]*:(?!\d+/)[^\s@]+@")
# Its password; what stands alone before a host is one in HTTP, as a token is given there.
PASSWORD = re.compile(r"://[^/\s@:]*:(?!\d+/)([^\s/]+)@|https?://([^/\s@:]+)@")
ENCODED = re.compile(r"%[0-9A-F]{2}")  # of a URL
PRIVATE_KEY = re.compile(r"-----BEGIN [A-Z ]*PRIVATE KEY-----")
# Where less than all of a value is shown: as pydantic and pytest shorten a long one (a row of dots is pytest's
# progress), and where a line ends that was not written to its end yet, or is broken there.
CUT = re.compile(r"(?<!\.)\.\.\.(?!\.)|…|(?=\r?\n)|\Z")


def is_secret(name: str) -> bool:
    """Tell whether a variable is secret, by its name."""
    return bool(SECRET_NAME.search(re.sub(r"(?<=[a-z])(?=[A-Z])", "_", name)))  # apiToken is api_Token


def has_login(address: str) -> bool:
    """Tell whether an address has a user or password in it."""
    return bool(LOGIN.search(address))


def tells(name: str, value: str) -> bool:
    """Tell whether a variable may give something away: by its name, or by what it holds."""
    return is_secret(name) or bool(HEADERS.search(name)) or has_login(value) or bool(PRIVATE_KEY.search(value))


def likely(variables: Mapping[str, str], public: Iterable[str] = ()) -> set[str]:
    """Return what is secret of variables that nobody has declared so.

    Those whose names look like it, and the passwords in addresses. Not what may stand anywhere: a short text, a number,
    a word like true, the name of a file that is there, or one of the values that are `public`.
    """
    found: set[str] = set()
    for name, value in variables.items():
        passwords = {one for pair in PASSWORD.findall(value) for one in pair}
        found |= passwords | {unquote(one) for one in passwords}
        if HEADERS.search(name):
            found |= {value, *(pair.partition("=")[2].strip() for pair in value.split(","))}
        if is_secret(name) and not ABOUT.search(name) and not _names_a_file(value):
            found.add(value)
    return {one for one in found - set(public) if len(one.strip()) >= LONG and not PLAIN.fullmatch(one.strip())}


def _names_a_file(value: str) -> bool:
    try:
        return value.startswith("env://") or Path(value).exists()
    except (OSError, ValueError):
        return False


def spellings(value: str) -> set[str]:
    """Return how programs print a value: as it is, quoted for Python, JSON, SQL, shells, Compose, URLs, or as base64.

    Of base64, what doesn't depend on the text around it: a login of a header has the name before the password.
    """
    raw = value.encode("utf-8", "surrogateescape")
    found = {value, repr(value)[1:-1], repr(raw)[2:-1]}
    quoted = json.dumps(value, ensure_ascii=False)[1:-1]
    bare = quoted.replace('\\"', '"')  # of which pydantic escapes the quote that it uses
    found |= {
        json.dumps(value)[1:-1],
        quoted,
        bare,
        bare.replace("'", "\\'"),
        bare.replace("'", "\\'").replace('"', '\\"'),
    }
    found |= {value.replace("'", one) for one in ("''", "\\'", "'\"'\"'")} | {value.replace("$", "$$")}
    in_urls = {quote(raw, safe=""), quote(raw), quote_plus(raw)}
    found |= in_urls | {ENCODED.sub(lambda match: match[0].lower(), one) for one in in_urls}  # as some programs do
    for before in range(3):
        coded = base64.b64encode(b"\0" * before + raw).rstrip(b"=").decode()
        inner = coded[-(-before * 8 // 6) : (before + len(raw)) * 8 // 6]
        found |= {inner, inner.replace("+", "-").replace("/", "_")} if len(inner) >= LONG else set()
    return found


class Secrets:
    """Values that are never shown."""

    def __init__(self, values: Iterable[str] = ()) -> None:
        self.long: tuple[str, ...] = ()  # hidden wherever they stand, the longest first
        self.short: frozenset[str] = frozenset()  # hidden where they stand alone: as part of a word, they say nothing
        self._pattern: re.Pattern[str] | None = None
        self._all: tuple[str, ...] = ()
        self._parts: frozenset[str] = frozenset()  # all that stands side by side in one, PART characters each
        self._heads: frozenset[str] = frozenset()  # what they begin with, shorter than that
        self.add(*values)

    def add(self, *values: str) -> None:
        """Hide values, whatever they are; each line of one that has several."""
        lines = {line.strip() for value in values for line in value.splitlines()} - {""}
        if new := {one for one in lines if len(one) < LONG} - self.short:
            self.short |= new
        each = {one for line in lines if len(line) >= LONG for one in spellings(line)}
        each |= {one for value in values if len(value) >= LONG for one in spellings(value) if "\n" not in one}
        if new or each - set(self.long):
            self.long = tuple(sorted({*self.long, *each}, key=len, reverse=True))
            self._pattern, self._all = None, (*self.long, *self.short)
            self._parts = frozenset(one[at : at + PART] for one in self._all for at in range(len(one) - PART + 1))
            self._heads = frozenset(one[:size] for one in self._all for size in range(1, PART))

    def found(self, text: str) -> list[tuple[int, int]]:
        """Return where secrets stand in a text."""
        if not any(one in text for one in self.long) and not any(one in text for one in self.short):
            return []
        self._pattern = self._pattern or _pattern(self.long, self.short)
        return [match.span() for match in self._pattern.finditer(text)]

    def redact(self, text: str) -> str:
        """Return a text without secrets, and without the ends of one that was shortened or is broken off."""
        whole = _without(text, self.found(text))
        return _without(whole, self._ends(whole))

    def _ends(self, text: str) -> Iterator[tuple[int, int]]:
        # Where the beginning of a secret stands before dots or the end of a line, and the end of one after dots.
        for cut in CUT.finditer(text) if self.long else ():
            begin, end = cut.span()
            head = self.begun(text[max(0, begin - len(self.long[0])) : begin])
            if head >= (PART if cut[0] else LONG):
                yield begin - head, begin
            if cut[0] and self.has_part(text[end : end + PART]):
                after = text[end : end + len(self.long[0])][::-1]
                if (tail := max(_common(after, one[::-1]) for one in self.long)) >= PART:
                    yield end, end + tail

    def has_part(self, part: str) -> bool:
        """Tell whether PART characters stand side by side in a secret."""
        return part in self._parts

    def begun(self, text: str) -> int:
        """Return how many characters of a secret's beginning a text ends with: not all of it."""
        # Looked up first, as this is asked for every piece of what is printed.
        if text[-PART:] in self._parts and (most := max(_common(text, one) for one in self._all)):
            return most
        return next((size for size in range(min(PART - 1, len(text)), 0, -1) if text[-size:] in self._heads), 0)


def _without(text: str, spans: Iterable[tuple[int, int]]) -> str:
    shown, at = [], 0
    for begin, end in spans:
        shown += [text[at:begin], HIDDEN] if begin >= at else []
        at = max(at, end)
    return "".join([*shown, text[at:]])


def _common(text: str, secret: str) -> int:
    at = text.find(secret[0], -len(secret) + 1 if len(secret) > 1 else len(text))
    while at >= 0 and not secret.startswith(text[at:]):
        at = text.find(secret[0], at + 1)
    return len(text) - at if at >= 0 else 0


def _pattern(long: Iterable[str], short: Iterable[str]) -> re.Pattern[str]:
    alone = "|".join(map(re.escape, sorted(short, key=len, reverse=True)))
    each = [re.escape(one) for one in long] + ([rf"(?<![^\W_])(?:{alone})(?![^\W_])"] if alone else [])
    return re.compile("|".join(each))


# What this process never shows, whoever prints.
SECRETS = Secrets()
