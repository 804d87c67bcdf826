"""The verbs of the database: migrate, downgrade, revision, check, backup, restore, psql."""

from typing import TYPE_CHECKING

from invoke.context import Context

from slipway.verbs.options import EVERYWHERE, JSON, PROD, RUNTIME, YES, after_dashes
from slipway.verbs.verb import task

if TYPE_CHECKING:
    from collections.abc import Sequence

    from slipway.verbs.session import Session


@task(
    help=EVERYWHERE
    | YES
    | {
        "to": "the last revision to apply (default: the newest)",
        "contract": "also what takes something away, once no release needs it",
        "no-backup": "make no backup before, in production: what goes wrong then cannot be taken back",
        "plan": "show what is pending, its SQL, locks and risks; change nothing",
        "sql": "print the SQL of what is pending, and change nothing",
        "drift": "compare the database with what its revisions make",
        "rehearse": "migrate a copy, and run this and the previous release on it",
        "data": "with --rehearse: on a copy of this environment's data",
    }
    | JSON
)
def migrate(
    _: Context,
    to: str = "",
    contract: bool = False,
    no_backup: bool = False,
    plan: bool = False,
    sql: bool = False,
    drift: bool = False,
    rehearse: bool = False,
    data: bool = False,
    json: bool = False,
    prod: bool = False,
    env: str = "",
    runtime: str = "",
    context: str = "",
    yes: bool = False,
) -> None:
    """Migrate the database in a one-off container or process."""
    from slipway.database import migrate as migrating
    from slipway.verbs import migrations
    from slipway.verbs.session import Turn, begin

    instead = {"plan": plan, "sql": sql, "drift": drift, "rehearse": rehearse}
    options = migrating.options(to, contract, instead, no_backup, data)
    asked = need_migrations if any(instead.values()) else None
    needs, turn = migrations.need_deployed if data or not rehearse else None, Turn.ENVIRONMENT
    with begin("migrate", prod, env, runtime=runtime, context=context, turn=turn, asked=asked, needs=needs) as session:
        if rehearse:
            migrations.rehearse(session, data, json)
            return
        if session.project.migrations or session.project.hooks.after_migrate:
            session.start_database()
        if plan:
            migrations.plan(session, options, json)
        elif sql:
            migrations.sql(session, options)
        elif drift:
            migrations.drift(session, json)
        else:
            migrations.migrate(session, options, yes, json)


@task(
    help=EVERYWHERE
    | YES
    | {"to": "the revision to go back to, or base", "no-backup": "make no backup before, in production"}
    | JSON
)
def downgrade(
    _: Context,
    to: str = "",
    no_backup: bool = False,
    prod: bool = False,
    env: str = "",
    runtime: str = "",
    context: str = "",
    yes: bool = False,
    json: bool = False,
) -> None:
    """Take migrations back; shows what that deletes, and asks."""
    from slipway.database.migrate import need_target
    from slipway.verbs import migrations
    from slipway.verbs.session import Turn, begin

    need_target(to)
    asked, needs, turn = need_migrations, migrations.need_database, Turn.ENVIRONMENT
    with begin(
        "downgrade", prod, env, runtime=runtime, context=context, turn=turn, asked=asked, needs=needs
    ) as session:
        session.start_database()
        migrations.downgrade(session, to, no_backup, yes, json)


@task(
    help=PROD
    | RUNTIME
    | {
        "message": "what the migration does",
        "autogenerate": "from the difference of models and database; the default",
        "empty": "with nothing in it",
        "phase": "expand (only adds) or contract (takes something away)",
        "merge": "join the newest revisions of two lines of work",
    }
)
def revision(
    _: Context,
    message: str = "",
    autogenerate: bool = False,
    empty: bool = False,
    phase: str = "",
    merge: bool = False,
    prod: bool = False,
    env: str = "",
    runtime: str = "",
) -> None:
    """Make a migration in the working tree."""
    from slipway.database import revise
    from slipway.verbs.session import Session, Turn, begin

    def asked(session: Session) -> revise.Wanted:
        given = {"autogenerate": autogenerate, "empty": empty, "merge": merge}
        return revise.check(session.project, session.environment, message, phase=phase, **given)

    with begin("revision", prod, env, runtime=runtime, turn=Turn.ENVIRONMENT, asked=asked) as session:
        session.start_database()
        revise.make(session.checkout, session.environment, session.runtime, asked(session))


@task(help=JSON | RUNTIME)
def check(_: Context, runtime: str = "", json: bool = False) -> None:
    """Check the migrations on a fresh database."""
    from slipway.verbs import migrations
    from slipway.verbs.session import Turn, begin

    with begin("check", runtime=runtime, turn=Turn.ENVIRONMENT, asked=need_migrations) as session:
        session.start_database()
        migrations.check(session, json)


@task(
    help=EVERYWHERE | {"list": "list the backups, the oldest first", "output": "write a copy to this file too"} | JSON
)
def backup(
    _: Context,
    list: bool = False,
    output: str = "",
    json: bool = False,
    prod: bool = False,
    env: str = "",
    runtime: str = "",
    context: str = "",
) -> None:
    """Back the database up, and read the backup back."""
    from functools import partial
    from json import dumps
    from pathlib import Path

    from slipway.core.errors import Problem
    from slipway.database import store
    from slipway.verbs import backups, screen
    from slipway.verbs.session import Turn, begin

    target = Path(output) if output else None
    if list and target:
        raise Problem("--list and --output exclude each other.")
    if target:
        store.check_target(target)
    turn, needs = (Turn.NOBODY, None) if list else (Turn.ENVIRONMENT, partial(backups.to_make, copied=bool(target)))
    with begin(
        "backup", prod, env, runtime=runtime, context=context, turn=turn, asked=backups.asked, needs=needs
    ) as session:
        if list:
            backups.show(session, json)
            return
        session.start_database(image=False)
        place = session.runtime.backups
        name = store.make(session.checkout, session.runtime, target)
        screen.show(dumps({"place": place, "backup": name}) if json else name)


@task(
    help=EVERYWHERE
    | YES
    | {"backup": "its name (default: the latest)", "file": "a file instead, of inv backup --output"}
)
def restore(
    _: Context,
    backup: str = "",
    file: str = "",
    prod: bool = False,
    env: str = "",
    runtime: str = "",
    context: str = "",
    yes: bool = False,
) -> None:
    """Put a backup in the database's place; asks first."""
    from functools import partial

    from slipway.database.store import check_source
    from slipway.verbs import backups
    from slipway.verbs.session import Turn, begin

    check_source(backup, file)
    turn, asked, needs = Turn.ENVIRONMENT, backups.asked, partial(backups.to_restore, name=backup, file=file)
    with begin("restore", prod, env, runtime=runtime, context=context, turn=turn, asked=asked, needs=needs) as session:
        backups.restore(session, backup, file, yes)


@task(
    help=EVERYWHERE | {"command": "run this SQL and end, as psql's own -c; may be repeated"},
    iterable=["command"],
    passes="psql",
)
def psql(
    _: Context,
    command: "Sequence[str] | None" = None,
    prod: bool = False,
    env: str = "",
    runtime: str = "",
    context: str = "",
) -> None:
    """Open psql on the database; what follows `--` goes to psql.

    Nothing is hidden in what it prints.
    """
    from slipway.runtime import Job, Where
    from slipway.verbs.session import begin

    sql = [word for one in command or [] for word in ("--command", one)]
    with begin("psql", prod, env, runtime=runtime, context=context, quietly=True) as session:
        session.check_secrets()
        session.runtime.become(Job(["psql", *sql, *after_dashes()], Where.DATABASE))


def need_migrations(session: "Session") -> None:
    """Raise Problem in a project without migrations."""
    from slipway.database import schema

    schema.need_migrations(session.project)
