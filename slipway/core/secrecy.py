"""What is secret, and text without it: a value is hidden in every spelling in which programs print one."""

import re
from collections.abc import Iterable, Iterator, Mapping
from functools import cached_property
from pathlib import Path
from urllib.parse import unquote

from slipway.core.sought import Beginnings, either
from slipway.core.spellings import spellings

HIDDEN = "[secret]"
LONG = 8  # characters of a value that is hidden wherever it stands; a shorter one is part of anything
PART = 4  # characters of a secret that betray something of it
SECRET_NAME = re.compile(
    r"(?i)password|passwd|passphrase|secret|credential|(api|access|private|signing)_?key"
    r"|(^|_)(pass|pwd|creds?|tokens?|pat|jwt|auth|dsn|(?<!public_)keys?)(_|$)"
)
# What says something about a secret, and is none; PWD is the folder.
ABOUT = re.compile(r"(?i)^pwd$|_(file|path|dir|sock|method|type|mode|algorithm|issuer|audience)$")
HEADERS = re.compile(r"(?i)_headers$")  # OTEL_EXPORTER_OTLP_HEADERS is how a collector is given a key: api-key=...
PAIR = re.compile(r"[=:]")  # of a header and its value; CORS_HEADERS has names alone
PLAIN = re.compile(r"(?i)[+-]?\d[\d_]*(\.\d+)?|true|false|yes|no|on|off|none|null|enabled|disabled")
# Of an address; ssh://git@host gives nothing away.
LOGIN = re.compile(r"(?<!ssh)://[^/\s@]+@|://[^/\s@:]*:(?!\d+/)[^\s@]+@")
# Its password; what stands alone before a host is one in HTTP, as a token is given there.
PASSWORD = re.compile(r"://[^/\s@:]*:(?!\d+/)([^\s/]+)@|https?://([^/\s@:]+)@")
LETTERS = re.compile(r"[A-Za-z0-9]+")
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
    return is_secret(name) or _has_headers(name, value) or has_login(value) or bool(PRIVATE_KEY.search(value))


def likely(variables: Mapping[str, str], public: Iterable[str] = ()) -> set[str]:
    """Return what is secret of variables that nobody has declared so.

    Those whose names look like it, and the passwords in addresses. Not what may stand anywhere: a short text, a number,
    a word like true, the name of a file that is there, or one of the values that are `public`.
    """
    found: set[str] = set()
    for name, value in variables.items():
        passwords = {one for pair in PASSWORD.findall(value) for one in pair}
        found |= passwords | {unquote(one) for one in passwords}
        if _has_headers(name, value):
            found |= {value, *(pair.partition("=")[2].strip() for pair in value.split(","))}
        if is_secret(name) and not ABOUT.search(name) and not _names_a_file(value):
            found.add(value)
    return {one for one in found - set(public) if len(one.strip()) >= LONG and not PLAIN.fullmatch(one.strip())}


def _has_headers(name: str, value: str) -> bool:
    return bool(HEADERS.search(name) and PAIR.search(value))


def _names_a_file(value: str) -> bool:
    try:
        return value.startswith("env://") or Path(value).exists()
    except (OSError, ValueError):
        return False


class Secrets:
    """Values that are never shown."""

    def __init__(self, values: Iterable[str] = ()) -> None:
        self.long: tuple[str, ...] = ()  # hidden wherever they stand, the longest first
        self.short: frozenset[str] = frozenset()  # hidden where they stand alone: as part of a word, they say nothing
        self._runs: frozenset[str] = frozenset()  # where none of these is, nothing long is
        self._forget()
        self.add(*values)

    def add(self, *values: str) -> None:
        """Hide values, whatever they are; each line of one that has several."""
        lines = {line.strip() for value in values for line in value.splitlines()} - {""}
        whole = {one for one in {*lines, *values} if len(one) >= LONG}
        spelled = {one: {each for each in spellings(one) if "\n" not in each} for one in whole}
        long = {each for found in spelled.values() for each in found} - set(self.long)
        short = {each for one in lines if len(one) < LONG for each in spellings(one)} - self.short
        if short or long:
            self.short |= short
            self.long = tuple(sorted({*self.long, *long}, key=len, reverse=True))
            self._runs |= {run for one, found in spelled.items() for run in _runs(one, found)}
            self._forget()

    def _forget(self) -> None:
        for name in ("_pattern", "_parts", "_heads", "_begun", "_ended"):
            self.__dict__.pop(name, None)

    @cached_property
    def _pattern(self) -> re.Pattern[str]:
        each = [either(self.long)] if self.long else []
        return re.compile("|".join(each + ([rf"(?<![^\W_])(?:{either(self.short)})(?![^\W_])"] if self.short else [])))

    @cached_property
    def _parts(self) -> frozenset[str]:
        # All that stands side by side in one, PART characters each.
        every = (*self.long, *self.short)
        return frozenset(one[at : at + PART] for one in every for at in range(len(one) - PART + 1))

    @cached_property
    def _heads(self) -> frozenset[str]:
        # What they begin with, shorter than that.
        return frozenset(one[:size] for one in (*self.long, *self.short) for size in range(1, PART))

    @cached_property
    def _begun(self) -> Beginnings:
        return Beginnings((*self.long, *self.short))

    @cached_property
    def _ended(self) -> Beginnings:
        return Beginnings(one[::-1] for one in self.long)

    def found(self, text: str) -> list[tuple[int, int]]:
        """Return where secrets stand in a text."""
        if not any(one in text for one in self._runs) and not any(one in text for one in self.short):
            return []
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
                tail = self._ended.at_end(text[end : end + len(self.long[0])][::-1])
                if tail >= PART:
                    yield end, end + tail

    def has_part(self, part: str) -> bool:
        """Tell whether PART characters stand side by side in a secret."""
        return part in self._parts

    def begun(self, text: str) -> int:
        """Return how many characters of a secret's beginning a text ends with: not all of it."""
        # Looked up first, as this is asked for every piece of what is printed.
        if text[-PART:] in self._parts and (most := self._begun.at_end(text)):
            return most
        return next((size for size in range(min(PART - 1, len(text)), 0, -1) if text[-size:] in self._heads), 0)


def _without(text: str, spans: Iterable[tuple[int, int]]) -> str:
    shown, at = [], 0
    for begin, end in spans:
        shown += [text[at:begin], HIDDEN] if begin >= at else []
        at = max(at, end)
    return "".join([*shown, text[at:]])


def _runs(value: str, spelled: Iterable[str]) -> set[str]:
    # The letters and digits of a value that each of its spellings has side by side; of one that hasn't, all of it.
    run = max(LETTERS.findall(value), key=len, default=value)
    return {run if run in one else one for one in spelled}


# What this process never shows, whoever prints.
SECRETS = Secrets()
