"""The processes of a release beside `web`: `[tool.slipway.processes]` in pyproject.toml."""

import re
import shlex
from collections.abc import Mapping, Sequence, Sized
from dataclasses import dataclass
from typing import Annotated, Any

from slipway.core.errors import Problem
from slipway.core.words import CONTAINERS, SECONDS, in_bytes
from slipway.project.reading import check, read

KEY = "processes"
NAME = re.compile(r"[a-z][a-z0-9-]*")
# What the Compose files, `inv status` and `inv logs` call something else.
WEB = "web"  # what clients are led to
TAKEN = (WEB, "db", "migrate", "proxy", "service", "database")
NO_WEB = 'the project has no web ([tool.slipway] asgi = "")'
SHELL = frozenset(("&&", "||", "|", ";", "&", ">", ">>", "<"))


@dataclass(frozen=True)
class Process:
    """A process of a release: what it runs, and how.

    `command` is what its containers run; "" for a service that compose.release.yaml has. `replicas` is how many of them
    there are, 0 for as many as there were. Of one that is `single`, never two are at work. It may use so much `memory`,
    as Docker reads it ("" for as much as web). It has `stop_timeout` seconds to finish what it is at (0 for web's).
    `health` is a command that succeeds while it is well; without one, being up counts.
    """

    command: str = ""
    replicas: Annotated[int, CONTAINERS] = 0
    single: bool = False
    memory: str = ""
    stop_timeout: Annotated[int, SECONDS[1:]] = 0
    health: str = ""

    @property
    def argv(self) -> list[str]:
        """The words of its command."""
        return shlex.split(self.command)


def processes(table: Any) -> dict[str, Process]:
    """Return the processes of [tool.slipway.processes], by name; raises Problem for what none can be."""
    found = {}
    for name, value in check(table, dict, f"[tool.slipway] {KEY}").items():
        where = f"pyproject.toml: [tool.slipway.{KEY}] {name}"
        if not NAME.fullmatch(name) or name in TAKEN:
            known = f"; {', '.join(TAKEN)} are taken" if name in TAKEN else ""
            raise Problem(f"{where} cannot be called so: lower-case letters, digits and - only, a letter first{known}.")
        if not isinstance(value, str | dict):
            raise Problem(f"{where} = {value!r} should be a command, or a table with one.")
        given = {"command": value} if isinstance(value, str) else value
        one = Process(**read(given, Process, f"tool.slipway.{KEY}.{name}"))
        if "command" in given:
            check_command(one.command, where)
        if one.health:
            check_command(one.health, f"{where}.health")
        if one.single and one.replicas > 1:
            raise Problem(f"{where}: of a single one, there are no {one.replicas} replicas: leave one of both out.")
        if one.memory and in_bytes(one.memory) <= 0:
            raise Problem(f"{where}.memory = {one.memory!r} is no size, like 512m or 2g.")
        found[name] = one
    return found


def check_alone(has_web: bool, found: Sized) -> None:
    """Refuse a project of which nothing would run: without web, and without a process. Raises Problem."""
    if not has_web and not found:
        raise Problem(
            'pyproject.toml: [tool.slipway] asgi = "" says that the project has no web, and no process is named that '
            f'would run instead: [tool.slipway.{KEY}] worker = "python -m app.worker", say.'
        )


def leading(has_web: bool, found: Sequence[str]) -> str:
    """Return the process that is meant where none is named: web; without it, the only one. Raises Problem."""
    if has_web:
        return WEB
    if len(found) > 1:
        raise Problem(f"Which one? {NO_WEB}, and there are {', '.join(found)}: --process {found[0]}, say.")
    return found[0]


def package(asgi: str, found: Mapping[str, Process]) -> str:
    """Return the package that a service is in: that of its app, else of the first `python -m`; "" for none."""
    module = asgi.partition(":")[0]
    if not asgi:
        lines = (one.argv for one in found.values())
        module = next((argv[argv.index("-m") + 1] for argv in lines if "-m" in argv[:-1]), "")
    return module.partition(".")[0]


def check_command(line: str, where: str) -> None:
    """Refuse what is no command that runs without a shell; raises Problem."""
    try:
        words = shlex.split(line)
    except ValueError as error:
        raise Problem(f"{where}: {str(error).lower()}.") from None
    if not words or "\0" in line:
        raise Problem(f"{where}, which is no command.")
    if any(word in SHELL for word in words):
        raise Problem(f"{where}, and it runs without a shell: write two commands, or sh -c '...'.")
