"""The first process in an image: gives the service its variables, then becomes the command.

`python -I /opt/slipway/slipway/entrypoint.py COMMAND ...`, or `python -m slipway.entrypoint COMMAND ...`. It goes into
images as it is: the standard library alone, Python 3.10 or newer.

- SLIPWAY_SECRETS_AS=environment: each file of /run/secrets becomes a variable of its name. One that has a value
  already keeps it, as a setting of the service does.
- SLIPWAY_RENDER, the table [tool.slipway.database] as JSON: what the service calls the database, made of DATABASE_*,
  which may be files as well. This replaces what is there: DATABASE_* say where the database is now.

Nothing of it stands in a command line, or in what the engine says of the container.
"""

import json
import os
import re
import signal
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import NoReturn
from urllib.parse import quote

SECRETS = Path("/run/secrets")
SECRETS_AS, RENDER = "SLIPWAY_SECRETS_AS", "SLIPWAY_RENDER"
HOST = "DATABASE_HOSTNAME"
# What a template may name, the variable that has it, and what it is when that has no value.
PLACES = {
    "user": ("DATABASE_USERNAME", ""),
    "password": ("DATABASE_PASSWORD", ""),
    "host": (HOST, ""),
    "port": ("DATABASE_PORT", "5432"),
    "name": ("DATABASE_NAME", ""),
    "sslmode": ("DATABASE_SSLMODE", "prefer"),  # libpq's own
}
VARIABLE = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")
CANNOT, NOT_RUN, NOT_FOUND = 125, 126, 127  # as `env` and shells have them
_PLACE = re.compile(r"\{([^{}]*)\}")


class Unfit(Exception):
    """What cannot be read or rendered; says so in a sentence, without a value."""


def mistake(template: str) -> str:
    """Return what is wrong with a template, "" when nothing is."""
    known = ", ".join(f"{{{place}}}" for place in PLACES)
    unknown = [place for place in _PLACE.findall(template) if place not in PLACES]
    if unknown:
        return f"has {{{unknown[0]}}}; known are {known}"
    if re.search(r"[{}]", _PLACE.sub("", template)):
        return f"has a brace of no place; known are {known}"
    return "has a NUL, which no variable can hold" if "\0" in template else ""


def rendered(templates: Mapping[str, str], values: Mapping[str, str]) -> dict[str, str]:
    """Return the variables that templates make of DATABASE_*; none where no host is known.

    In a URL, each value is percent-encoded, and an IPv6 address is in brackets.
    """
    if not values.get(HOST):
        return {}
    plain = {place: values.get(name) or default for place, (name, default) in PLACES.items()}
    host = plain["host"]
    encoded = {place: quote(value, safe="") for place, value in plain.items()}
    encoded["host"] = f"[{host}]" if ":" in host and not host.startswith("[") else host
    return {name: _filled(text, encoded if "://" in text else plain) for name, text in templates.items()}


def _filled(template: str, values: Mapping[str, str]) -> str:
    return _PLACE.sub(lambda found: values[found[1]], template)


def templates_of(values: Mapping[str, str]) -> dict[str, str]:
    """Return the templates that SLIPWAY_RENDER has; raises Unfit."""
    try:
        found = json.loads(values.get(RENDER) or "{}")
    except ValueError as error:
        raise Unfit(f"{RENDER} is no JSON: {error}.") from None
    if not isinstance(found, dict) or not all(isinstance(text, str) for text in found.values()):
        raise Unfit(f"{RENDER} is no JSON table of texts.")
    for name, text in found.items():
        if wrong := mistake(text):
            raise Unfit(f"{RENDER}: {name} {wrong}.")
    return found


def files(folder: Path) -> dict[str, str]:
    """Return what files whose names can be variables hold, {} without the folder; raises Unfit.

    White space around a value is left out, as pydantic-settings does.
    """
    found: dict[str, str] = {}
    try:
        for path in sorted(folder.iterdir()) if folder.is_dir() else []:
            if VARIABLE.fullmatch(path.name) and path.is_file():
                found[path.name] = os.fsdecode(path.read_bytes().strip())
    except OSError as error:
        raise Unfit(f"{error.filename} cannot be read: {error.strerror}.") from None
    for name, value in found.items():
        if "\0" in value:
            raise Unfit(f"{folder / name} has a NUL, which no variable can hold.")
    return found


def environment(given: Mapping[str, str], folder: Path = SECRETS) -> dict[str, str]:
    """Return the variables of the command; raises Unfit."""
    as_variables, templates = given.get(SECRETS_AS) == "environment", templates_of(given)
    if not as_variables and not templates:
        return dict(given)
    known = files(folder)
    filled = {**given, **{name: value for name, value in known.items() if not given.get(name)}}
    return {**(filled if as_variables else given), **rendered(templates, filled)}


def main(argv: Sequence[str], folder: Path = SECRETS) -> NoReturn:
    """Become the command; ends with 125 to 127, and a sentence, when that cannot be."""
    if not argv:
        _end("there is no command to run: python -m slipway.entrypoint COMMAND ARGUMENTS...", CANNOT)
    try:
        values = environment(os.environ, folder)
    except Unfit as unfit:
        _end(str(unfit), CANNOT)
    for name in ("SIGPIPE", "SIGXFSZ"):  # Python ignores them, and a command that it becomes would go on with that
        signal.signal(getattr(signal, name), signal.SIG_DFL)
    try:
        os.execvpe(argv[0], [*argv], values)  # noqa: S606  # it keeps the process, its number and its signals
    except FileNotFoundError:
        _end(f"there is no program {argv[0]!r} here, in PATH or as a file.", NOT_FOUND)
    except OSError as error:
        _end(f"{argv[0]!r} cannot be run: {error.strerror}.", NOT_RUN)


def _end(said: str, status: int) -> NoReturn:
    sys.stderr.write(f"slipway: {said}\n")
    raise SystemExit(status)


if __name__ == "__main__":
    main(sys.argv[1:])
