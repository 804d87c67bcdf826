"""Settings files that are made of others: of a deployment's values, and of one file that two environments had."""

from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, field

from slipway.project import dotenv, edits
from slipway.project.database import PASSWORD
from slipway.project.rotation import NEXT, PREVIOUS


@dataclass(frozen=True)
class Taken:
    """A settings file with values of a deployment.

    `added` are the names that it lacked, `kept` those that it has otherwise, and keeps; `lacking` has to have values
    that the deployment doesn't tell.
    """

    text: str = field(repr=False)
    added: tuple[str, ...]
    kept: tuple[str, ...]
    lacking: tuple[str, ...]


def of_deployment(
    text: str | None, example: str, schema: dotenv.Schema, found: Mapping[str, str], given: Collection[str]
) -> Taken:
    """Return a settings file with what it lacks of the values that were `found`; None is one that is not there.

    Those count that .env.example lists, and that a release was `given`, or has to have: the others are its image's.
    Raises dotenv.Unreadable for a value that no file can have.
    """
    there = dotenv.parse(text or "")[0]
    names = [*schema.required, *sorted(schema.optional & set(given))]
    wanted = {name: found[name] for name in names if found.get(name)}
    added = {name: value for name, value in wanted.items() if not there.get(name)}
    kept = [name for name, value in wanted.items() if name not in added and there[name] != value]
    before = example if text is None else text
    has = dotenv.parse(before)[0]
    lacking = [name for name in schema.required if not (has.get(name) or name in added)]
    return Taken(edits.changed(before, added), tuple(added), tuple(kept), tuple(lacking))


@dataclass(frozen=True)
class Parted:
    """What development's file gets once it is not production's any more.

    `values` are new ones, None for a name that goes; `same` are secrets that stay production's, as nobody can make
    them; `password` tells whether the database's is one of those that both have.
    """

    values: Mapping[str, str | None] = field(repr=False)
    same: tuple[str, ...] = ()
    password: bool = False


def parted(
    development: Mapping[str, str],
    production: Mapping[str, str],
    example: str,
    secrets: Mapping[str, int],
    token: Callable[[int], str],
) -> Parted:
    """Return what development's file gets, by what both files have.

    What .env.example leaves empty is made; what else accepts a key goes with it.
    """
    alike = [name for name in secrets if development.get(name) and development[name] == production.get(name)]
    empty = [name for name, value in dotenv.schema(example).required.items() if not value]
    values: dict[str, str | None] = {}
    for name in alike:
        if name == PASSWORD:
            continue
        if name in empty:
            values[name] = token(secrets[name])
        elif any(name == key + end for key in secrets for end in (NEXT, PREVIOUS)):
            values[name] = None
    same = tuple(name for name in alike if name not in values and name != PASSWORD)
    return Parted(values, same, PASSWORD in alike)


def differences(one: Mapping[str, str], other: Mapping[str, str]) -> dict[str, str]:
    """Say of each name that either has whether both have the same value: "same", "other", "here" or "there"."""
    found = {}
    for name in one.keys() | other.keys():
        here, there = one.get(name, ""), other.get(name, "")
        if here or there:
            found[name] = ("same" if here == there else "other") if here and there else "here" if here else "there"
    return found
