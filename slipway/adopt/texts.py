"""What .env files and the environments of Compose files give a service's variables."""

import re
from collections.abc import Mapping
from dataclasses import dataclass

from slipway.adopt.composefile import Service
from slipway.adopt.files import Files
from slipway.adopt.findings import at

LINE = re.compile(r"(?m)^[ \t]*(?:export[ \t]+)?([A-Za-z_]\w*)[ \t]*=[ \t]*(.*)$")
# Examples first: what is in them is for everybody's eyes.
EXAMPLES = (".env.example", ".env.sample", ".env.template", ".env.dist", "env.example", "example.env", ".env.default")
POSTGRES = re.compile(r"postgres(ql)?(\+\w+)?://")
OF_TESTS = re.compile(r"test|ci\b")


@dataclass(frozen=True)
class Value:
    """What a file gives a variable; `is_public` says that it may be shown."""

    value: str
    where: str
    is_public: bool


Values = Mapping[str, Value]


def values(
    files: Files, services: list[Service], app: Service | None, tracked: frozenset[str] = frozenset()
) -> dict[str, Value]:
    """Return what is given: by production's Compose file before all, then examples, then .env."""
    found: dict[str, Value] = {}
    for service in [app] if app else []:
        for name, value in service.environment.items():
            if value and "$" not in value:
                found.setdefault(name, Value(value, service.where, True))
            elif value and _shape(value):
                found.setdefault(name, Value(_shape(value), service.where, True))
    for name in env_files(files, services):
        for match in LINE.finditer(files.text(name)):
            value = match[2].strip()
            value = value[1:-1] if value[:1] in "\"'" and value[-1:] == value[:1] and len(value) > 1 else value
            line = files.text(name).count("\n", 0, match.start()) + 1
            public = name.rpartition("/")[2] in EXAMPLES or name in tracked
            found.setdefault(match[1], Value(_shape(value) or value, at(name, line), public))
    return found


def env_files(files: Files, services: list[Service]) -> list[str]:
    """Return the .env files of the project and around it, but those of tests."""
    listed = [one for service in services for one in service.env_files]
    own = [*EXAMPLES, ".env"]
    known = [name for name in files.names if name.rpartition("/")[2] in own or name in listed]
    known = [name for name in known if not OF_TESTS.search(name)]
    order = {name: number for number, name in enumerate(own)}
    return sorted(known, key=lambda name: (order.get(name.rpartition("/")[2], 99), name.startswith(".."), name))


def of_tests(files: Files) -> list[str]:
    """Return the .env files that are for tests."""
    return [name for name in files.called(".env*", "*.env") if OF_TESTS.search(name.rpartition("/")[2])]


def _shape(value: str) -> str:
    # postgresql://app:${PASSWORD}@db/app says what kind of URL it is, and which database.
    if "$" not in value or not POSTGRES.match(value):
        return ""
    return re.sub(r"\$\{(\w+)(?::?[-?][^}]*)?\}|\$(\w+)", "", value)
