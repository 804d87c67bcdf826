"""What is wrong with revisions.

Judged by what a revision did to a scratch database, not by its text; squawk checks the SQL for harmful locks.
"""

import re
from collections.abc import Sequence

from slipway.core.shell import Shell
from slipway.database import squawk
from slipway.database.findings import FAILS, Finding, unless_ignored
from slipway.database.judge import cannot_be_undone, judge
from slipway.schema.answers import Statement, Trial
from slipway.schema.statements import code

BLOCKING = ("ShareRowExclusiveLock", "ExclusiveLock", "AccessExclusiveLock")  # writers wait, at least

_WORKS = re.compile(r"(DO|WITH|UPDATE|INSERT|SELECT|MERGE|DELETE|TRUNCATE)\b", re.IGNORECASE)  # on rows, at once
_DELETE = re.compile(r"\b(DELETE\s+FROM|TRUNCATE)\b", re.IGNORECASE)
_TRUNCATE = re.compile(r"\bTRUNCATE\b", re.IGNORECASE)


def lint(shell: Shell, trials: Sequence[Trial]) -> list[Finding]:
    """Return what is wrong with revisions, by revision.

    What a revision ignores with a reason is left out.
    """
    found = [finding for trial in trials for finding in by_effect(trial)]
    asked = squawk.ask(shell, trials)
    found += asked or []
    return [finding for trial in trials for finding in unless_ignored(trial, found, asked is not None)]


def by_effect(trial: Trial) -> list[Finding]:
    """Return what is wrong by what a revision did."""
    found: list[tuple[str, str]] = []
    if trial.error:
        found.append((FAILS, trial.error))
    if trial.offline:
        found.append(("offline", trial.offline))
    if not trial.phase:
        found.append(("no-phase", "neither expand nor contract"))
    if trial.phase != "contract":
        found += [judged for change in trial.changes if (judged := judge(change))]
        found += [("deletes", _short(one.sql)) for one in trial.statements if _does(_DELETE, one.sql)]
    truncated = any(_does(_TRUNCATE, one.sql) for one in trial.statements)
    found += [("rewrites", table) for table in trial.rewrites if not truncated]
    found += _by_transaction(trial.statements)
    if trial.irreversible:
        found.append(("downgrade", trial.irreversible))
    for change in trial.back:
        if not cannot_be_undone(change):
            how = {"added": "leaves", "dropped": "loses", "changed": "changes"}[change.what]
            found.append(("downgrade", f"{how} the {change.kind} {change.name}"))
    return [Finding(trial.revision, rule, text) for rule, text in found]


def _does(what: re.Pattern[str], sql: str) -> bool:
    text = code(sql)
    return bool(_WORKS.match(text) and what.search(text))


def _short(sql: str) -> str:
    return " ".join(sql.split())[:160]


def _by_transaction(statements: Sequence[Statement]) -> list[tuple[str, str]]:
    found = []
    concurrent = [one for one in statements if one.kind == "concurrent"]
    if concurrent and len(concurrent) < len(statements):
        found.append(("mixes", _short(concurrent[0].sql)))
    for one in statements:
        writes = one.kind == "data" and not code(one.sql).upper().startswith("SELECT")
        if writes and one.holding in BLOCKING:
            found.append(("rows-under-lock", _short(one.sql)))
            break
    return found
