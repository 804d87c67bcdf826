"""How answers (answers.py) are written with `--json`: printed in an image, read outside.

The image may be another release's. Its answer says to which version of this protocol it keeps; an image that was made
before there were versions says none, and keeps to the first. A field that is added has a default and is ignored where
nobody knows it, so that the version stays. It is raised when a field goes, or comes to mean something else.
"""

import json
from dataclasses import fields, is_dataclass
from typing import Any, TypeVar, cast, get_args, get_origin

VERSION = 1

Answer = TypeVar("Answer")


class NewerVersion(ValueError):
    """An answer keeps to a version of the protocol that is not known here."""

    def __init__(self, version: int) -> None:
        super().__init__(f"it keeps to version {version} of the protocol, and {VERSION} is the newest known here")
        self.version = version


def as_json(value: Any) -> Any:
    """Return an answer as plain values."""
    if is_dataclass(value):
        return {_key(one): as_json(getattr(value, one.name)) for one in fields(value)}
    if isinstance(value, dict):
        return {key: as_json(inner) for key, inner in value.items()}
    return [as_json(inner) for inner in value] if isinstance(value, list | tuple) else value


def written(answer: Any) -> str:
    """Return an answer as it is printed."""
    return json.dumps({"version": VERSION, **as_json(answer)})


def read(kind: type[Answer], text: str) -> Answer:
    """Read an answer that was printed.

    Raises NewerVersion when it keeps to a newer version than this one, ValueError for what is no such answer.
    """
    found = json.loads(text)
    if not isinstance(found, dict):
        raise ValueError(f"{text[:100]!r} is no answer")
    try:
        version = int(found.get("version", 1))
        if version > VERSION:
            raise NewerVersion(version)
        made: Answer = _value(kind, found)
    except (TypeError, AttributeError) as error:
        raise ValueError(f"it is no answer of the kind {kind.__name__}: {error}") from None
    return made


def _key(of: Any) -> str:
    return str(of.metadata.get("key", of.name))


def _value(kind: Any, value: Any) -> Any:
    # What is unknown here is left out, and what is missing has its default.
    origin, inner = get_origin(kind), get_args(kind)
    if is_dataclass(kind):
        known, make = {_key(one): one for one in fields(kind)}, cast(type[Any], kind)
        return make(**{known[key].name: _value(known[key].type, given) for key, given in value.items() if key in known})
    if origin in (tuple, list):
        return origin(_value(inner[0], one) for one in value)
    if origin is dict:
        return {key: _value(inner[1], one) for key, one in value.items()}
    if type(None) in inner:
        return None if value is None else _value(inner[0], value)
    return value
