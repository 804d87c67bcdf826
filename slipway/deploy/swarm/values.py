"""Values as Compose prints them, and as the Engine API takes them. A value that cannot be raises ValueError."""

import re
from typing import Any

UNITS = {"ns": 1, "us": 10**3, "µs": 10**3, "ms": 10**6, "s": 10**9, "m": 60 * 10**9, "h": 3600 * 10**9}
PART = re.compile(r"(\d+(?:\.\d+)?)(ns|us|µs|ms|s|m|h)")
SIZE = re.compile(r"(\d+(?:\.\d+)?) ?([kmgtp]?)(?:i?b)?", re.IGNORECASE)

OCTAL = re.compile("[0-7]{1,5}")


def plain(value: Any) -> Any:
    """Return what Compose read: it prints each $ doubled."""
    if isinstance(value, dict):
        return {plain(name): plain(one) for name, one in value.items()}
    if isinstance(value, list):
        return [plain(one) for one in value]
    return value.replace("$$", "$") if isinstance(value, str) else value


def literal(text: str) -> str:
    """Return the template that a Swarm makes this text of, where it would take {{ for the beginning of one.

    https://docs.docker.com/reference/cli/docker/service/create/#create-services-using-templates: in variables, the
    host's name and mounts.
    """
    return text.replace("{{", '{{"{{"}}')


def nanoseconds(text: Any) -> int:
    """Return a duration like 1m30s in nanoseconds."""
    said = str(text)
    if said in ("", "0"):
        return 0
    parts = PART.findall(said)
    if not parts or "".join(number + unit for number, unit in parts) != said:
        raise ValueError(f"{said} is no duration")
    return round(sum(float(number) * UNITS[unit] for number, unit in parts))


def octets(value: Any) -> int:
    """Return a size like 64m in bytes."""
    found = SIZE.fullmatch(str(value))
    if not found:
        raise ValueError(f"{value} is no number of bytes")
    power = " kmgtp".index(found[2].lower() or " ")
    return int(float(found[1]) * 1024**power)


def mode(value: Any) -> int:
    """Return the mode of a file, which Compose prints as a number, or since 2.30 in octal digits."""
    if isinstance(value, int):
        return value
    if not OCTAL.fullmatch(str(value)):
        raise ValueError(f"{value} is no mode of a file")
    return int(str(value), 8)


def nano_cpus(value: Any) -> int:
    """Return a number of CPUs in billionths."""
    return round(float(value) * 10**9)


def is_empty(value: Any) -> bool:
    """Tell whether a value says nothing, as `privileged: false`."""
    return value in (None, False, "", 0) or value == [] or value == {}
