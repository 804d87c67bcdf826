"""What an option's value may be, where that is one of a few: named by what reads it. For the Tab key."""

import contextlib
from collections.abc import Callable, Iterable, Mapping, Sequence
from importlib import resources

from invoke.collection import Collection
from invoke.parser.argument import Argument
from invoke.parser.context import ParserContext

from slipway.verbs.line import flags

SCRIPTS = resources.files("slipway.verbs") / "completion"


def contexts() -> Iterable[str]:
    """Return the names of the Docker contexts."""
    from slipway.core.shell import Shell
    from slipway.core.steps import Steps
    from slipway.engine import client
    from slipway.project import root

    return client.contexts(Shell(root.here(), Steps()))


def environments() -> Iterable[str]:
    """Return the names of the environments."""
    from slipway.project import environments, root

    return environments.names(root.here())


def phases() -> Iterable[str]:
    """Return what a revision may do."""
    from slipway.schema.phases import PHASES

    return PHASES


def parts() -> Iterable[str]:
    """Return the parts of a version."""
    from slipway.project.semver import PARTS

    return PARTS


def runtimes() -> Iterable[str]:
    """Return the names of the runtimes."""
    from slipway.runtime.choose import RUNTIMES

    return RUNTIMES


def secrets() -> Iterable[str]:
    """Return the names of the secrets that can be rotated."""
    from slipway.core.steps import Steps
    from slipway.project import root
    from slipway.project.config import load
    from slipway.project.rotation import rotatable
    from slipway.project.settings import Settings

    project = load(root.here())
    return rotatable(project.secrets, Settings(project, Steps(), bool).own_database)


def shells() -> list[str]:
    """Return the shells that there is a script for."""
    return sorted(one.name.removeprefix("inv.") for one in SCRIPTS.iterdir() if one.name.startswith("inv."))


def skippable() -> Iterable[str]:
    """Return the gates that can be skipped."""
    from slipway.image.build import Options
    from slipway.project import root
    from slipway.project.config import load
    from slipway.release import gates

    return gates.skippable(gates.of(load(root.here()), "", "", (), Options()))


def variables() -> Iterable[str]:
    """Return the names of the settings."""
    from slipway.project import root, values
    from slipway.project.config import load

    return values.names(load(root.here()))


def variants() -> Iterable[str]:
    """Return the variants of the base image."""
    from slipway.image.base import KNOWN

    return KNOWN


# By the name of an option, which is one thing in all verbs.
CLOSED: dict[str, Callable[[], Iterable[str]]] = {
    "against": environments, "context": contexts, "env": environments, "from": environments, "name": secrets,
    "part": parts, "phase": phases, "runtime": runtimes, "set": variables, "shell": shells, "skip": skippable,
    "variant": variants,
}  # fmt: skip


def begun(words: Sequence[str], known: Mapping[str, ParserContext], tasks: Collection) -> list[str] | None:
    """Return what the last of the words may become, when it is the value of an option; None when it is none.

    Nothing is returned for a value that may be anything, or that cannot be told now: the shell takes files then. A
    shell may give `--name=value` as one word, or as three.
    """
    *before, last = words
    verb, one = waiting(before, known)
    assigned = ""
    name, equals, _ = last.partition("=")
    if verb and equals and name.startswith("-"):
        one = flags(list(known[verb].args.values())).get(name)
        assigned = f"{name}="
    elif last.startswith("-") and (one is None or one.positional):
        return None
    if one is None or not one.takes_value:
        return None
    closed = CLOSED.get(one.names[0]) if hasattr(tasks[verb], "passes") else None  # a task of the user's has its own
    found: list[str] = []
    with contextlib.suppress(Exception):  # the Tab key says nothing of what is wrong
        found = [f"{assigned}{value}" for value in closed()] if closed else []
    return found


def waiting(words: Sequence[str], known: Mapping[str, ParserContext]) -> tuple[str, Argument | None]:
    """Return the verb that words end in, and the option whose value comes next, if one does."""
    verb, one = "", None
    own: dict[str, Argument] = {}
    places: list[Argument] = []
    for word in words:
        name, equals, _ = word.partition("=")
        if word == "=" and one:
            continue
        if one and not one.positional:
            one = None
        elif word.startswith("-"):
            given = own.get(name)
            one = given if given and given.takes_value and not equals else None
        elif places:
            places.pop(0)
        elif word in known:
            verb, arguments = word, list(known[word].args.values())
            own, places = flags(arguments), [each for each in arguments if each.positional]
    return verb, one or (places[0] if places else None)
