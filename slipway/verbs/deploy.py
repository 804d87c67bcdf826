"""Verbs of releases on a server: deploy, rollback, releases."""

import json as json_
from typing import TYPE_CHECKING

from invoke.context import Context

from slipway.project.environments import PROD
from slipway.verbs.options import CONTEXT, DEPLOYED, JSON, YES, number, scales, usual_scale
from slipway.verbs.verb import task

if TYPE_CHECKING:
    from slipway.deploy.facts import Options
    from slipway.verbs.session import Session

WAIT = {"wait": "for another deployment to end"}
NO_HOOKS = {"no-hooks": "run none of the project's hooks on this machine"}


@task(
    help=YES
    | CONTEXT
    | DEPLOYED
    | {
        "tag": "this image instead of this tree's: 1.2.3, sha-..., or a whole reference",
        "from": "the very image that is live in this environment instead",
        "plan": "show what would be done, and change nothing",
        "scale": "how many containers: 3, or web=3,worker=2 (default: as there are); the database serves twice as many",
        "bake": "how many seconds the new release is watched; 0 for not at all",
        "no-backup": "make no backup before a migration: what goes wrong then cannot be taken back",
        "force": "also when nothing has changed",
        "recreate-database": "make its container as it is defined now; the database is away for some seconds",
        "recreate": "make these services beside the release as they are defined now, with commas between",
        "move": "from one engine to the Swarm that it is a manager of, with a pause; --plan says what it means",
        "recreate-proxy": "make its container of what its image's tag means now; it cuts connections for 1 to 3 s",
    }
    | NO_HOOKS
    | WAIT
    | JSON
)
def deploy(
    _: Context,
    tag: str = "",
    from_: str = "",
    plan: bool = False,
    scale: str = "",
    bake: str = "",
    no_backup: bool = False,
    force: bool = False,
    recreate_database: bool = False,
    recreate_proxy: bool = False,
    recreate: str = "",
    move: bool = False,
    no_hooks: bool = False,
    wait: bool = False,
    env: str = "",
    context: str = "",
    yes: bool = False,
    json: bool = False,
) -> None:
    """Replace the live release without losing a request."""
    from slipway.core.words import SECONDS, listed
    from slipway.deploy.facts import Options
    from slipway.verbs.elsewhere import live_in
    from slipway.verbs.session import Turn, begin

    turn = Turn.NOBODY if plan else Turn.ENVIRONMENT
    seconds = number("bake", bake, SECONDS) if bake else None
    containers, replicas = scales(scale)
    elsewhere = live_in(from_, env, tag, context) if from_ else None
    with begin("deploy", env=env, default=PROD, context=context, turn=turn, wait=wait) as session:
        watched = session.project.deploy.bake if seconds is None else seconds
        scaled, anew = containers or usual_scale(session.project), tuple(listed(recreate))
        both = (recreate_database, recreate_proxy, no_backup)
        options = Options(tag, scaled, watched, force, *both, anew, no_hooks, elsewhere, move, replicas=replicas)
        if plan:
            show_plan(session, planned(session, options), json)
        else:
            carry_out(session, options, yes, json)


@task(
    help=CONTEXT
    | DEPLOYED
    | {
        "to": "the tag or name of a release that was live (default: the one before)",
        "plan": "show what would be done, and change nothing",
    }
    | NO_HOOKS
    | WAIT
    | JSON
)
def rollback(
    _: Context,
    to: str = "",
    plan: bool = False,
    no_hooks: bool = False,
    wait: bool = False,
    env: str = "",
    context: str = "",
    json: bool = False,
) -> None:
    """Go back to a release that was live before."""
    from slipway.deploy import hooks
    from slipway.deploy.rollback import Rollback
    from slipway.verbs.screen import show
    from slipway.verbs.session import begin

    with begin("rollback", env=env, default=PROD, context=context, quietly=True) as session:
        deployment = session.deployment  # elsewhere than on an engine there is none
        going = Rollback(session.checkout, session.environment, deployment, session.port_in_use, to, not no_hooks)
        if plan:
            rows = [*going.plan(), *hooks.rows(session.project, hooks.OF_ROLLBACK, not no_hooks)]
            show_plan(session, rows, json)
            return
        entry = going.run(wait)
        if json:
            show(entry.line().rstrip())
            return
        session.steps.note("live", f"{entry.image}, as {entry.release}")
        session.steps.total()


@task(
    help=CONTEXT
    | DEPLOYED
    | {"log": "what was shown of a deployment or rollback: the release's name, or the event"}
    | JSON
)
def releases(_: Context, log: str = "", env: str = "", context: str = "", json: bool = False) -> None:
    """List what was deployed when, by whom, and how it ended."""
    from slipway.deploy import history, ledger, recover, source
    from slipway.deploy.target import nothing_before
    from slipway.verbs.screen import show_json, show_lines, table
    from slipway.verbs.session import begin

    with begin("releases", env=env, default=PROD, context=context, quietly=True) as session:
        of = session.deployment.releases
        if log:
            from slipway.verbs.elsewhere import show_log

            show_log(of, log, json)
            return
        remembered = of.remembered()
        there = of.all()
        now = recover.stand(remembered, there)
        entries = [*ledger.parse(remembered.ledger), *now.found]  # what has not ended may be at work
        live = now.live if now.live in there else ""
        if json:
            show_json([{**json_.loads(entry.line()), "is_live": entry.release == live} for entry in entries])
            return
        if not entries:
            session.steps.say(f"  {source.nothing(session.deployment)}")
        show_lines(table(history.rows(entries, live, there)))
        if not live:
            return
        if back := history.previous(entries, live):
            session.steps.say(f"  ./inv rollback goes to {back.image}, as {back.release}")
        elif entries:
            session.steps.say(f"  {nothing_before(entries, live, there)}")


def show_plan(session: "Session", rows: list[tuple[str, str]], as_json: bool) -> None:
    """Show what would be done."""
    from slipway.verbs.screen import show_json, show_rows

    rows = [(name, session.steps.named(what)) for name, what in rows]
    if as_json:
        show_json(dict(rows))
    else:
        show_rows(rows)


def planned(session: "Session", options: "Options") -> list[tuple[str, str]]:
    """Return what `deploy` would do."""
    from slipway.deploy import plan
    from slipway.deploy.facts import is_nothing
    from slipway.deploy.run import Deployer
    from slipway.deploy.settings import unsought

    deployment = session.deployment  # elsewhere than on an engine there is nothing to look at
    session.settings.looks_up = False
    session.check_secrets()
    session.settings.check()
    deployer = Deployer(session.checkout, session.environment, deployment, session.port_in_use())
    rows = [*plan.waits(deployment.releases.busy()), *plan.rows(facts := deployer.look(options), options)]
    rows += unsought(session.settings)
    return [*rows, *(() if is_nothing(facts, options) else of_hooks(session, options))]


def of_hooks(session: "Session", options: "Options") -> list[tuple[str, str]]:
    """Return what a plan says of hooks."""
    from slipway.deploy import hooks

    return hooks.rows(session.project, hooks.OF_DEPLOY, not options.no_hooks)


def carry_out(session: "Session", options: "Options", yes: bool, as_json: bool) -> None:
    """Have the settings ready, and deploy; raises Problem."""
    _ = session.deployment  # elsewhere than on an engine nothing is prepared
    session.check_secrets()
    session.settings.prepare()
    put_live(session, options, yes, as_json)


def put_live(session: "Session", options: "Options", yes: bool, as_json: bool) -> None:
    """Deploy, under the lock; what is live goes on until the new release has taken its place. Raises Problem."""
    from slipway.deploy import plan
    from slipway.deploy.attempt import Attempt
    from slipway.deploy.facts import is_nothing, leaves_backup_out
    from slipway.deploy.run import Deployer
    from slipway.verbs.screen import confirm, show, show_urls

    deployment = session.deployment
    deployer = Deployer(session.checkout, session.environment, deployment, session.port_in_use())
    facts = deployer.gather(options)
    rows = plan.rows(facts, options)
    for row in [*rows, *(() if is_nothing(facts, options) else of_hooks(session, options))]:
        session.steps.note(*row)
    entry = facts.now
    if not is_nothing(facts, options):
        what = f"Rotate {options.rotation.name} of" if options.rotation else f"Deploy {facts.reference} to"
        moves = ", and stop what runs on one engine" if facts.moves else ""
        without = ", and migrate without a backup" if leaves_backup_out(facts, options) else ""
        confirm(f"{what} {deployment.releases.deployment}{moves}{without}?", yes)
        attempt = Attempt(session.checkout, session.environment, deployment, not options.no_hooks)
        attempt.before(facts, options)
        session.remember()
        entry = attempt.follow(lambda: deployer.deploy(facts, options, attempt.begin))
    assert entry  # noqa: S101  (what is live is in the ledger)
    if as_json:
        show(entry.line().rstrip())
        return
    session.steps.note("live", f"{entry.image}, as {entry.release}")
    show_urls(session, deployer.port)
