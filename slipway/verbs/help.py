"""The verbs of the command line itself: help, completion."""

import itertools
import sys

from invoke.context import Context

from slipway.verbs.verb import task


@task(default=True)
def help(_: Context) -> None:
    """Show the verbs by stage; `help VERB` explains one."""
    from slipway.project import root
    from slipway.verbs.program import program

    named = list(itertools.dropwhile(lambda word: word != "help", sys.argv))[1:2]
    program().run(["inv", "--search-root", str(root.here()), "help", *named])


@task(positional=["shell"], help={"shell": "bash, zsh or fish"})
def completion(_: Context, shell: str) -> None:
    """Print the script that completes verbs, options, values.

    For good: ./inv completion bash >>~/.bashrc
    or        ./inv completion zsh >>~/.zshrc (below compinit)
    or        ./inv completion fish >~/.config/fish/completions/inv.fish
    """
    from slipway.core.errors import Problem
    from slipway.verbs.values import SCRIPTS, shells

    if shell not in shells():
        raise Problem(f"There is completion for {', '.join(shells())}, not for {shell!r}.")
    sys.stdout.write((SCRIPTS / f"inv.{shell}").read_text(encoding="utf-8"))
