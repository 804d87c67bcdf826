"""What is said of a command line that cannot be: what was meant, and how it is written."""

import ast
import contextlib
import difflib
import re
import shlex
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from invoke.collection import Collection
from invoke.exceptions import ParseError
from invoke.parser.argument import Argument
from invoke.parser.context import ParserContext
from invoke.tasks import Task

from slipway.verbs.line import flags, spelled

CLOSE, LESS = 0.7, 0.05  # of 1: how alike what was written and what was meant are; less than the most alike
UNKNOWN = re.compile(r"No idea what (.+) is!", re.DOTALL)
VALUE = re.compile(r"Flag <\w+: (\S+?)>? .*needed value and was not given one!", re.DOTALL)
POSITIONAL = re.compile(r"'(.+)' did not receive required positional arguments: .+")


def explain(error: ParseError, tokens: Sequence[str], contexts: Mapping[str, ParserContext], tasks: Collection) -> str:
    """Return what is said instead of what Invoke's parser has said of the words behind Invoke's own options."""
    text, context = str(error), error.context
    named = context if context is not None and context.name else None
    if found := UNKNOWN.fullmatch(text):
        with contextlib.suppress(ValueError, SyntaxError):
            word = str(ast.literal_eval(found[1]))
            if named is None:
                return early(word, tokens, contexts) if word.startswith("-") else verb(word, contexts)
            task, own = tasks[str(named.name)], list(named.args.values())
            at = next((index for index, one in enumerate(tokens) if one == named.name), 0)
            if word.startswith("-"):
                return option(task, own, word, tokens, at)
            return stray(task, own, word, tokens, at, contexts)
    if named and (found := VALUE.match(text)):
        name = found[1].replace("_", "-")
        if name not in named.args:  # Invoke's own, by a letter
            letter = next((one for one in tokens if one.startswith("-") and one not in named.args), f"--{name}")
            return f"{named.name} has no {letter}. ./inv --help {named.name}"
        return f"{named.name}: --{name} needs a value: {spelled(named.args[name])}. ./inv --help {named.name}"
    if named and POSITIONAL.match(text):
        values = " ".join(spelled(one) for one in named.positional_args)
        return f"{named.name} needs {values}: ./inv {named.name} {values}. ./inv --help {named.name}"
    return text


def before(error: ParseError) -> str:
    """Return what is said instead of what Invoke's parser has said of its own options."""
    found = VALUE.match(str(error))
    return f"--{found[1].replace('_', '-')} needs a value. ./inv --help" if found else str(error)


def elsewhere(wanted: str, root: str) -> str:
    """Say that a launcher works for its own project alone."""
    inv = shlex.quote(f"{wanted.rstrip('/')}/inv")
    return f"This ./inv works on the project in its own folder, {root}. For another project, call its own: {inv}"


def of_tasks(names: Sequence[str], verbs: Sequence[str]) -> str:
    """Say that options of Invoke's own mean nothing to these verbs."""
    given = " and ".join(f"--{name}" for name in names)
    return f"{given}: of use to tasks that call Invoke's run() alone, not to {' and '.join(verbs)}. ./inv --help"


def verb(word: str, known: Iterable[str]) -> str:
    """Say that there is no such verb."""
    meant = alike(word, known)
    asked = f"; did you mean {' or '.join(meant)}?" if meant else "."
    return f"There is no verb {word!r}{asked} ./inv --list shows all."


def early(word: str, tokens: Sequence[str], contexts: Mapping[str, ParserContext]) -> str:
    """Say that an option stands before its verb, or that there is none like it."""
    at = next((index for index, one in enumerate(tokens) if one in contexts), None)
    if at is not None and word in flags(list(contexts[tokens[at]].args.values())):
        words = [tokens[at], *tokens[:at], *tokens[at + 1 :]]
        return f"{word} stands behind its verb: ./inv {shlex.join(words)}"
    return f"There is no option {word} before a verb: ./inv --help"


def option(task: "Task[Any]", arguments: Sequence[Argument], word: str, tokens: Sequence[str], at: int = 0) -> str:
    """Say that a verb has no such option; it stands `at` a place in the tokens."""
    passes = getattr(task, "passes", "")
    if word in ("--yes", "-y"):
        return f"{task.name} asks nothing: leave {word} out. ./inv --help {task.name}"
    if word == "--prod" and "--env" in flags(arguments):
        said = f"{task.name} is about production unless --env names another one: leave {word} out"
        return f"{said}. ./inv --help {task.name}"
    meant = [] if passes and len(word) == 2 else alike(word, flags(arguments))
    said = f"{task.name} has no {word}"
    if meant:
        return f"{said}; did you mean {' or '.join(meant)}? ./inv --help {task.name}"
    return f"{said}. {after_dashes(passes, tokens, word, at) if passes else f'./inv --help {task.name}'}"


def stray(
    task: "Task[Any]", arguments: Sequence[Argument], word: str, tokens: Sequence[str], at: int, verbs: Iterable[str]
) -> str:
    """Say that a verb takes no such argument, and that it is no other verb."""
    given = [one.partition("=") for one in tokens[at:]]
    if switch := next((name for name, equals, value in given if equals and name[:1] == "-" and value == word), ""):
        return f"{task.name}: {switch} takes no value, and was given {word!r}. ./inv --help {task.name}"
    if passes := getattr(task, "passes", ""):
        return f"{task.name} takes no {word!r}. {after_dashes(passes, tokens, word, at)}"
    meant = [*alike(f"--{word}", flags(arguments)), *alike(word, verbs)]
    asked = f"; did you mean {' or '.join(meant)}?" if meant else ", and there is no verb of that name."
    return f"{task.name} takes no {word!r}{asked} ./inv --help {task.name}"


def after_dashes(program: str, tokens: Sequence[str], word: str, verb: int = 0) -> str:
    """Say where the arguments of another program stand: behind `--`, from this word on."""
    at = next((index for index, one in enumerate(tokens) if index > verb and begins(one, word)), len(tokens))
    if program == "psql" and not word.startswith("-"):  # which would take it for the name of a database
        return f"SQL stands behind -c: ./inv {shlex.join([*tokens[:at], '-c', *tokens[at:]])}"
    words = [*tokens[:at], "--", *(one for one in tokens[at:] if one != "--")]
    return f"What is for {program} stands behind --: ./inv {shlex.join(words)}"


def begins(one: str, word: str) -> bool:
    """Tell whether a word of the command line is the one that Invoke has stopped at, or has that in it."""
    name, _, value = one.partition("=")
    letters = one[:1] == "-" != one[1:2]
    return word in (one, name, value) or (letters and len(word) == 2 and word[1] in one)


def alike(word: str, known: Iterable[str]) -> list[str]:
    """Return what a word may stand for: what begins with it, or is written much like it; at most three."""
    known = sorted(known)
    if word.startswith("-") and len(word) == 2:
        return [one for one in known if one.startswith(f"-{word}")][:3]
    if len(word.strip("-")) > 1 and (begun := [one for one in known if one.startswith(word)]):
        return begun[:3]
    close = {one: difflib.SequenceMatcher(None, one, word).ratio() for one in known}
    return [one for one in known if close[one] >= max(CLOSE, max(close.values()) - LESS)][:3]
