"""The environments of a project: which there are, and what one of them has otherwise."""

import difflib
import os
import re
import tomllib
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass, fields, replace
from pathlib import Path
from typing import Annotated, Any, Literal

from slipway.core.errors import Problem
from slipway.core.words import CONTAINERS, PORTS, in_bytes
from slipway.project.tables import AtLeastOne, Deploy, Seconds

DEV, PROD = "dev", "prod"
SWARM = "swarm"  # an orchestrator
OF_SLIPWAY = ("test", "rehearsal")  # whose Compose projects are called so
NAME = re.compile(r"[a-z][a-z0-9]*")
# What tries a release says so: it is on this engine, by itself, whatever the project's own environments have.
APART = "SLIPWAY_APART"
LEAST_MEMORY = 6 * 2**20  # Docker's own; 0 is no limit
AS_ELSEWHERE = -1  # as [tool.slipway.deploy] has it
OF_DEV = ("context", "domain", "port", "memory")  # nothing is deployed there


@dataclass(frozen=True)
class Place:
    """What an environment has otherwise than `[tool.slipway]` says.

    `context` is the Docker context that it is on: one engine, or any manager of a Swarm, as the `orchestrator` says.
    `domain`, `port` and `memory` (of each container of the service) are what DOMAIN, PORT and WEB_MEMORY are where
    neither its settings file nor the shell has them. `scale` is how many containers a release has there. The others are
    those of [tool.slipway.deploy].
    """

    context: str = ""
    orchestrator: Literal["compose", "swarm"] = "compose"
    domain: str = ""
    port: Annotated[int, PORTS] = 0
    memory: str = ""
    scale: Annotated[int, CONTAINERS] = 0
    settle: Seconds = AS_ELSEWHERE
    bake: Seconds = AS_ELSEWHERE
    errors: Annotated[int, range(101)] = AS_ELSEWHERE
    drain: Seconds = AS_ELSEWHERE
    keep: AtLeastOne = AS_ELSEWHERE

    @property
    def defaults(self) -> dict[str, str]:
        """The variables that it sets where nothing else does."""
        given = {"DOMAIN": self.domain, "PORT": str(self.port or ""), "WEB_MEMORY": self.memory}
        return {name: value for name, value in given.items() if value}

    def deploy(self, of: Deploy) -> Deploy:
        """Return how `inv deploy` goes about it there."""
        own = {key: value for key, value in asdict(self).items() if hasattr(of, key) and value != AS_ELSEWHERE}
        return replace(of, **own)


def check(places: Mapping[str, Place]) -> None:
    """Refuse names that no environment can have, and keys that say nothing there; raises Problem."""
    for name, place in places.items():
        where = f"pyproject.toml: [tool.slipway.environments.{name}]"
        if name in OF_SLIPWAY or not NAME.fullmatch(name):
            raise Problem(
                f"{where} cannot be the name of an environment: a lower-case letter, then those and digits, and not "
                f"{' or '.join(OF_SLIPWAY)}, which Slipway has itself."
            )
        if place.memory and in_bytes(place.memory) and in_bytes(place.memory) < LEAST_MEMORY:
            raise Problem(f"{where} memory = {place.memory!r} is not a size from 6m on, like 512m or 1g.")
        given = [one.name for one in fields(Place) if getattr(place, one.name) != one.default]
        if name == DEV and (without := [key for key in given if key not in OF_DEV]):
            raise Problem(f"{where} has {' and '.join(without)}: nothing is deployed in {DEV}.")


def names(root: Path) -> list[str]:
    """Return the names of a project's environments; of a pyproject.toml that is not in order, of each project's."""
    own = _table(root).get("environments")
    return list(dict.fromkeys([DEV, PROD, *(own if isinstance(own, dict) else ())]))


def _table(root: Path) -> dict[str, Any]:
    # [tool.slipway], empty where that cannot be read: whoever reads the project says why.
    try:
        table = tomllib.loads((root / "pyproject.toml").read_text(encoding="utf-8"))["tool"]["slipway"]
    except (OSError, ValueError, KeyError, TypeError):
        return {}
    return table if isinstance(table, dict) else {}


@dataclass(frozen=True)
class Asked:
    """Which environment a verb was asked for, by `--prod` and `--env`.

    `default` is the one that it is about otherwise. One whose default is prod deploys, and is never about dev.
    """

    prod: bool = False
    env: str = ""
    default: str = DEV

    def choose(self, known: Iterable[str], variable: str = "", required: bool = False) -> str:
        """Return the environment's name: the option's, else what the `variable` SLIPWAY_ENV has.

        Raises Problem when it is none that there is, or has to be named.
        """
        known = [one for one in known if one != DEV or self.default == DEV]
        if self.prod and self.env not in ("", PROD):
            raise Problem(f"--prod is --env {PROD}, and --env {self.env} is another one: leave one of them out.")
        variable = "" if variable == DEV and self.default != DEV else variable
        chosen, by = (self.env, "--env") if self.env else (PROD if self.prod else variable, "SLIPWAY_ENV")
        if chosen and chosen not in known:
            raise Problem(_unknown(chosen, by, known, deploys=self.default != DEV))
        if not chosen and required:
            raise Problem(
                f"[tool.slipway] require-environment wants it named: {', '.join(f'--env {one}' for one in known)}"
                f"{'' if self.default != DEV else ' (or SLIPWAY_ENV)'}."
            )
        return chosen or self.default


def chosen(root: Path, asked: Asked, optional: bool = False) -> str:
    """Return the name of the environment that a verb is about; raises Problem.

    It is `optional` to a verb that changes nothing of what runs there.
    """
    required = _table(root).get("require-environment") is True and not (optional or os.environ.get(APART))
    return asked.choose(names(root), os.environ.get("SLIPWAY_ENV", ""), required)


def _unknown(chosen: str, by: str, known: list[str], deploys: bool) -> str:
    there = ", ".join(known)
    if chosen == DEV and deploys:
        return f"{by} {DEV}: nothing is deployed in {DEV}. There is {there}."
    close = difflib.get_close_matches(chosen, known, n=1)
    hint = f" Did you mean {close[0]}?" if close else ""
    make = f" Another one is a table of pyproject.toml: [tool.slipway.environments.{chosen}]"
    return (
        f"There is no environment {chosen!r}, which {by} names: there is {there}.{hint}"
        f"{make if NAME.fullmatch(chosen) and not close else ''}"
    )
