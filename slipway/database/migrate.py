"""`inv migrate`: gather, decide, show, back up, apply."""

import json
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from slipway.core.errors import MIGRATION_FAILED, NO_MIGRATIONS, Problem
from slipway.database import backups
from slipway.database import lint as linting
from slipway.project import revisions as migrations
from slipway.project.revisions import Live
from slipway.schema import NO_SCRATCH, NOT_YET
from slipway.verbs.session import Lifecycle

STRONG = ("ShareLock", "ShareRowExclusiveLock", "ExclusiveLock", "AccessExclusiveLock")
SEE_ABOVE = "That could not be told (see above)."


@dataclass(frozen=True)
class Options:
    """What was asked for: the last revision (""), and whether what takes something away is applied too."""

    to: str = ""
    contract: bool = False


def options(to: str, contract: bool, instead: Mapping[str, bool]) -> Options:
    """Return what was asked for; raises Problem when it doesn't go together.

    `instead` are the options that say what to do instead of applying.
    """
    asked = [f"--{name}" for name, wanted in instead.items() if wanted]
    if len(asked) > 1:
        raise Problem(f"{' and '.join(asked)} exclude each other.")
    if (to or contract) and asked and asked[0] in ("--drift", "--rehearse"):
        raise Problem(f"{asked[0]} takes neither --to nor --contract.")
    return Options(to, contract)


def migrate(here: Lifecycle, options: Options, as_json: bool) -> None:
    """Apply what is pending and may be applied, and say what was done; raises Problem."""
    if not here.project.migrations:
        here.steps.say(f"  nothing    {NO_MIGRATIONS}")
    done = apply(here, options) if here.project.migrations else {"environment": here.environment, "applied": []}
    if as_json:
        sys.stdout.write(json.dumps(done, indent=2) + "\n")


def up_to_date(here: Lifecycle) -> None:
    """Bring the schema up to date on the way to something else; nothing without migrations."""
    if here.project.migrations:
        apply(here, Options())


def apply(here: Lifecycle, options: Options) -> dict[str, Any]:
    """Apply what is pending and may be applied; return what was done.

    In production: nothing that the linter refuses while a release is live, and a backup first. Raises Problem.
    """
    check(here)
    asked = _asked(here, options)
    backup = None
    if here.environment == "prod":
        state = ask(here, "state", *asked, failed=MIGRATION_FAILED)
        if not state["apply"] and not state["refused"]:
            nothing = {"from": state["at"], "to": state["at"], "applied": [], "waiting": state["waiting"]}
            here.steps.say(f"  migrate    {summary(nothing)}")
            return {"environment": here.environment, **nothing, "backup": None}
        if state["apply"]:
            if live(here):
                _refuse_findings(here, options, state["apply"])
            if state["sizes"]:  # there is something to lose
                backup = backups.make(here)
    with here.steps.step("migrate") as step:
        try:
            done = ask(here, "upgrade", *asked, failed=MIGRATION_FAILED)
        except Problem as problem:
            if problem.code == NOT_YET:
                raise Problem("What is left has to wait (see above).", NOT_YET) from None
            raise
        step.detail = summary(done)
    _say_what_is_lost(here, done)
    return {"environment": here.environment, **done, "backup": backup}


def summary(done: dict[str, Any]) -> str:
    """Say in a line what was done."""
    at = ", ".join(done["to"]) or "no revisions"
    if not done["applied"]:
        return f"at {at}, {', '.join(done['waiting'])} waits" if done["waiting"] else f"at head, {at}"
    names = [one["revision"] for one in done["applied"]]
    return f"at {at}: {len(names)} applied"


def ask(here: Lifecycle, command: str, *args: str, failed: str) -> dict[str, Any]:
    """Return what a command of slipway.schema found, where the service runs.

    Raises Problem with `failed` when it fails, or ends without an answer (a revision may end the process).
    """
    said = here.runtime.schema(command, *args, "--json", failed=failed)
    try:
        return dict(json.loads(said))
    except ValueError:
        raise Problem(f"It ended without an answer. {failed}") from None


def state(here: Lifecycle) -> dict[str, Any]:
    """Return where the database is, and what is pending for the image in use."""
    return ask(here, "state", *_asked(here, Options()), failed=SEE_ABOVE)


def known_to(here: Lifecycle, release: Live) -> dict[str, Any]:
    """Return how a release stands to the database, as far as the image in use `can_tell`.

    That has to know what the release knows and where the database is, `at`. `lost` are the applied revisions that took
    something away and that the release doesn't know, `missing` those that it needs and that are not applied.
    """
    return ask(here, "known", "--live", f"{release.name}={release.heads}", failed=SEE_ABOVE)


def live(here: Lifecycle) -> list[Live]:
    """Return the releases whose needs count.

    In development there is none: what runs there is this tree.
    """
    return here.runtime.live() if here.environment == "prod" else []


def sql(here: Lifecycle, options: Options) -> None:
    """Print the SQL of the pending revisions."""
    check(here)
    sys.stdout.write(here.runtime.schema("sql", *_asked(here, options), failed=SEE_ABOVE) + "\n")


def plan(here: Lifecycle, options: Options, as_json: bool) -> None:
    """Print the pending revisions: what they run, lock and risk."""
    check(here)
    facts = ask(here, "plan", *_asked(here, options), failed=SEE_ABOVE)
    findings = linting.lint(here, facts["trials"])
    if as_json:
        sys.stdout.write(json.dumps({**facts, "findings": [one.as_json() for one in findings]}, indent=2) + "\n")
    else:
        sys.stdout.write("\n".join(described(facts, findings)) + "\n")


def described(facts: dict[str, Any], findings: Sequence[linting.Finding]) -> list[str]:
    """Return the lines that show a plan.

    Takes what `slipway.schema plan` found, and the linter's findings.
    """
    at = ", ".join(facts["at"]) or "no revisions"
    if not facts["pending"]:
        return [f"at {at}: nothing is pending"]
    lines = [f"at {at}: {len(facts['pending'])} pending"]
    for trial in facts["trials"]:
        now = "" if trial["revision"] in facts["apply"] else "  (not now)"
        lines += ["", f"{trial['revision']}  {trial['phase'] or 'no phase'}  {trial['message']}{now}"]
        for statement in trial["statements"]:
            lines.append(f"    {' '.join(statement['sql'].split())};")
            for table, mode in statement["locks"].items():
                lines.append(f"      {_lock(mode)} on {table}{_size(facts['sizes'].get(table))}")
        lines += [f"      writes {table} anew{_size(facts['sizes'].get(table))}" for table in trial["rewrites"]]
        lines += [f"    {one.rule}: {one.text}" for one in findings if one.revision == trial["revision"]]
    if facts["refused"]:
        lines += ["", facts["refused"]]
    return lines


def drift(here: Lifecycle, as_json: bool) -> None:
    """Print how the database differs from what its revisions make.

    Raises Problem when it does.
    """
    check(here)
    found = ask(here, "drift", failed=SEE_ABOVE)
    at = ", ".join(found["at"]) or "no revisions"
    if as_json:
        sys.stdout.write(json.dumps(found, indent=2) + "\n")
    else:
        for one in found["changes"]:
            lead = {"added": "only here", "dropped": "missing", "changed": "differs"}[one["what"]]
            sys.stdout.write(f"{lead:<10} {one['kind']} {one['name']}\n")
            if one["before"]:
                sys.stdout.write(f"             in the revisions: {one['before']}\n")
            if one["after"]:
                sys.stdout.write(f"             in the database:  {one['after']}\n")
    if found["changes"]:
        raise Problem(
            f"The database differs from the revisions up to {at}: {len(found['changes'])} of its parts. Write what "
            'is wanted into a revision (./inv revision --message "..."), and take back the rest.'
        )
    here.steps.say(f"  no drift   the database is what the revisions up to {at} make")


def downgrade(here: Lifecycle, to: str, yes: bool, as_json: bool) -> None:
    """Take revisions back, once what that deletes was shown and agreed to.

    Raises Problem when nothing is to be taken back, when a live release needs it, or on no.
    """
    if not to:
        raise Problem("Back to which revision? ./inv downgrade --to REVISION, or --to base")
    check(here)
    found = ask(here, "undo", "--to", to, failed=SEE_ABOVE)
    if not found["undone"]:
        raise Problem(f"The database is at {', '.join(found['at']) or 'no revisions'}: there is nothing to take back.")
    undone = [one["id"] for one in found["undone"]]
    _refuse_what_is_needed(here, undone)
    for one in found["undone"]:
        here.steps.say(f"\n-- {one['id']} taken back: {one['message']}\n{one['sql']}")
    for lost in found["lost"] or []:
        rows = "a number of" if lost["rows"] is None else f"{lost['rows']:,}"
        has = "rows" if lost["kind"] == "table" else "rows with a value"
        here.steps.say(f"  deletes    the {lost['kind']} {lost['name']}, {rows} {has}")
    if not found["lost"]:
        told = "what the SQL says: the login may not create a scratch database to find out"
        here.steps.say(f"  deletes    {told if found['lost'] is None else 'no table and no column'}")
    here.confirm(f"Take back {', '.join(undone)} in {here.environment}?", yes)
    backup = backups.make(here) if here.environment == "prod" else None
    with here.steps.step("downgrade") as step:
        failed = "The downgrade ended early (see above)."
        done = ask(here, "downgrade", "--to", to, failed=failed)
        step.detail = f"at {', '.join(done['to']) or 'no revisions'}"
    if as_json:
        sys.stdout.write(json.dumps({"environment": here.environment, **done, "backup": backup}, indent=2) + "\n")


def check(here: Lifecycle) -> None:
    """Raise Problem when the project has no migrations."""
    if not here.project.migrations:
        raise Problem(NO_MIGRATIONS)


def _asked(here: Lifecycle, options: Options) -> list[str]:
    words = ["--wait", str(here.project.wait)]
    if options.to:
        words += ["--to", options.to]
    for release in live(here):
        words += ["--live", f"{release.name}={release.heads}"]
    return [*words, *(["--contract"] if options.contract else [])]


def _say_what_is_lost(here: Lifecycle, done: dict[str, Any]) -> None:
    taken = [one["revision"] for one in done["applied"] if one["phase"] == "contract"]
    running = live(here)
    before = sorted({release.previous for release in running if release.previous})
    if taken and running:
        named = f" ({', '.join(before)})" if before else ""
        here.steps.say(f"  from now   a release without {', '.join(taken)}{named} cannot be rolled back to")


def _refuse_findings(here: Lifecycle, options: Options, applied: list[str]) -> None:
    with here.steps.step("lint") as step:
        try:
            facts = ask(here, "plan", *_asked(here, options), failed=SEE_ABOVE)
        except Problem as problem:
            if problem.code != NO_SCRATCH:
                raise
            step.detail = "not tried on a scratch database (see above): trust is in `inv check`"
            return
        trials = [one for one in facts["trials"] if one["revision"] in applied]
        if findings := linting.lint(here, trials):
            here.steps.say("\n".join(one.line for one in findings))
            names = " and ".join(release.name for release in live(here))
            raise Problem(
                f"{names} is live, and these would harm it. Nothing was applied. Mend them, then: ./inv check"
            )
        step.detail = f"{len(trials)} tried on a scratch database: harmless to what is live"


def _refuse_what_is_needed(here: Lifecycle, undone: list[str]) -> None:
    for release in live(here):
        heads = release.heads.split(",")
        known = migrations.known(here.project, heads)
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


def _lock(mode: str) -> str:
    words = (
        "".join(f" {letter}" if letter.isupper() else letter for letter in mode.removesuffix("Lock")).upper().strip()
    )
    return words if mode in STRONG else words.lower()


def _size(size: dict[str, int] | None) -> str:
    if not size:
        return ""
    rows = f"about {size['rows']:,} rows, " if size["rows"] >= 0 else ""
    return f" ({rows}{backups.human(size['bytes'])})"
