"""What was found, where, and what could not be told."""

from dataclasses import dataclass
from typing import Generic, TypeVar

from slipway.template.wheel import Refused as Refused

T = TypeVar("T")


@dataclass(frozen=True)
class Found(Generic[T]):
    """A value, and the place that says so: file:line."""

    value: T
    where: str


@dataclass(frozen=True)
class Untold:
    """What could not be told: a sentence, and the line to write by hand, "" where none helps."""

    what: str
    line: str = ""


def at(name: str, line: int) -> str:
    """Return a place as it is shown."""
    return f"{name}:{line}" if line else name
