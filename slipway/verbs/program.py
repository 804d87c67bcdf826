"""What `./inv` runs: Invoke's program, with the verbs by stage, and help where a command line cannot be."""

import inspect
import os
import sys
from collections.abc import Iterator, Sequence
from itertools import pairwise
from types import ModuleType

from invoke import __version__ as of_invoke
from invoke.exceptions import Exit, ParseError
from invoke.program import Program
from invoke.terminals import pty_size

from slipway import __version__
from slipway.verbs.line import foreign, spelled
from slipway.verbs.verb import COMMAND, Verb  # and with it, what is said of a value that is none

MARGIN, LEAST = 12, 20  # columns: between and beside names and texts; for texts
USAGE = "Usage: ./inv VERB [--options]"
HELP = ("--help", "-h")
ROOT = "--search-root"  # by which the launcher says where the project is
FORMATS = ("flat", "nested", "json")  # of --list
OF_TASKS = ("command-timeout", "hide", "prompt-for-sudo-password", "pty", "warn-only")  # what Invoke's run() is told
MORE = "./inv --help VERB explains one; ./inv --help has Invoke's own options as well."


class Slipway(Program):
    """Invoke's program, for the tasks file of a project."""

    def parse_core(self, argv: list[str] | None) -> None:
        """Read Invoke's own options; bytecode is kept unless Python was told not to."""
        super().parse_core(argv)
        sys.dont_write_bytecode = bool(sys.flags.dont_write_bytecode)

    def parse_core_args(self) -> None:
        """Read them; `help VERB` is --help, and Invoke's script of completion is that of `completion`."""
        root = self.argv[2] if self.argv[1:2] == [ROOT] else ""
        self.argv = [*self.argv[:1], *self.argv[3 if root else 1 :]]
        try:
            super().parse_core_args()
        except ParseError as error:
            from slipway.verbs import mistakes

            raise ParseError(mistakes.before(error)) from None
        self._check_core(root)
        if root:
            self.args["search-root"].value = root
        script, words = self.args["print-completion-script"], self.core.unparsed
        if script.value:
            self.core.unparsed[:] = ["completion", script.value]
            script.value = ""
        elif words[:1] == ["help"]:
            if words[1:]:
                self.args.help.value = words[1]
            words.clear()

    def _check_core(self, root: str) -> None:
        # A launcher is its own project's.
        wanted, shape, config = (self.args[name].value for name in ("search-root", "list-format", "config"))
        if root and wanted:
            from slipway.verbs import mistakes

            raise ParseError(mistakes.elsewhere(wanted, root))
        if shape not in FORMATS:
            raise ParseError(f"--list-format is {', '.join(FORMATS)}, not {shape!r}.")
        if config and not (os.path.isfile(config) and config.endswith((".yaml", ".yml", ".json", ".py"))):  # noqa: PTH113
            raise ParseError(f"--config names a file of Invoke's, .yaml, .yml, .json or .py; {config!r} is none.")

    def parse_tasks(self) -> None:
        """Read the verbs and their options; raises ParseError with what was meant."""
        from slipway.verbs import mistakes

        words = self.core.unparsed
        if asked := next((verb for verb, after in pairwise(words) if after in HELP and verb in self.collection), ""):
            self.args.help.value = asked  # not the value that a verb like `rotate NAME` begins with
            words.clear()
        tokens = [*words, *(self.argv[self.argv.index("--") :] if "--" in self.argv else [])]
        said = ""
        try:
            super().parse_tasks()
        except ParseError as error:
            said = mistakes.explain(error, tokens, self.parser.contexts, self.collection)
        if found := foreign(tokens, self.parser.contexts, self.collection, self.args):
            at, word = found
            own = self.parser.contexts[tokens[at]].args.values()
            said = mistakes.option(self.collection[tokens[at]], own, word, tokens, at)
        elif not said and (names := [name for name in OF_TASKS if self.args[name].value]):
            called = [self.collection[task.name] for task in self.tasks]
            if called and all(isinstance(one, Verb) for one in called):
                said = mistakes.of_tasks(names, [one.name for one in called])
        if said:
            raise ParseError(said)

    def parse_cleanup(self) -> None:
        """Show what was asked for: help, the verbs, what a word may be completed to."""
        asked = self.args.help.value
        if isinstance(asked, str) and asked not in self.parser.contexts:
            from slipway.verbs import mistakes

            raise ParseError(mistakes.verb(asked, self.parser.contexts))
        if self.args.complete.value:
            self.complete_value()
        super().parse_cleanup()
        if not self.tasks:
            self.list_tasks()
            raise Exit

    def complete_value(self) -> None:
        """Print what the last word may become where that is an option's value, or another program's: a file."""
        from slipway.verbs import values

        words = self.argv[self.argv.index("--") + 2 :]  # behind --complete -- inv
        if "--" in words[:-1]:
            raise Exit
        found = values.begun(words, self.parser.contexts, self.collection) if words else None
        if found is not None:
            sys.stdout.writelines(f"{one}\n" for one in found)
            raise Exit

    def print_help(self) -> None:
        """Print the verbs, and Invoke's own options."""
        self.load_collection()
        self.list_root, self.list_depth, self.list_format = None, None, "flat"
        self.scoped_collection = self.collection
        self.list_tasks()
        self._print("\nInvoke's own options, of which verbs know --help and --echo, which shows commands whole:\n")
        self.print_columns(self.initial_context.help_tuples())

    def print_task_help(self, name: str) -> None:
        """Print what a verb does, and its options with their values."""
        task, context = self.collection[name], self.parser.contexts[name]
        positional = "".join(f" {spelled(one)}" for one in context.positional_args)
        passes = getattr(task, "passes", "")
        behind = " -- COMMAND" if passes == COMMAND else f" [-- what {passes} takes]" if passes else ""
        self._print(f"Usage: ./inv {name}{positional} [--options]{behind}\n")
        self._print("".join(f"  {line}".rstrip() + "\n" for line in (inspect.getdoc(task) or "").splitlines()))
        rows = sorted(
            (spelled(one, with_letter=True), one.help or "") for one in context.args.values() if not one.positional
        )
        given = [(spelled(one), one.help or "") for one in context.positional_args]
        if given or rows:
            self.print_columns([*given, *sorted(rows, key=lambda row: row[0].partition("--")[2])])

    def list_flat(self) -> None:
        """Print the verbs by stage, and what else there is."""
        if self.list_root or self.list_depth:
            super().list_flat()
            return
        groups = list(self._groups())
        width = max(len(name) for _, pairs in groups for name, _ in pairs)
        self._print(f"{USAGE}\n")
        for heading, pairs in groups:
            self._print(f"{heading}:")
            self.print_columns([(name.ljust(width), told) for name, told in pairs])
        self._print(MORE)

    def print_columns(self, tuples: Sequence[tuple[str, str | None]]) -> None:
        """Print names, and what there is to say of each: below them where there is no room beside them."""
        room = pty_size()[0] - max(len(name) for name, _ in tuples) - MARGIN
        if room >= LEAST or not sys.stdout.isatty():
            super().print_columns(tuples)
            return
        for name, told in tuples:
            self._print(f"  {name.rstrip()}\n      {told or ''}".rstrip())

    def _groups(self) -> Iterator[tuple[str, list[tuple[str, str | None]]]]:
        stages = getattr(self._module, "STAGES", {})
        rest = {name.partition(" ")[0]: (name, told) for name, told in self._make_pairs(self.scoped_collection)}
        for heading, verbs in stages.items():
            names = [self.collection.transform(verb.name) for verb in verbs]
            if found := [rest.pop(name) for name in names if name in rest]:
                yield heading, found
        if rest:
            yield "Your own" if stages else "Tasks", list(rest.values())

    @property
    def _module(self) -> ModuleType | None:
        return sys.modules.get(self.args.collection.value or self.config.tasks.collection_name)

    def _print(self, text: str) -> None:
        sys.stdout.write(f"{text}\n")


def program() -> Slipway:
    """Return the program."""
    version = f"{__version__} (Invoke {of_invoke})"
    return Slipway(name="Slipway", binary="./inv", binary_names=["inv"], version=version)
