"""What the verbs of backups do and show."""

from slipway.core.errors import Problem
from slipway.core.words import human
from slipway.database import older, store
from slipway.database.backups import Backup
from slipway.schema.words import in_environment
from slipway.verbs import migrations, screen, there
from slipway.verbs.session import Session


def show(session: Session, as_json: bool) -> None:
    """Show the backups that there are."""
    place, found = session.runtime.backups, stored(session)
    if as_json:
        screen.show_json({"place": place, "backups": [one.as_json() for one in found]})
    elif found:
        session.steps.say(f"  in {place}, in the order in which they were made")
        marks = ["  latest" if one is found[-1] else "" for one in found]
        width = max(len(one.name) for one in found)
        lines = zip(found, marks, strict=True)
        screen.show_lines(f"{one.name:<{width}} {human(one.size):>10}{mark}" for one, mark in lines)
    else:
        none = f"  there is no backup in {place} yet. To make one: ./inv backup"
        session.steps.say(in_environment(none, session.environment.name))


def asked(session: Session) -> None:
    """Raise Problem for a service that has no database."""
    there.need_any_database(session.settings)


def stored(session: Session) -> list[Backup]:
    """Return the backups that there are; where there is no place for them yet, none is made."""
    if not session.runtime.kept():
        return []
    session.check_secrets()
    session.settings.check()
    return store.stored(session.runtime)


def to_make(session: Session, copied: bool) -> None:
    """Raise Problem where there is no database yet, or no backup could be `copied` to this machine: none is made."""
    migrations.need_database(session)
    if copied:
        _need_copies(session)


def to_restore(session: Session, name: str, file: str) -> None:
    """Raise Problem where there is no such backup, or no file of this machine could become one: nothing is started."""
    if file:
        _need_copies(session)
    else:
        need(session, name)


def _need_copies(session: Session) -> None:
    if why := session.runtime.no_copies:
        raise Problem(in_environment(why, session.environment.name))


def need(session: Session, name: str) -> None:
    """Raise Problem where there is no backup of this name, none at all for "": no database is made then."""
    if not stored(session):
        raise Problem(store.none(session.runtime))
    store.find(session.runtime, name)


def restore(session: Session, name: str, file: str, yes: bool) -> None:
    """Put a backup in the database's place, once that was agreed to; raises Problem."""
    checkout, environment, runtime = session.checkout, session.environment, session.runtime
    session.start_database(image=False)
    with store.to_restore(checkout, environment, runtime, name, file) as wanted:
        for line in older.warnings(checkout, runtime, wanted.backup):
            session.steps.note("older", in_environment(line, environment.name))
        question = f"Replace the {environment.name} database {wanted.database} by {wanted.shown}?"
        screen.confirm(f"{question} It stays as {wanted.kept}.", yes)
        store.restore(checkout, environment, runtime, wanted)
        session.steps.note("kept", f"what was there is the database {wanted.kept}. Once nobody misses it:")
        drop = f"./inv psql -- -c 'DROP DATABASE \"{wanted.kept}\"'"
        session.steps.note("", in_environment(drop, environment.name))
        for title, text in migrations.after_restore(session):
            session.steps.note(title, in_environment(text, environment.name))
