"""A command line's words: what is an option behind a verb, and what Invoke would take for one of its own."""

from collections.abc import Collection, Iterable, Mapping, Sequence

from invoke.collection import Collection as Tasks
from invoke.parser.argument import Argument
from invoke.parser.context import ParserContext

OF_INVOKE = {"e", "h"}  # --echo and --help: the letters of Invoke's own that may stand behind a verb
NAMES_OF_INVOKE = ("echo", "help", "dry", "list")  # the names; --dry is refused by what it would do
# What values are called in help; an option that is not here takes none.
VALUES = {
    "against": "NAME", "allow": "ADDRESS,...", "backup": "NAME", "bake": "SECONDS", "build-arg": "NAME=VALUE",
    "command": "SQL", "context": "NAME", "env": "NAME", "file": "FILE", "from": "NAME", "key": "FILE",
    "lines": "NUMBER", "load": "FOLDER", "log": "RELEASE", "message": "TEXT", "name": "NAME", "node": "NODE",
    "output": "FILE", "part": "PART", "phase": "PHASE", "platform": "PLATFORMS", "port": "PORT", "process": "NAME",
    "python": "VERSION", "recreate": "SERVICE,...", "retry-after": "SECONDS", "runtime": "RUNTIME", "save": "FOLDER",
    "scale": "NUMBERS", "secret": "id=NAME,src=FILE", "set": "NAME", "shell": "SHELL", "skip": "GATE", "tag": "TAG",
    "to": "TARGET", "variant": "VARIANT", "version": "X.Y.Z", "wheel": "FILE",
}  # fmt: skip


def flag(name: str) -> str:
    """Return how an option's name or letter is written."""
    return f"-{name}" if len(name) == 1 else f"--{name}"


def spelled(one: Argument, with_letter: bool = False) -> str:
    """Return how an option is written, with its value: `--port PORT`; one that stands by itself is its value alone."""
    name = one.names[0]
    value = VALUES.get(name, name.upper()) if one.takes_value else ""
    if one.positional:
        return value
    letters = "".join(f"{flag(letter)}, " for letter in one.names[1:]) if with_letter else ""
    long = f"--[no-]{name}" if one.kind is bool and one.default else flag(name)
    return f"{letters or '    ' * with_letter}{long} {value}".rstrip()


def flags(arguments: Sequence[Argument]) -> dict[str, Argument]:
    """Return options by how each of their names is written."""
    return {flag(name): one for one in arguments for name in one.names}


def behind(tokens: Sequence[str], arguments: Sequence[Argument], core: Collection[str] = ()) -> tuple[str, list[str]]:
    """Return the first option behind a verb that is none of its own, and what follows the verb's own words.

    It is a letter, or one of the names `core`: Invoke takes these for its own options, which by then mean nothing, as
    `-c NAME` for --collection.
    """
    own, rest = flags(arguments), list(tokens)
    positional = sum(one.positional for one in arguments)
    while rest and rest[0] != "--":
        word = rest.pop(0)
        name, assigned, _ = word.partition("=")
        if not word.startswith("-"):
            if not positional:
                return "", [word, *rest]
            positional -= 1
        elif word.startswith("--"):
            if name not in own and name in core:
                return name, rest
            del rest[: bool(name in own and own[name].takes_value and not assigned)]
        else:
            for at, letter in enumerate(word[1:], 2):
                one = own.get(f"-{letter}")
                if not one and letter not in OF_INVOKE:
                    return f"-{letter}", rest
                if one and one.takes_value:
                    del rest[: at == len(word)]
                    break
    return "", []


def foreign(
    tokens: Sequence[str], contexts: Mapping[str, ParserContext], tasks: Tasks, core: Iterable[str]
) -> tuple[int, str] | None:
    """Return where the verb stands behind which Invoke would take an option for its own, and that option.

    `core` are the names of Invoke's own.
    """
    names = {flag(name) for name in core if len(name) > 1 and name not in NAMES_OF_INVOKE}
    rest = list(tokens)
    while rest and rest[0] in contexts:
        at = len(tokens) - len(rest)
        word, rest = behind(rest[1:], list(contexts[tokens[at]].args.values()), names)
        if word and hasattr(tasks[tokens[at]], "passes"):  # a verb's; a task of the user's is Invoke's matter
            return at, word
    return None
