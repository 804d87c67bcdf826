"""What the verbs of the schema do and show: plans, drift, what is deleted, how a rehearsal went."""

import contextlib
from collections.abc import Iterator, Sequence

from slipway.core.caller import who
from slipway.core.errors import Problem
from slipway.core.words import human
from slipway.database import after
from slipway.database import check as checking
from slipway.database import migrate as migrating
from slipway.database import rehearse as rehearsing
from slipway.database.findings import Finding
from slipway.database.migrate import Options
from slipway.database.schema import NO_MIGRATIONS, need_migrations, then
from slipway.database.stage import Outcome
from slipway.deploy import ledger
from slipway.runtime import Runtime
from slipway.schema.answers import Change, Loss, Plan, Size, State, Trial, Undo, Upgraded
from slipway.schema.protocol import as_json
from slipway.verbs import screen, there
from slipway.verbs.session import Session

STRONG = ("ShareLock", "ShareRowExclusiveLock", "ExclusiveLock", "AccessExclusiveLock")
DRIFT = {"added": "only here", "dropped": "missing", "changed": "differs"}


def need_database(session: Session) -> None:
    """Raise Problem where there is no database yet."""
    there.need_database(session.settings, session.runtime)


def need_deployed(session: Session) -> None:
    """Raise Problem where there is no database in production yet: a first deployment migrates the one that it makes."""
    if not session.environment.is_dev and session.project.migrations:
        need_database(session)


def migrate(session: Session, options: Options, yes: bool, json: bool) -> None:
    """Apply what is pending and may be applied, and say what was done; without a backup, it is asked first."""
    done: dict[str, object] = {"applied": []}
    if session.project.migrations and options.no_backup and not session.environment.is_dev:
        screen.confirm(f"Migrate {session.environment.name} without a backup? What it loses then is lost.", yes)
    with then("migrate"):
        if session.project.migrations:
            migrated = migrating.apply(session.checkout, session.environment, session.runtime, options)
            if migrated.without_backup and session.is_deployed:
                note(session, migrated)
            done = as_json(migrated)
        else:
            session.steps.note("nothing", NO_MIGRATIONS)
        after.run(session.checkout, session.environment, session.runtime, session.project.hooks.after_migrate)
    if json:
        screen.show_json({"environment": session.environment.name, **done})


def note(session: Session, done: migrating.Migrated) -> None:
    """Let the ledger have a migration that was made without a backup, where a release is live."""
    releases = session.deployment.releases
    remembered = releases.remembered()
    if live := ledger.of_release(ledger.parse(remembered.ledger), remembered.pointer.release):
        releases.record(ledger.migrated(live, done.noted, who()).line())


def sql(session: Session, options: Options) -> None:
    """Print the SQL of the pending revisions."""
    screen.show_source(migrating.sql(session.checkout, session.environment, session.runtime, options))


def plan(session: Session, options: Options, json: bool) -> None:
    """Print the pending revisions: what they run, lock and risk."""
    found, findings = migrating.plan(session.checkout, session.environment, session.runtime, options)
    if json:
        screen.show_json({**as_json(found), "findings": [one.as_json() for one in findings]})
    else:
        screen.show_lines(described(found, findings))


def drift(session: Session, json: bool) -> None:
    """Print how the database differs from what its revisions make; raises Problem when it does."""
    found = migrating.drift(session.checkout, session.environment, session.runtime)
    at = ", ".join(found.at) or "no revisions"
    if json:
        screen.show_json(as_json(found))
    else:
        screen.show_lines(line for one in found.changes for line in differs(one))
    if found.changes:
        raise Problem(
            f"The database differs from the revisions up to {at}: {len(found.changes)} of its parts. Write what "
            'is wanted into a revision (./inv revision --message "..."), and take back the rest.'
        )
    session.steps.note("no drift", f"the database is what the revisions up to {at} make")


def downgrade(session: Session, to: str, no_backup: bool, yes: bool, json: bool) -> None:
    """Take revisions back, once what that deletes was shown and agreed to."""
    checkout, environment, runtime = session.checkout, session.environment, session.runtime
    found = migrating.undo(checkout, environment, runtime, to)
    for one in found.undone:
        session.steps.say(f"\n-- {one.id} taken back: {one.message}\n{one.sql}")
    for line in deletes(found):
        session.steps.note("deletes", line)
    without = ", without a backup" if no_backup and not environment.is_dev else ""
    screen.confirm(f"Take back {', '.join(one.id for one in found.undone)} in {environment.name}{without}?", yes)
    done = migrating.downgrade(checkout, environment, runtime, to, no_backup)
    if json:
        screen.show_json({"environment": environment.name, **as_json(done)})


def check(session: Session, json: bool) -> None:
    """Check the migrations on a fresh database; print what is wrong, and raise Problem when something is."""
    need_migrations(session.project)
    with session.steps.step("check") as step:
        result = checking.check(session.checkout, session.environment, session.runtime)
        step.detail = result.line
        if json:
            screen.show_json({"findings": [one.as_json() for one in result.findings]})
        elif result.findings:
            session.steps.say("\n".join(one.line for one in result.findings))
        if result.findings:
            way = ', or ignore one with a reason, in its revision: ignores = {"RULE": "why it does no harm"}'
            offered = way if any(one.can_be_ignored for one in result.findings) else ""
            each = "it" if len(result.findings) == 1 else "them"
            raise Problem(f"{len(result.findings)} found in the migrations. Fix {each}{offered}. Then run: ./inv check")


def rehearse(session: Session, data: bool, json: bool) -> None:
    """Migrate a copy, and run this and the previous release on it.

    Raises Problem when a release breaks on a schema on which a deploy would let it run.
    """

    def source() -> Runtime:
        session.start_database(image=False)
        return session.runtime

    outcomes = rehearsing.rehearse(session.checkout, session.environment, source if data else None)
    if json:
        screen.show_json({"outcomes": [one.as_json() for one in outcomes]})
    else:
        screen.show_lines(screen.table([*map(ended, outcomes)]))
    if broken := [one for one in outcomes if one.broke]:
        listed = " and ".join(f"{one.release} breaks on {one.schema}" for one in broken)
        raise Problem(f"{listed} (see above). docs/migrations.md has the ways to change a schema under a release.")


def after_restore(session: Session) -> list[tuple[str, str]]:
    """Return what is said of the schema that a backup has brought, by a release that is at hand."""
    if not session.project.migrations:
        return []
    state, of = None, None
    with contextlib.suppress(Problem):  # the data is there, and how to go on is said without it
        of = have_release(session)
        if of is not None:
            state = migrating.state(session.checkout, session.environment, session.runtime)
    return [restored(state, of or "")]


def have_release(session: Session) -> str | None:
    """Let jobs run in the live release's image, and return it; "" where it is this tree, None where none is at hand."""
    if session.is_deployed and (live := session.deployment.releases.live()):
        if not session.deployment.releases.images.find(live.image_id):
            return None
        session.deployment.use(live.image_id)
        return live.image
    return "" if session.runtime.service.is_prepared() else None


# Lines


def restored(state: State | None, of: str) -> tuple[str, str]:
    """Return the line about a restored database: how it is (None: that cannot be told) for the live release, or "".

    What comes next is named only when something does.
    """
    if not state:
        return "next", "./inv migrate, when the backup is older than this release"
    live = f" for {of}, which is live" if of else ""
    if state.apply or state.refused:
        return "next", f"./inv migrate: {', '.join(one.id for one in state.pending)} pending{live}"
    told = migrating.summary(Upgraded(state.at, state.at, waiting=state.waiting))
    return "schema", f"is current{live}: {told}"


def described(found: Plan, findings: Sequence[Finding]) -> list[str]:
    """Return the lines that show a plan."""
    at = ", ".join(found.at) or "no revisions"
    if not found.pending:
        return [f"at {at}: nothing is pending"]
    lines = [f"at {at}: {len(found.pending)} pending"]
    for trial in found.trials:
        now = "" if trial.revision in found.apply else "  (not now)"
        lines += ["", f"{trial.revision}  {trial.phase or 'no phase'}  {trial.message}{now}", *_ran(trial, found.sizes)]
        lines += [f"    {one.rule}: {one.text}" for one in findings if one.revision == trial.revision]
    if found.refused:
        lines += ["", found.refused]
    return lines


def differs(change: Change) -> Iterator[str]:
    """Yield the lines that show a part that has drifted."""
    yield f"{DRIFT[change.what]:<10} {change.kind} {change.name}"
    if change.before:
        yield f"             in the revisions: {change.before}"
    if change.after:
        yield f"             in the database:  {change.after}"


def deletes(found: Undo) -> list[str]:
    """Return what going back deletes, a line each."""
    if found.lost is None:
        return ["what the SQL says: the login may not create a scratch database to find out"]
    return [_deleted(one) for one in found.lost] or ["no table and no column"]


def ended(outcome: Outcome) -> tuple[str, str, str]:
    """Return the row that shows how a release's tests ended."""
    after = "" if outcome.passed or outcome.needed else "; it has to be gone by then, and cannot be rolled back to"
    how = "works" if outcome.passed else "breaks"
    return outcome.release, outcome.schema, f"{how}: {outcome.said}{after}"


def _ran(trial: Trial, sizes: dict[str, Size]) -> Iterator[str]:
    for statement in trial.statements:
        yield f"    {' '.join(statement.sql.split())};"
        for table, mode in statement.locks.items():
            yield f"      {_lock(mode)} on {table}{_size(sizes.get(table))}"
    for table in trial.rewrites:
        yield f"      writes {table} anew{_size(sizes.get(table))}"


def _deleted(lost: Loss) -> str:
    rows = "a number of" if lost.rows is None else f"{lost.rows:,}"
    return f"the {lost.kind} {lost.name}, {rows} {'rows' if lost.kind == 'table' else 'rows with a value'}"


def _lock(mode: str) -> str:
    spaced = "".join(f" {letter}" if letter.isupper() else letter for letter in mode.removesuffix("Lock"))
    words = spaced.upper().strip()
    return words if mode in STRONG else words.lower()


def _size(size: Size | None) -> str:
    if not size:
        return ""
    rows = f"about {size.rows:,} rows, " if size.rows >= 0 else ""
    return f" ({rows}{human(size.bytes)})"
