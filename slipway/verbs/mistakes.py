"""What is said of a command line that cannot be: what was meant, and how it is written."""

import difflib
import shlex
from collections.abc import Iterable, Sequence
from typing import Any

from invoke.parser.argument import Argument
from invoke.tasks import Task

from slipway.verbs.line import flags

CLOSE, LESS = 0.7, 0.05  # of 1: how alike what was written and what was meant are; less than the most alike


def option(verb: "Task[Any]", arguments: Sequence[Argument], word: str, tokens: Sequence[str]) -> str:
    """Say that a verb has no such option; `tokens` are the verb and what follows it."""
    passes = getattr(verb, "passes", "")
    meant = [] if passes and len(word) == 2 else alike(word, flags(arguments))
    said = f"{verb.name} has no {word}"
    if meant:
        return f"{said}; did you mean {' or '.join(meant)}? ./inv --help {verb.name}"
    return f"{said}. {after_dashes(passes, tokens, word) if passes else f'./inv --help {verb.name}'}"


def after_dashes(program: str, tokens: Sequence[str], word: str) -> str:
    """Say where the arguments of another program stand: behind `--`, from this word on."""
    at = next((index for index, one in enumerate(tokens) if index and begins(one, word)), len(tokens))
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
