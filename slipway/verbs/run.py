"""Verbs of the running service: up, down, logs, ps, shell, status."""

import contextlib
from functools import partial
from typing import TYPE_CHECKING, cast

from invoke.context import Context

from slipway.verbs.already import is_up
from slipway.verbs.options import EVERYWHERE, JSON, YES, number, usual_scale
from slipway.verbs.verb import task

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from slipway.runtime import InPlace
    from slipway.verbs.session import Session


@task(help=EVERYWHERE | {"port": "the port on this machine (default: PORT in .env, else the project's)"})
def up(_: Context, prod: bool = False, env: str = "", runtime: str = "", context: str = "", port: str = "") -> None:
    """Start database, migrations and service; print the URLs."""
    from slipway.core.words import PORTS
    from slipway.verbs.screen import show_urls
    from slipway.verbs.session import Turn, begin

    asked = number("port", port, PORTS) if port else None
    turn, look = Turn.ENVIRONMENT, partial(check_port, port=port)
    how = begin("up", prod, env, runtime=runtime, context=context, turn=turn, asked=look)
    with how as session, with_another_port():
        session.check_secrets()
        session.settings.prepare()
        if not session.is_deployed:
            cast("InPlace", session.runtime).check(session.environment.port)
        done, chosen = is_up(session, asked)
        if done and is_migrated(session):
            if session.is_deployed or not cast("InPlace", session.runtime).resume():
                session.steps.say("  already up: nothing to do")
        elif session.is_deployed:
            deploy_first(session)
            return
        else:
            start_in_place(session, cast("InPlace", session.runtime), chosen)
        show_urls(session, chosen)


def check_port(session: "Session", port: str) -> None:
    """Raise Problem for a port where nothing listens."""
    from slipway.core.errors import Problem
    from slipway.project.processes import NO_WEB

    if port and not session.project.has_web:
        raise Problem(f"--port: {NO_WEB}, and nothing listens.")


@contextlib.contextmanager
def with_another_port() -> "Iterator[None]":
    """Name the option as well, for a port that cannot be used: this verb has one."""
    from slipway.core.ports import Unusable

    try:
        yield
    except Unusable as unusable:
        unusable.message = f"{unusable.message}{f' For this once: {unusable.once}' if unusable.once else ''}"
        raise


def deploy_first(session: "Session") -> None:
    """Deploy this tree, where nothing runs yet; the settings are ready."""
    from slipway.deploy.facts import Options
    from slipway.verbs.deploy import put_live

    put_live(session, Options(scale=usual_scale(session.project)), yes=True, as_json=False)


def is_migrated(session: "Session") -> bool:
    """Tell whether the database is this tree's: another branch may have migrated it. In production that is shown."""
    from slipway.database.current import is_current

    return not session.environment.is_dev or is_current(session.checkout, session.environment, session.runtime)


def start_in_place(session: "Session", runtime: "InPlace", port: int) -> None:
    """Start the database, bring its schema up to date, and start the service; raises Problem."""
    from slipway.database.after import up_to_date

    runtime.service.check_port(port)
    runtime.service.prepare()
    session.remember()  # what could not be built, or have its packages, holds no data
    runtime.database.start()
    runtime.accompany(port)
    up_to_date(session.checkout, session.environment, runtime)
    runtime.start(port)


@task(help=EVERYWHERE | YES | {"volumes": "delete the data as well; asks first"})
def down(
    _: Context,
    prod: bool = False,
    env: str = "",
    runtime: str = "",
    context: str = "",
    volumes: bool = False,
    yes: bool = False,
) -> None:
    """Stop the service and its database."""
    from slipway.verbs.screen import confirm
    from slipway.verbs.session import Turn, begin

    with begin("down", prod, env, runtime=runtime, context=context, turn=Turn.ENVIRONMENT) as session:
        doomed = session.runtime.volumes() if volumes else []
        if doomed:
            data = f"the {session.environment.name} data of {session.project.name}"
            confirm(f"Delete {' and '.join(doomed)}, {data}?", yes)
        session.runtime.stop(volumes)
        if volumes:
            for row in deleted(doomed, session.runtime.volumes(), session.runtime.kept()):
                session.steps.note(*row)
            session.forget()


def deleted(doomed: "Sequence[str]", left: "Sequence[str]", kept: "Sequence[str]") -> list[tuple[str, str]]:
    """Return what is said of the data that was to be deleted, and of what is kept; raises Problem when some is left."""
    from slipway.core.errors import Problem

    gone = ", ".join(one for one in doomed if one not in left)
    if left:
        raise Problem(f"Not deleted: {', '.join(left)}. {f'Deleted: {gone}. ' if gone else ''}Delete it by hand.")
    rows = [("deleted", gone or "nothing: there was no data")]
    return [*rows, ("kept", f"{', '.join(kept)}, where the backups are")] if kept else rows


OF_LOGS = {
    "follow": "go on until Ctrl-C",
    "lines": "how many of the last lines",
    "process": "of this process beside web, or of what `inv run --detach` has started, by the name that it printed",
}


@task(help=EVERYWHERE | OF_LOGS)
def logs(
    _: Context,
    prod: bool = False,
    env: str = "",
    runtime: str = "",
    context: str = "",
    follow: bool = False,
    lines: str = "100",
    process: str = "",
) -> None:
    """Show the service's log.

    It is shown as the service wrote it: also secrets, if it logs any.
    """
    from slipway.core.words import LINES
    from slipway.verbs.session import begin

    wanted = number("lines", lines, LINES)
    with begin("logs", prod, env, runtime=runtime, context=context, quietly=True) as session:
        session.runtime.service.logs(follow, wanted, process)


@task(help=EVERYWHERE)
def ps(_: Context, prod: bool = False, env: str = "", runtime: str = "", context: str = "") -> None:
    """Show what runs."""
    from slipway.verbs.screen import show_lines, table
    from slipway.verbs.session import begin

    with begin("ps", prod, env, runtime=runtime, context=context) as session:
        show_lines(table(session.runtime.listing()))


@task(help=EVERYWHERE)
def shell(_: Context, prod: bool = False, env: str = "", runtime: str = "", context: str = "") -> None:
    """Open a shell where the service runs.

    Nothing is hidden in what it prints.
    """
    from slipway.verbs.session import begin

    with begin("shell", prod, env, runtime=runtime, context=context, quietly=True) as session:
        session.runtime.service.shell()


@task(help=EVERYWHERE | JSON)
def status(
    _: Context, prod: bool = False, env: str = "", runtime: str = "", context: str = "", json: bool = False
) -> None:
    """Say what runs, where, and which version."""
    from slipway.verbs.screen import flat, show_json, show_lines
    from slipway.verbs.session import begin

    with begin("status", prod, env, runtime=runtime, context=context, quietly=json) as session:
        parts = session.runtime.status()
        state: dict[str, object] = {
            "name": session.project.name,
            "environment": session.environment.name,
            "runtime": session.runtime.name,
            "release": session.runtime.service.version() or None,
            **{name: one.as_json() for name, one in parts.items()},
        }
        if json:
            show_json(state)
        else:
            show_lines(f"{name:<12} {flat(value)}" for name, value in state.items())
            if parts["service"].state not in ("ready", "running", "stopped"):
                session.steps.say("  why the service is not ready: ./inv logs")
