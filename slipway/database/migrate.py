"""Migrating the database: what is pending, what of it is applied, what is taken back."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from slipway.core.errors import Problem
from slipway.database import lint, schema, store, superuser
from slipway.database.findings import Finding
from slipway.database.schema import Request
from slipway.project import revisions
from slipway.project.checkout import Checkout
from slipway.runtime import LiveRelease, Runtime
from slipway.runtime.environment import Environment
from slipway.schema import NO_SCRATCH, NOT_YET
from slipway.schema.answers import Downgraded, Drift, Plan, State, Undo, Upgraded


@dataclass(frozen=True)
class Options:
    """What was asked for: the last revision ("" for the newest), and whether contract revisions are applied too.

    With `no_backup`, none is made before in production.
    """

    to: str = ""
    contract: bool = False
    no_backup: bool = False


NEWEST = Options()
WITHOUT = "To go on without one, and with no way back: the same with --no-backup"


@dataclass(frozen=True)
class Migrated(Upgraded):
    """What was applied, and the name of the backup that was made before, or None.

    `without_backup` tells that one was left out, as was asked for.
    """

    backup: str | None = None
    without_backup: bool = False

    @property
    def noted(self) -> dict[str, Any]:
        """What the ledger says of it."""
        revisions = tuple(one.revision for one in self.applied)
        return {"migrated": revisions, "backup": self.backup or "", "without_backup": self.without_backup}


@dataclass(frozen=True)
class TakenBack(Downgraded):
    """What was taken back, and the backup that was made before; see `Migrated`."""

    backup: str | None = None
    without_backup: bool = False


def options(
    to: str, contract: bool, instead: Mapping[str, bool], no_backup: bool = False, data: bool = False
) -> Options:
    """Return what was asked for; raises Problem when it doesn't go together.

    `instead` are the options that say what to do instead of applying; `data` goes with one of them.
    """
    asked = [f"--{name}" for name, wanted in instead.items() if wanted]
    if len(asked) > 1:
        raise Problem(f"{' and '.join(asked)} exclude each other.")
    if data and asked != ["--rehearse"]:
        raise Problem("--data goes with --rehearse: ./inv migrate --rehearse --data")
    if (to or contract) and asked and asked[0] in ("--drift", "--rehearse"):
        raise Problem(f"{asked[0]} takes neither --to nor --contract.")
    if no_backup and asked:
        raise Problem(f"{asked[0]} changes nothing, and makes no backup: leave --no-backup out.")
    return Options(to, contract, no_backup)


def apply(checkout: Checkout, environment: Environment, runtime: Runtime, options: Options = NEWEST) -> Migrated:
    """Apply what is pending and may be applied.

    In production: nothing that the linter refuses while a release is live, and a backup first. Raises Problem.
    """
    schema.need_migrations(checkout.project)
    superuser.prepare(checkout, environment, runtime)
    request, steps = requested(checkout, environment, runtime, options), checkout.steps
    saved: dict[str, Any] = {}
    if not environment.is_dev:
        state = schema.state(environment, runtime, request, schema.MIGRATION_FAILED)
        if not state.apply and not state.refused:
            nothing = Migrated(state.at, state.at, waiting=state.waiting)
            steps.note("migrate", summary(nothing))
            return nothing
        if state.apply:
            if request.live:
                _refuse_findings(checkout, environment, runtime, request, state.apply)
            if state.sizes:  # there is something to lose
                saved = _saved(checkout, runtime, options.no_backup)
    with steps.step("migrate") as step:
        try:
            done = schema.upgrade(environment, runtime, request)
        except Problem as problem:
            if problem.code == NOT_YET:
                raise Problem("What is left has to wait (see above).", NOT_YET) from None
            raise
        step.detail = summary(done)
    _say_what_is_lost(checkout, request.live, done)
    return Migrated(**vars(done), **saved)


def requested(checkout: Checkout, environment: Environment, runtime: Runtime, options: Options = NEWEST) -> Request:
    """Return what slipway.schema is asked for, beside the releases that are live."""
    return Request(checkout.project.wait, options.to, live(environment, runtime), options.contract)


def live(environment: Environment, runtime: Runtime) -> tuple[LiveRelease, ...]:
    """Return the releases whose needs count.

    In development there is none: what runs there is this tree.
    """
    return () if environment.is_dev else tuple(runtime.service.live())


def summary(done: Upgraded) -> str:
    """Say in a line what was done."""
    at = ", ".join(done.to) or "no revisions"
    if not done.applied:
        return f"at {at}, {', '.join(done.waiting)} waits" if done.waiting else f"at head, {at}"
    return f"at {at}: {len(done.applied)} applied"


def state(checkout: Checkout, environment: Environment, runtime: Runtime) -> State:
    """Return where the database is, and what is pending for the image in use; raises Problem."""
    return schema.state(environment, runtime, requested(checkout, environment, runtime))


def sql(checkout: Checkout, environment: Environment, runtime: Runtime, options: Options) -> str:
    """Return the SQL of the pending revisions; raises Problem."""
    schema.need_migrations(checkout.project)
    return schema.sql(environment, runtime, requested(checkout, environment, runtime, options))


def plan(
    checkout: Checkout, environment: Environment, runtime: Runtime, options: Options
) -> tuple[Plan, list[Finding]]:
    """Return the pending revisions, what they run and lock, and what is wrong with them; raises Problem."""
    schema.need_migrations(checkout.project)
    found = schema.plan(environment, runtime, requested(checkout, environment, runtime, options))
    return found, lint.lint(checkout.shell, found.trials)


def drift(checkout: Checkout, environment: Environment, runtime: Runtime) -> Drift:
    """Return how the database differs from what its revisions make; raises Problem."""
    schema.need_migrations(checkout.project)
    return schema.drift(environment, runtime)


def need_target(to: str) -> None:
    """Raise Problem where nobody said to which revision."""
    if not to:
        raise Problem("Back to which revision? ./inv downgrade --to REVISION, or --to base")


def undo(checkout: Checkout, environment: Environment, runtime: Runtime, to: str) -> Undo:
    """Return what going back to a revision takes back.

    Raises Problem when that is nothing, or when a live release needs it.
    """
    need_target(to)
    schema.need_migrations(checkout.project)
    found = schema.undo(environment, runtime, to)
    if not found.undone:
        raise Problem(f"The database is at {', '.join(found.at) or 'no revisions'}: there is nothing to take back.")
    _refuse_what_is_needed(checkout, live(environment, runtime), [one.id for one in found.undone])
    return found


def downgrade(
    checkout: Checkout, environment: Environment, runtime: Runtime, to: str, no_backup: bool = False
) -> TakenBack:
    """Go back to a revision, in production with a backup first unless none is wanted; raises Problem."""
    saved = {} if environment.is_dev else _saved(checkout, runtime, no_backup)
    with checkout.steps.step("downgrade") as step:
        done = schema.downgrade(environment, runtime, to)
        step.detail = f"at {', '.join(done.to) or 'no revisions'}"
    return TakenBack(**vars(done), **saved)


def _saved(checkout: Checkout, runtime: Runtime, no_backup: bool) -> dict[str, Any]:
    # What is said of the backup, which is made.
    if no_backup:
        checkout.steps.note("backup", "none, as --no-backup says")
        return {"without_backup": True}
    try:
        return {"backup": store.make(checkout, runtime)}
    except Problem as problem:
        problem.message = f"{problem.message}\n{WITHOUT}"
        raise


def _say_what_is_lost(checkout: Checkout, running: Sequence[LiveRelease], done: Upgraded) -> None:
    taken = [one.revision for one in done.applied if one.phase == "contract"]
    before = sorted({release.previous for release in running if release.previous})
    if taken and running:
        named = f" ({', '.join(before)})" if before else ""
        checkout.steps.note("from now", f"a release without {', '.join(taken)}{named} cannot be rolled back to")


def _refuse_findings(
    checkout: Checkout, environment: Environment, runtime: Runtime, request: Request, applied: Sequence[str]
) -> None:
    with checkout.steps.step("lint") as step:
        try:
            found = schema.plan(environment, runtime, request)
        except Problem as problem:
            if problem.code != NO_SCRATCH:
                raise
            step.detail = "not tried on a scratch database (see above): trust is in `inv check`"
            return
        trials = [one for one in found.trials if one.revision in applied]
        if findings := lint.lint(checkout.shell, trials):
            checkout.steps.say("\n".join(one.line for one in findings))
            names = " and ".join(release.name for release in request.live)
            raise Problem(
                f"{names} is live, and these would harm it. Nothing was applied. What is left to mend: ./inv check"
            )
        step.detail = f"{len(trials)} tried on a scratch database: harmless to what is live"


def _refuse_what_is_needed(checkout: Checkout, running: Sequence[LiveRelease], undone: Sequence[str]) -> None:
    for release in running:
        heads = release.heads.split(",")
        known = revisions.known(checkout.project, heads)
        if not known.issuperset(heads):
            raise Problem(
                f"{release.name} is live, and which revisions it needs cannot be told from this tree. Take them back "
                "from the tree that it was built from."
            )
        if needed := [one for one in undone if one in known]:
            raise Problem(
                f"{release.name} is live and needs {', '.join(needed)}. Replace it by a release that doesn't, or stop "
                "it: ./inv down"
            )
