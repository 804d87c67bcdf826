"""The verb that sends clients away for a while: maintenance."""

from functools import partial
from typing import TYPE_CHECKING

from invoke.context import Context

from slipway.verbs.options import EVERYWHERE, JSON, number
from slipway.verbs.verb import task

if TYPE_CHECKING:
    from slipway.deploy.maintenance import Maintenance
    from slipway.verbs.session import Session


@task(
    help=EVERYWHERE
    | {
        "on": "answer clients with a 503 and a page from now on; deployments go on behind it, and leave it on",
        "off": "let clients in again",
        "message": "what the page says",
        "retry-after": "after how many seconds clients may come again, as they are told (default: 300)",
        "allow": "addresses that are let in, with commas between",
    }
    | JSON
)
def maintenance(
    _: Context,
    prod: bool = False,
    env: str = "",
    runtime: str = "",
    context: str = "",
    on: bool = False,
    off: bool = False,
    message: str = "",
    retry_after: str = "",
    allow: str = "",
    json: bool = False,
) -> None:
    """Send clients away with a page, or let them in again.

    Without --on and --off, say which it is. What is being answered goes on.
    """
    from slipway.core.caller import who
    from slipway.core.words import SECONDS
    from slipway.deploy import ledger, source, webless
    from slipway.deploy import maintenance as of
    from slipway.verbs.session import begin

    seconds = number("retry-after", retry_after, SECONDS) if retry_after else of.RETRY
    allowed = of.addresses(allow)
    asked = partial(check, on=on, off=off, more=bool(message or retry_after or allow))
    with begin("maintenance", prod, env, runtime=runtime, context=context, quietly=True, asked=asked) as session:
        need_proxy(session)
        source.need(session.deployment)
        webless.check_kind(session.project, session.deployment.releases)
        now: of.Maintenance | None
        if on:
            now = start(session, of.Maintenance(ledger.now(), who(), message or of.MESSAGE, seconds, allowed))
        else:
            if off:
                session.deployment.releases.let_in()
            now = of.parse(session.deployment.releases.maintenance()[0])
        show(now, json)
        say_more(session, back=on and not json)


def check(session: "Session", on: bool, off: bool, more: bool) -> None:
    """Raise Problem for options that do not go together, without web, and in development."""
    from slipway.core.errors import Problem
    from slipway.project.processes import NO_WEB

    if not session.project.has_web:
        raise Problem(f"There are no clients to send away: {NO_WEB}.")
    if on and off:
        raise Problem("--on and --off exclude each other.")
    if more and not on:
        raise Problem("--message, --retry-after and --allow go with --on.")
    if session.environment.is_dev:
        raise Problem(
            "In development no proxy of Slipway's is before the service. Production: ./inv maintenance --prod"
        )


def need_proxy(session: "Session") -> None:
    """Raise Problem where production runs without a proxy of Slipway's."""
    from slipway.core.errors import Problem

    if not session.is_deployed:
        raise Problem(
            f"Production is on this host ({session.choice[1]}), where no proxy of Slipway's is before the service: let "
            "the one that you have put there answer clients."
        )


def start(session: "Session", wanted: "Maintenance") -> "Maintenance":
    """Send clients away; return what is noted. Raises Problem."""
    from slipway.deploy import maintenance

    now = maintenance.send_away(session.steps, session.deployment.releases, session.port_in_use, wanted)
    if not session.deployment.proxy.port:
        session.steps.note("proxy", "it doesn't run: nobody is answered at all. ./inv deploy starts it")
    return now


def say_more(session: "Session", back: bool) -> None:
    """Say where it is still to come to be, and, if told to, what takes it back."""
    if late := session.deployment.releases.untold():
        session.steps.note("nodes", f"{', '.join(late)}: the proxy there does not know it yet")
    if back:
        session.steps.say("  ./inv maintenance --off lets clients in again")


def show(now: "Maintenance | None", as_json: bool) -> None:
    """Show whether clients are sent away, and what they are told."""
    from dataclasses import asdict

    from slipway.verbs.screen import show_json, show_rows

    if as_json:
        show_json({"on": bool(now), **(asdict(now) if now else {})})
    elif now:
        rows = [("on", f"since {now.since}, by {now.by}"), ("message", now.message)]
        rows += [("retry", f"after {now.retry_after} s"), ("allowed", ", ".join(now.allow) or "nobody")]
        show_rows(rows)
    else:
        show_rows([("off", "clients are led to the live release")])
