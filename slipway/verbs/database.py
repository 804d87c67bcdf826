"""The verbs of the database: migrate, downgrade, revision, check, backup, restore, psql."""

from typing import TYPE_CHECKING

from invoke.context import Context

from slipway.verbs.options import EVERYWHERE, JSON, PROD, RUNTIME, YES, after_dashes
from slipway.verbs.verb import task

if TYPE_CHECKING:
    from collections.abc import Sequence

    from slipway.database.backups import Backup
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
    runtime: str = "",
    context: str = "",
    yes: bool = False,
) -> None:
    """Migrate the database in a one-off container or process."""
    from slipway.database import migrate as migrating
    from slipway.verbs import migrations
    from slipway.verbs.session import Turn, begin

    with begin("migrate", prod=prod, runtime=runtime, context=context, turn=Turn.ENVIRONMENT) as session:
        instead = {"plan": plan, "sql": sql, "drift": drift, "rehearse": rehearse}
        options = migrating.options(to, contract, instead, no_backup)
        if rehearse:
            migrations.rehearse(session, data, json)
            return
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
    runtime: str = "",
    context: str = "",
    yes: bool = False,
    json: bool = False,
) -> None:
    """Take migrations back; shows what that deletes, and asks."""
    from slipway.verbs import migrations
    from slipway.verbs.session import Turn, begin

    with begin("downgrade", prod=prod, runtime=runtime, context=context, turn=Turn.ENVIRONMENT) as session:
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
    runtime: str = "",
) -> None:
    """Make a migration in the working tree."""
    from slipway.database import revise
    from slipway.verbs.session import Turn, begin

    with begin("revision", prod=prod, runtime=runtime, turn=Turn.ENVIRONMENT) as session:
        wanted = revise.check(
            session.project, session.environment, message, autogenerate=autogenerate, empty=empty, phase=phase,
            merge=merge,
        )  # fmt: skip
        session.start_database()
        revise.make(session.checkout, session.environment, session.runtime, wanted)


@task(help=JSON | RUNTIME)
def check(_: Context, runtime: str = "", json: bool = False) -> None:
    """Check the migrations on a fresh database."""
    from slipway.verbs import migrations
    from slipway.verbs.session import Turn, begin

    with begin("check", runtime=runtime, turn=Turn.ENVIRONMENT) as session:
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
    runtime: str = "",
    context: str = "",
) -> None:
    """Back the database up, and read the backup back."""
    from json import dumps
    from pathlib import Path

    from slipway.database import store
    from slipway.verbs import screen
    from slipway.verbs.session import Turn, begin

    with begin("backup", prod=prod, runtime=runtime, context=context, turn=Turn.ENVIRONMENT) as session:
        session.start_database(image=False)
        place = session.runtime.backups
        if list:
            show_backups(session, store.stored(session.runtime), json)
            return
        target = Path(output) if output else None
        if target:
            store.check_target(target)
        name = store.make(session.checkout, session.runtime, target)
        screen.show(dumps({"place": place, "backup": name}) if json else name)


def show_backups(session: "Session", found: "Sequence[Backup]", as_json: bool) -> None:
    """Show the backups that there are."""
    from slipway.core.words import human
    from slipway.schema.words import in_environment
    from slipway.verbs import screen

    place = session.runtime.backups
    if as_json:
        screen.show_json({"place": place, "backups": [one.as_json() for one in found]})
    elif found:
        session.steps.say(f"  in {place}, in the order in which they were made")
        marks = ["  latest" if one is found[-1] else "" for one in found]
        lines = zip(found, marks, strict=True)
        screen.show_lines(f"{one.name:<40} {human(one.size):>10}{mark}" for one, mark in lines)
    else:
        none = f"  there is no backup in {place} yet. To make one: ./inv backup"
        session.steps.say(in_environment(none, session.environment.name))


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
    runtime: str = "",
    context: str = "",
    yes: bool = False,
) -> None:
    """Put a backup in the database's place; asks first."""
    from slipway.database import older, store
    from slipway.schema.words import in_environment
    from slipway.verbs import migrations, screen
    from slipway.verbs.session import Turn, begin

    with begin("restore", prod=prod, runtime=runtime, context=context, turn=Turn.ENVIRONMENT) as session:
        session.start_database(image=False)
        name = session.environment.name
        with store.to_restore(session.checkout, session.environment, session.runtime, backup, file) as wanted:
            for line in older.warnings(session.checkout, session.runtime, wanted.backup):
                session.steps.note("older", in_environment(line, name))
            question = f"Replace the {name} database {wanted.database} by {wanted.shown}? It stays as {wanted.kept}."
            screen.confirm(question, yes)
            store.restore(session.checkout, session.environment, session.runtime, wanted)
            session.steps.note("kept", f"what was there is the database {wanted.kept}. Once nobody misses it:")
            session.steps.note("", in_environment(f"./inv psql -- -c 'DROP DATABASE \"{wanted.kept}\"'", name))
            for title, text in migrations.after_restore(session):
                session.steps.note(title, in_environment(text, name))


@task(
    help=EVERYWHERE | {"command": "run this SQL and end, as psql's own -c; may be repeated"},
    iterable=["command"],
    passes="psql",
)
def psql(
    _: Context,
    command: "Sequence[str] | None" = None,
    prod: bool = False,
    runtime: str = "",
    context: str = "",
) -> None:
    """Open psql on the database; what follows `--` goes to psql.

    Nothing is hidden in what it prints.
    """
    from slipway.runtime import Job, Where
    from slipway.verbs.session import begin

    sql = [word for one in command or [] for word in ("--command", one)]
    with begin("psql", prod=prod, runtime=runtime, context=context, quietly=True) as session:
        session.check_secrets()
        session.runtime.become(Job(["psql", *sql, *after_dashes()], Where.DATABASE))
