"""Secrets that are taken from elsewhere: what `[tool.slipway.secrets-from.NAME]` may have, and what is said of them."""

import re
from collections.abc import Collection, Mapping, Sequence
from pathlib import PurePath

from slipway.core.errors import Problem
from slipway.project.database import NAMES, PASSWORD

Commands = dict[str, tuple[str, ...]]


def check(tables: Mapping[str, Commands], secrets: Collection[str], environments: Collection[str]) -> None:
    """Refuse environments that there are not, what is no secret, and what is no command; raises Problem."""
    known = {PASSWORD, *secrets} - ({*NAMES} - {PASSWORD})
    for environment, commands in tables.items():
        where = f"pyproject.toml: {table(environment)}"
        if environment not in environments:
            raise Problem(f"{where}: there is no environment {environment!r}, only {', '.join(environments)}.")
        for name, argv in commands.items():
            if name not in known:
                raise Problem(f"{where} has {name}, which is not in [tool.slipway.secrets]: add it there.")
            if not argv or not argv[0] or any("\0" in word for word in argv):
                raise Problem(f'{where} {name} is no command: write its words, like ["op", "read", "op://shop/key"].')


def table(environment: str) -> str:
    """Return the name of an environment's table."""
    return f"[tool.slipway.secrets-from.{environment}]"


def program(argv: Sequence[str]) -> str:
    """Return what a command's program is called."""
    return PurePath(argv[0]).name


def placed(commands: Mapping[str, Sequence[str]]) -> str:
    """Name secrets with where each is taken from: A and B from op, C from pass."""
    groups: dict[str, list[str]] = {}
    for name, argv in commands.items():
        groups.setdefault(program(argv), []).append(name)
    return ", ".join(f"{' and '.join(names)} from {of}" for of, names in groups.items())


def sources(commands: Mapping[str, Sequence[str]]) -> dict[str, str]:
    """Return where each is set, as messages name it."""
    return {name: f"secrets-from ({program(argv)})" for name, argv in commands.items()}


def taken(name: str, argv: Sequence[str], environment: str) -> str:
    """Say where a secret is taken from."""
    return f"{name} is taken from {program(argv)}, as {table(environment)} says"


def left_out(text: str, names: Collection[str], environment: str) -> str:
    """Return a .env.example without the lines of secrets that a file may not have."""
    if not names:
        return text
    says = rf"# \1 is taken from elsewhere: {table(environment)} of pyproject.toml"
    return re.sub(rf"^({'|'.join(names)})=.*$", says, text, flags=re.MULTILINE)


def refuse_rotation(names: Sequence[str], commands: Commands, environment: str, given: bool, own: bool) -> None:
    """Raise Problem when one of a secret's names is taken from elsewhere, with what to do instead.

    A database's password may be `given` to one that is Slipway's `own`.
    """
    there = next((name for name in names if name in commands), "")
    if not there or (there == PASSWORD and given and own):
        return
    said = taken(there, commands[there], environment)
    live = "./inv up" if environment == "dev" else "./inv deploy"
    if there == PASSWORD and not own:
        raise Problem(
            f"{said}, and the database is elsewhere, too. Without a pause: make a second user there with the same "
            f"rights, write its name into .env, put its password where {PASSWORD} is taken from, {live}, and remove "
            "the first."
        )
    if there == PASSWORD:
        live = f"./inv rotate {PASSWORD} --given, which gives it to the database as well"
    raise Problem(f"{said}, and Slipway writes nothing there. Change it there, then: {live}")
