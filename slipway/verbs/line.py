"""A command line's words: what is an option behind a verb, and what Invoke would take for one of its own."""

from collections.abc import Sequence

from invoke.parser.argument import Argument

OF_INVOKE = {"e", "h"}  # --echo and --help: the letters of Invoke's own that may stand behind a verb


def flag(name: str) -> str:
    """Return how an option's name or letter is written."""
    return f"-{name}" if len(name) == 1 else f"--{name}"


def flags(arguments: Sequence[Argument]) -> dict[str, Argument]:
    """Return options by how each of their names is written."""
    return {flag(name): one for one in arguments for name in one.names}


def behind(tokens: Sequence[str], arguments: Sequence[Argument]) -> tuple[str, list[str]]:
    """Return the first letter behind a verb that is none of its own, and what follows the verb's own words.

    Invoke takes such a letter for one of its own options, which by then means nothing: `-c NAME` is --collection.
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
