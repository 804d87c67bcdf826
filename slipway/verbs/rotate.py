"""The verb that replaces a secret by another one: rotate."""

from functools import partial
from typing import TYPE_CHECKING, cast

from invoke.context import Context

from slipway.verbs.deploy import WAIT
from slipway.verbs.options import EVERYWHERE, JSON, YES, number
from slipway.verbs.verb import task

if TYPE_CHECKING:
    from slipway.project.rotation import Step
    from slipway.runtime import InPlace
    from slipway.verbs.session import Session


@task(
    positional=["name"],
    help=EVERYWHERE
    | YES
    | {
        "name": "the secret: DATABASE_PASSWORD, or a key that is accepted beside the one that signs",
        "given": "DATABASE_PASSWORD becomes what .env or the environment has, instead of a generated one",
        "at-once": "a key: what the old one has signed is refused from now on",
        "plan": "show what would be done, and change nothing",
        "bake": "how many seconds the new release is watched; 0 for not at all",
    }
    | WAIT
    | JSON,
)
def rotate(
    _: Context,
    name: str,
    prod: bool = False,
    env: str = "",
    runtime: str = "",
    context: str = "",
    given: bool = False,
    at_once: bool = False,
    plan: bool = False,
    bake: str = "",
    wait: bool = False,
    yes: bool = False,
    json: bool = False,
) -> None:
    """Replace a secret, and what was started with it."""
    from slipway.core.words import SECONDS
    from slipway.deploy.facts import Options
    from slipway.schema.words import in_environment
    from slipway.verbs.deploy import carry_out, planned, show_plan
    from slipway.verbs.session import Turn, begin

    turn, needs = (Turn.NOBODY, None) if plan else (Turn.ENVIRONMENT, need_release)
    begun = partial(begin, turn=turn, wait=wait, asked=partial(check, name=name, given=given, at_once=at_once))
    seconds = number("bake", bake, SECONDS) if bake else None
    with begun("rotate", prod, env, runtime=runtime, context=context, needs=needs) as session:
        session.settings.looks_up = not plan
        step = next_step(session, name, given, at_once)
        options = Options(bake=session.project.deploy.bake if seconds is None else seconds, rotation=step)
        if plan and session.is_deployed:
            show_plan(session, planned(session, options), json)
        elif plan:
            show_step(session, step, json)
        elif session.is_deployed:
            carry_out(session, options, yes, json)
        else:
            in_place(session, step, yes)
            show_step(session, step, json)
        if step.then and not (plan or json):
            session.steps.note("next", in_environment(step.then, session.environment.name))


def show_step(session: "Session", step: "Step", as_json: bool) -> None:
    """Show a step of what is started in place."""
    from slipway.verbs.screen import show_json

    if as_json:
        show_json({"name": step.name, "does": step.does, "then": step.then})
    else:
        session.steps.note("rotate", step.does)


def need_release(session: "Session") -> None:
    """Raise Problem where releases are deployed, and none ever was."""
    if session.is_deployed:
        session.deployment.need()


def check(session: "Session", name: str, given: bool, at_once: bool) -> None:
    """Raise Problem for a secret that cannot be rotated, or not so."""
    from slipway.core.errors import Problem
    from slipway.core.sources import source
    from slipway.project import elsewhere, rotation
    from slipway.project.database import PASSWORD

    project, own = session.project, session.settings.own_database
    of_key = (name, name + rotation.NEXT, name + rotation.PREVIOUS)
    elsewhere.refuse_rotation(of_key, project.elsewhere, project.environment, given, own)
    rotation.check(name, project.secrets, own)
    if given and name != PASSWORD:
        raise Problem(
            f"--given is for {PASSWORD}. Another value for {name} at once: set it in {source(name)}, ./inv deploy"
        )
    if at_once and name == PASSWORD:
        raise Problem(f"--at-once is for keys: {PASSWORD} is another one at once in any case.")


def next_step(session: "Session", name: str, given: bool, at_once: bool) -> "Step":
    """Return what is to be done to a secret; raises Problem when that cannot be."""
    import os

    from slipway.project import rotation
    from slipway.project.dotenv import new_secret

    session.check_secrets()
    project, values = session.project, session.settings.complete
    step = rotation.step(
        name, values, lambda: values.get(name, "") if given else new_secret(project.secrets[name]), at_once
    )
    if not given:
        rotation.from_elsewhere(list(step.values), os.environ)
    return step


def port_of_what_runs(session: "Session") -> int | None:
    """Return the port of the service where it runs, any without web; None where it doesn't run.

    Raises Problem for processes that nothing starts anew.
    """
    from slipway.core.errors import Problem

    service = session.runtime.service
    if session.project.has_web or not service.running():
        return service.port()
    if not session.environment.is_dev:
        raise Problem("What runs would go on with the old one: ./inv down, then this again, then ./inv up")
    return session.environment.port


def in_place(session: "Session", step: "Step", yes: bool) -> None:
    """Change .env, and start the service anew if it runs; the database takes a new password over. Raises Problem."""
    from slipway.project.environments import PROD
    from slipway.verbs.run import start_in_place
    from slipway.verbs.screen import confirm

    port = port_of_what_runs(session)
    own = session.loaded.within(PROD).settings_file
    if session.environment.is_dev and (session.project.state / PROD).exists() and not own.exists():
        confirm(
            f"Production has the same .env, and {step.name} is another one there once this has changed it (--prod "
            "replaces production's). Change it in development?",
            yes,
        )
    if port is not None and not session.environment.is_dev:
        confirm(f"Rotate {step.name}? The service is away until it has started anew.", yes)
    session.undo.callback(session.settings.change(step.values))
    if port is None:
        session.steps.say("  nothing runs: ./inv up starts it so")
        return
    start_in_place(session, cast("InPlace", session.runtime), port)
