"""The .env file: written, read and checked so that Compose and python-dotenv agree.

Both readers know unquoted, double-quoted and single-quoted values, and differ in the corners (`$`, backslashes, a tab
before `#`). The grammar here is what they read alike; anything else is a finding that shows the spelling that works.
"""

import difflib
import os
import re
import secrets as random
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass

NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")
BARE = re.compile(r"[A-Za-z0-9_./:@%+,=^~!?-]*")
# Read by Compose and Docker themselves, whatever the service.
FOREIGN = re.compile(r"(COMPOSE|DOCKER|BUILDKIT)_[A-Z0-9_]+")
PUBLIC = (".example", ".sample", ".template", ".dist")  # how files end that only show what a private one looks like
ESCAPES = {"\\": "\\", '"': '"', "n": "\n", "r": "\r", "t": "\t"}


@dataclass(frozen=True)
class Schema:
    """The variables of .env.example.

    `required` maps the name to the example's value; `optional` holds the names that are commented out. Those that are
    `replaced` have another value wherever the service runs. With `is_open`, as there is no such file, .env may set any.
    """

    required: dict[str, str]
    optional: frozenset[str]
    replaced: frozenset[str] = frozenset()
    is_open: bool = False


Read = tuple[dict[str, str], list[str]]  # the values by name, and the findings


class Unreadable(ValueError):
    """A line that the two readers don't read alike."""


def is_private(name: str) -> bool:
    """Tell whether a file of this name has settings, and is no example of them."""
    return name.startswith(".env") and not name.endswith(PUBLIC)


def spell(value: str) -> str:
    """Return the spelling of a value that both readers read alike.

    Raises Unreadable for the few values that have none: with `$`, none of `${`, a doubled or last backslash, a
    backslash before a quote, or a carriage return; and never a NUL.
    """
    if "\0" in value:
        raise Unreadable("a NUL cannot be in an environment variable")
    if BARE.fullmatch(value):
        return value
    if "$" not in value:
        escaped = value.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n").replace("\r", "\\r")
        return f'"{escaped}"'
    if "${" in value or "\r" in value or "\\\\" in value or "\\'" in value or value.endswith("\\"):
        raise Unreadable("no spelling of this value is read alike: leave out ${, or the $ beside backslashes")
    return "'" + value.replace("'", "\\'") + "'"


def parse(text: str, is_hidden: Callable[[str, str], bool] = lambda name, value: False) -> Read:
    """Return the variables of a .env text, and what is wrong with it.

    Findings name the line and, unless `is_hidden` (of name and value), show the value in the spelling that works. What
    is no variable is never shown: it may be a part of a secret.
    """
    values: dict[str, str] = {}
    findings: list[str] = []
    lines: dict[str, int] = {}
    for number, _, statement in statements(text):
        name, separator, rest = statement.removeprefix("export ").partition("=")
        name = name.strip()
        if "\0" in statement:
            findings.append(f"line {number}: there is a NUL, which no variable can hold")
            continue
        if not separator or not NAME.fullmatch(name) or _ends_base64(name, rest):
            findings.append(f"line {number}: this is not NAME=value")
            continue
        if name in lines:
            findings.append(f"line {number}: {name} is set already in line {lines[name]}; keep one of them")
        lines[name] = number
        try:
            values[name] = _read(rest)
        except Unreadable as reason:
            values[name] = rest.strip()  # counted as present: one finding a line
            findings.append(f"line {number}: {name} {reason}{_advice(name, rest, is_hidden)}")
    return values, findings


def statements(text: str) -> Iterator[tuple[int, int, str]]:
    """Yield what a .env text sets: the first line and the last one of each statement, and itself.

    A quoted value may go over several lines.
    """
    lines = text.removeprefix("\ufeff").split("\n")
    index = 0
    while index < len(lines):
        number, statement = index + 1, lines[index]
        index += 1
        if not statement.strip() or statement.lstrip().startswith("#"):
            continue
        value = statement.partition("=")[2].lstrip(" \t")
        if value[:1] in ("'", '"'):
            begun = index
            while _close(value) is None and index < len(lines):
                statement += "\n" + lines[index]
                value += "\n" + lines[index]
                index += 1
            if _close(value) is None:  # never closed: the fault is that one line's
                index, statement = begun, lines[begun - 1]
        yield number, index, statement.strip(" \t").removesuffix("\r")


def _close(value: str) -> int | None:
    # The index of the quote that ends a quoted value.
    index = 1
    while index < len(value):
        if value[index] == "\\":
            index += 1
        elif value[index] == value[0]:
            return index
        index += 1
    return None


def _read(rest: str) -> str:
    value = rest.strip(" \t")
    if value[:1] not in ("'", '"'):
        if "$" in value:
            raise Unreadable("has a $ outside single quotes")
        if "\r" in value or re.search(r"[^\S ]\s*#", value) or re.match(r"[ \t]+#", rest):
            raise Unreadable("has a # or a carriage return that Compose and python-dotenv read differently")
        if value != value.strip():
            raise Unreadable("begins or ends with an unusual kind of space")
        return re.split(r" #", value, maxsplit=1)[0].rstrip()
    end = _close(value)
    if end is None:
        raise Unreadable(f"has a {value[0]} that is never closed")
    if not re.fullmatch(r"[ \t]*(#.*)?", value[end + 1 :]):
        raise Unreadable("goes on after its closing quote")
    inner = value[1:end]
    if "\r" in inner:
        raise Unreadable("has lines that end in a carriage return, as Windows writes them")
    if value[0] == "'":
        if "${" in inner or "\\\\" in inner:
            raise Unreadable("has ${ or two backslashes in single quotes")
        return inner.replace("\\'", "'")
    if "$" in inner:
        raise Unreadable("has a $ in double quotes")
    if unknown := re.search(r"\\([^\\\"nrt])", re.sub(r"\\\\", "", inner)):
        raise Unreadable(f"has \\{unknown[1]} in double quotes (a backslash is written \\\\)")
    return re.sub(r"\\(.)", lambda match: ESCAPES[match[1]], inner)


def _ends_base64(name: str, rest: str) -> bool:
    # The last line of a key that was pasted in without quotes: nobody names a variable so.
    return not rest.strip("= ") and bool(len(name) > 16 and re.search("[a-z]", name) and re.search("[A-Z0-9]", name))


def _advice(name: str, rest: str, is_hidden: Callable[[str, str], bool]) -> str:
    meant = rest.strip(" \t")
    if meant[:1] in ("'", '"'):
        end = _close(meant)
        meant = re.sub(r"\\([\\\"'$])", r"\1", meant[1:end])
    try:
        spelling = spell(meant)
    except Unreadable as reason:
        return f"; {reason}"
    if is_hidden(name, meant):
        spelling = "'...'" if spelling.startswith("'") else '"..."'
    return f"; write {name}={spelling}"


def schema(example: str) -> Schema:
    """Read .env.example: `NAME=value`, or `# NAME=default` when optional."""
    required, _ = parse(example)
    optional = re.findall(rf"^# ?({NAME.pattern})=", example, re.MULTILINE)
    return Schema(required, frozenset(optional) - required.keys())


def examples(example: str) -> set[str]:
    """Return the values that .env.example itself has, of the optional variables as well."""
    return set(parse(re.sub(rf"^# ?(?={NAME.pattern}=)", "", example, flags=re.MULTILINE))[0].values()) - {""}


def fill(example: str, secrets: Mapping[str, int], token: Callable[[int], str]) -> str:
    """Return a .env text made from the example, each empty secret generated.

    `token` makes one secret of so many bytes or more: text that needs no quotes.
    """

    def generate(match: re.Match[str]) -> str:
        return f"{match[1]}={token(secrets[match[1]])}" if match[1] in secrets else match[0]

    return re.sub(rf"^({NAME.pattern})=[ \t]*$", generate, example, flags=re.MULTILINE)


def check(values: Mapping[str, str], known: Schema, secrets: Mapping[str, int]) -> list[str]:
    """Return all that is wrong with the values, a line each.

    Missing, empty and unknown variables; secrets that are too short, monotonous, or still the example's.
    """
    findings = []
    for name, example in known.required.items():
        value = values.get(name)
        if value is None:
            findings.append(f"{name} is missing")
        elif not value:
            findings.append(f"{name} is empty")
        elif name in secrets and (weakness := _weakness(value, example, secrets[name])):
            findings.append(f"{name} {weakness}")
    names = known.required.keys() | known.optional
    for name in sorted(known.optional & values.keys()):
        if not values[name]:
            findings.append(f"{name} is empty: give it a value or leave the line out")
        elif name in secrets and (weakness := _weakness(values[name], "", secrets[name])):
            findings.append(f"{name} {weakness}")
    for name in () if known.is_open else values:
        if name not in names | known.replaced and not FOREIGN.fullmatch(name):
            close = difflib.get_close_matches(name, names, n=1, cutoff=0.75)
            hint = f"did you mean {close[0]}?" if close else "add it to .env.example if the service reads it"
            findings.append(f"{name} is unknown: {hint}")
    return findings


def _weakness(value: str, example: str, least: int) -> str | None:
    if value == example or re.search(r"change.?me|changethis|example|your.?secret", value, re.IGNORECASE):
        return "is an example, not a secret"
    if (size := len(os.fsencode(value))) < least:
        return f"is too short: {size} bytes of at least {least}"
    if len(set(value)) < 6:
        return "is too easy to guess: it has fewer than 6 different characters"
    return None


def new_secret(least: int) -> str:
    """Return 256 random bits, or `least` characters, as text that needs no quotes."""
    return random.token_urlsafe(max(32, least))
