"""What a verb is to Invoke: its options have names, a few of them a letter, and none is taken for Invoke's own."""

import itertools
import shlex
import sys
from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from invoke.exceptions import ParseError
from invoke.parser.argument import Argument
from invoke.tasks import Task
from invoke.tasks import task as invokes

from slipway.verbs.line import behind, flag

if TYPE_CHECKING:
    from slipway.core.steps import Steps

# Each letter means the same option in every verb that has it. None is for --prod: what is production is spelled out.
SHORT = {"command": "c", "follow": "f", "lines": "n", "message": "m", "yes": "y"}

COMMAND = "the command"  # what follows `--` where a verb runs just that

KINDS = {int: "a whole number", float: "a number"}


class Option(Argument):
    """An option of a verb: one that is given has a value."""

    @classmethod
    def of(cls, one: Argument) -> "Option":
        """Return an argument of Invoke's as an option."""
        made = cls(
            names=one.names, kind=one.kind, default=one.default, help=one.help, positional=one.positional,
            optional=one.optional, incrementable=one.incrementable, attr_name=one.attr_name,
        )  # fmt: skip
        if one.kind is list:
            made.raw_value = None  # else Invoke lets one end without a value
        return made

    def set_value(self, value: Any, cast: bool = True) -> None:
        """Take a value; an empty one is a variable of the shell's that is not set, and would be as if not given."""
        if value == "":
            raise ParseError(f"{flag(self.names[0])} needs a value, and was given an empty one.")
        super().set_value(value, cast)


def read(one: Argument, value: Any, cast: bool = True) -> None:
    """Let an option take a value, as Invoke does; raises ParseError, not what its type raises, for one that is none."""
    try:
        INVOKES(one, value, cast)
    except (ValueError, TypeError, ArithmeticError):
        raise ParseError(f"{flag(one.names[0])} is {KINDS.get(one.kind, 'something else')}, not {value!r}.") from None


# Of all tasks, one's own as well, and also in plain `inv`: a traceback tells nobody what was mistyped.
INVOKES = Argument.set_value
Argument.set_value = read  # type: ignore[assignment, method-assign]


class Verb(Task[Callable[..., Any]]):
    """A task of Slipway's; `passes` names the program that is given what follows `--`, `extras` what it needs."""

    echo = False  # whether Invoke's --echo was given: commands are shown whole

    def __init__(
        self, body: Callable[..., Any], *, passes: str = "", extras: Sequence[str] = (), **kwargs: Any
    ) -> None:
        super().__init__(body, auto_shortflags=False, **kwargs)
        self.passes = passes
        self.extras = extras

    def arg_opts(self, name: str, default: str, taken_names: set[str]) -> dict[str, Any]:
        """Return what an option is made of: its name, and its letter if it has one."""
        opts = super().arg_opts(name, default, taken_names)
        return opts | {"names": [*opts["names"], *([SHORT[name]] if name in SHORT else [])]}

    def get_arguments(self, ignore_unknown_help: bool | None = None) -> list[Argument]:
        """Return its options."""
        return [Option.of(one) for one in super().get_arguments(ignore_unknown_help)]

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        """Do it, unless the command line has what Invoke would take for itself, without a word."""
        from slipway.core.errors import Problem

        tokens = list(itertools.dropwhile(lambda word: word != self.name, sys.argv[1:]))
        own = self.get_arguments(ignore_unknown_help=True)
        if foreign := behind(tokens[1:], own)[0]:
            from slipway.verbs import mistakes

            raise Problem(mistakes.option(self, own, foreign, tokens))
        if args[0].config.run.dry:
            raise Problem(
                f"--dry is for tasks that call Invoke's run(): {self.name} would do everything. Nothing was done."
            )
        Verb.echo = bool(args[0].config.run.echo)
        if self.extras:
            from slipway import extras

            extras.need(*self.extras)
        return super().__call__(*args, **kwargs)


task = partial(invokes, klass=Verb)


def steps_of(root: Path) -> "Steps":
    """Return what the verb that was called prints and keeps in a project's log."""
    from slipway.core.log import Log
    from slipway.core.secrecy import SECRETS
    from slipway.core.steps import LOG, Steps

    words = sys.argv[3:] if sys.argv[1:2] == ["--search-root"] else sys.argv[1:]  # which the launcher gives
    return Steps(log=Log(root / LOG, shlex.join(["./inv", *words]), SECRETS.redact), whole=Verb.echo)
