"""`inv run` and `inv python`."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

from invoke.context import Context

from slipway.verbs.options import EVERYWHERE, after_dashes
from slipway.verbs.verb import COMMAND, task

if TYPE_CHECKING:
    from slipway.verbs.session import Session

ASIDE = {
    "tag": "in production: in an image of this tag, with today's settings, instead of the live release's",
    "detach": "go on in the background; prints a name for `inv logs --process NAME`",
}
EXAMPLE = "There is no command to run. An example: ./inv run -- python -m app.reports --month 2026-10"


@task(help=EVERYWHERE | ASIDE, passes=COMMAND)
def run(
    _: Context,
    prod: bool = False,
    env: str = "",
    runtime: str = "",
    context: str = "",
    tag: str = "",
    detach: bool = False,
) -> None:
    """Run a command beside the service; it stands after `--`.

    It has the service's image, settings, secrets and network, and in development its source. Terminal and status are
    the command's, and nothing is hidden in what it prints.
    """
    from slipway.core.errors import Problem
    from slipway.verbs.session import begin

    if not (argv := after_dashes()):
        raise Problem(EXAMPLE)
    with begin("run", prod, env, runtime=runtime, context=context, quietly=True) as session:
        launch(session, argv, tag, detach)


@task(help=EVERYWHERE | ASIDE, passes="python")
def python(
    _: Context,
    prod: bool = False,
    env: str = "",
    runtime: str = "",
    context: str = "",
    tag: str = "",
    detach: bool = False,
) -> None:
    """Open the service's Python beside it, as `inv run` does.

    What follows `--` goes to Python.
    """
    from slipway.verbs.session import begin

    with begin("python", prod, env, runtime=runtime, context=context, quietly=True) as session:
        launch(session, ["python", *after_dashes()], tag, detach)


def launch(session: "Session", argv: Sequence[str], tag: str, detach: bool) -> None:
    """Run a command where the service's code and settings are; print its name when it goes on in the background."""
    from slipway.verbs.screen import show_lines

    if tag or not session.is_deployed:  # the live release has its own
        session.check_secrets()
        session.settings.check()
    if session.environment.is_dev and session.settings.has_database and not session.runtime.database.running():
        session.steps.note("database", "is not running: ./inv up starts it")
    name = session.runtime.launch(argv, tag, detach)
    show_lines([name])
    session.steps.say(f"  it goes on in the background; what it prints: ./inv logs --process {name}")
