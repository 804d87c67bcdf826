"""What is wrong with a revision, and the safe way to do the same.

Judged by what the revision did to a scratch database, not by its text; locks that hurt are squawk's to find
(https://squawkhq.com), in the SQL.
"""

import json
import re
import subprocess
import sys
import tempfile
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from slipway.core.errors import Problem
from slipway.schema.statements import without_comments
from slipway.verbs.session import Lifecycle

# Not asked of squawk. The guard sets both timeouts, and each revision is whole or not applied; what is dropped, renamed
# or narrowed is judged by what the revision did, in expand revisions alone; and how to model is the project's.
LEFT_OUT = (
    "require-lock-timeout", "require-statement-timeout", "require-timeout-settings", "prefer-robust-stmts",
    "transaction-nesting", "ban-uncommitted-transaction",
    "ban-drop-column", "ban-drop-table", "ban-drop-view", "ban-drop-function", "ban-drop-type", "ban-drop-schema",
    "ban-drop-sequence", "ban-drop-domain", "ban-drop-constraint", "ban-drop-generated-expression",
    "ban-drop-not-null", "ban-drop-extension", "ban-drop-index", "ban-set-schema", "ban-alter-identity",
    "renaming-column", "renaming-table", "renaming-object", "adding-required-field", "changing-column-type",
    "prefer-bigint-over-int", "prefer-bigint-over-smallint", "prefer-identity", "prefer-text-field",
    "prefer-timestamp-tz", "require-enum-value-ordering", "ban-create-domain-with-constraint",
)  # fmt: skip
BLOCKING = ("ShareRowExclusiveLock", "ExclusiveLock", "AccessExclusiveLock")  # writers wait, at least

_DELETES = re.compile(r"(DO|WITH|UPDATE|INSERT|SELECT|MERGE|DELETE|TRUNCATE)\b", re.IGNORECASE)
_DELETE = re.compile(r"\b(DELETE\s+FROM|TRUNCATE)\b", re.IGNORECASE)

RECIPES = {
    "drops": "Expand: stop using it, in a release of its own. Then drop it in a contract revision.",
    "renames": (
        "Expand: add the new one beside it, keep both alike with a trigger, copy the rows in batches. Deploy the code "
        "that uses the new one. Then drop the old one in a contract revision."
    ),
    "narrows": (
        "The release before may write what would be refused. Deploy the code that keeps to it first; then demand it, "
        "in a contract revision (constraints as NOT VALID, then VALIDATE)."
    ),
    "rewrites": (
        "The table is locked for everybody while it is written anew. Add a column beside the old one, copy the rows in "
        "batches, then drop the old one in a contract revision."
    ),
    "deletes": "The release before may need the rows. Delete them in a contract revision.",
    "mixes": "What runs CONCURRENTLY commits by itself. Put it into a revision of its own, so that each is whole.",
    "rows-under-lock": "The table stays locked while the rows are worked on. Put them into a revision of their own.",
    "offline": "It needs a database to be previewed. Let it do without in offline mode: context.is_offline_mode().",
    "no-phase": 'Write into it: phase = "expand" when it only adds, phase = "contract" when it takes something away.',
    "downgrade": 'What the revision did, its downgrade() has to undo, or say why not: ignores = {"downgrade": "..."}',
    "ignores": "An ignore has a reason, and something to ignore.",
    "fails": "It has to apply to a fresh database.",
}


@dataclass(frozen=True)
class Finding:
    """What is wrong with a revision, by which rule."""

    revision: str
    rule: str
    text: str

    @property
    def line(self) -> str:
        """The finding, and the way out."""
        recipe = RECIPES.get(self.rule, "")
        return f"  {self.revision}  {self.rule}: {self.text}" + (f"\n        {recipe}" if recipe else "")

    def as_json(self) -> dict[str, str]:
        """Return it as plain values."""
        return {**asdict(self), "recipe": RECIPES.get(self.rule, "")}


def lint(here: Lifecycle, trials: Sequence[Mapping[str, Any]]) -> list[Finding]:
    """Return what is wrong with revisions, by revision.

    Takes trials as `slipway.schema plan` and `check` print them. What a revision ignores with a reason is left out.
    """
    found = [finding for trial in trials for finding in by_effect(trial)]
    found += squawk(here, trials)
    return [finding for trial in trials for finding in unless_ignored(trial, found)]


def unless_ignored(trial: Mapping[str, Any], findings: Iterable[Finding]) -> list[Finding]:
    """Return a revision's findings without those that it ignores with a reason."""
    name, ignores = trial["revision"], trial["ignores"]
    mine = [finding for finding in findings if finding.revision == name]
    kept = [finding for finding in mine if not ignores.get(finding.rule, "").strip()]
    for rule, reason in ignores.items():
        if not reason.strip():
            kept.append(Finding(name, "ignores", f"{rule} is ignored without a reason"))
        elif not [finding for finding in mine if finding.rule == rule]:
            kept.append(Finding(name, "ignores", f"{rule} is ignored, and there is nothing of it"))
    return kept


def by_effect(trial: Mapping[str, Any]) -> list[Finding]:
    """Return what is wrong by what a revision did."""
    found: list[tuple[str, str]] = []
    if trial["error"]:
        found.append(("fails", trial["error"]))
    if trial["offline"]:
        found.append(("offline", trial["offline"]))
    if not trial["phase"]:
        found.append(("no-phase", "neither expand nor contract"))
    if trial["phase"] != "contract":
        found += [judged for change in trial["changes"] if (judged := judge(change))]
        found += [("deletes", _short(one["sql"])) for one in trial["statements"] if _deletes(one["sql"])]
    truncated = any("TRUNCATE" in one["sql"].upper() for one in trial["statements"])
    found += [("rewrites", table) for table in trial["rewrites"] if not truncated]
    found += _by_transaction(trial["statements"])
    if trial["irreversible"]:
        found.append(("downgrade", trial["irreversible"]))
    for change in trial["back"]:
        if _cannot_be_undone(change):
            continue
        how = {"added": "leaves", "dropped": "loses", "changed": "changes"}[change["what"]]
        found.append(("downgrade", f"{how} the {change['kind']} {change['name']}"))
    return [Finding(trial["revision"], rule, text) for rule, text in found]


def judge(change: Mapping[str, Any]) -> tuple[str, str] | None:
    """Return the rule that a change of an expand revision breaks, and how.

    None when the release before can live with it: taking a check or a foreign key away lets more in, and the loss of a
    plain index only costs time.
    """
    what, kind, name, before, after = (change[key] for key in ("what", "kind", "name", "before", "after"))
    if what == "renamed":
        return None if kind == "index" else ("renames", f"the {kind} {before} becomes {after}")
    if what == "dropped":
        harmless = kind in ("check", "foreign key", "exclusion", "index", "policy")
        return None if harmless else ("drops", f"the {kind} {name}")
    if what == "added":
        constrains = kind in ("check", "foreign key", "unique", "exclusion", "primary key", "unique index")
        demands = kind == "check" and "IS NOT NULL" in after  # also a new column has to be given then
        if constrains and (demands or not change["fresh"]):
            return "narrows", f"the new {kind} {name}: {after}"
        required = " not null" in after and not re.search(r" (default|identity|generated) ?", after)
        if kind == "column" and not change["fresh"] and required:
            return "narrows", f"the new column {name} has to be given: {after}"
        return None
    if kind == "column":
        return _narrowed(name, before, after)
    if kind == "enum" and not _holds(after, before):
        return "narrows", f"the enum {name}: {before} becomes {after}"
    if kind == "table" and "FOR VALUES" in before and "FOR VALUES" not in after:
        return "drops", f"the rows of {name} from the table that it was a partition of"
    if kind == "trigger" and after.endswith(" D"):
        return "drops", f"the trigger {name} is disabled"
    if kind in ("function", "procedure") and _returned(before) != _returned(after):
        return "narrows", f"the {kind} {name} returns something else"
    if kind == "table" and "row security" in after and "row security" not in before:
        return "narrows", f"the table {name} gets row security"
    if after == before.removesuffix(" NOT VALID"):  # it was demanded before
        return None
    if kind in ("domain", "type", "check", "foreign key", "unique", "exclusion", "primary key", "unique index"):
        return "narrows", f"the {kind} {name}: {before} becomes {after}"
    return None


def squawk(here: Lifecycle, trials: Sequence[Mapping[str, Any]]) -> list[Finding]:
    """Return what squawk says of the revisions' SQL."""
    program = Path(sys.executable).parent / "squawk"
    if not program.exists():
        here.steps.say("  squawk has no build for this machine: locks were judged by the trial alone")
        return []
    with tempfile.TemporaryDirectory(prefix="slipway-lint-") as folder:
        files = {}
        for number, trial in enumerate(trials):
            path = Path(folder) / f"{number}.sql"
            path.write_text(trial["sql"], encoding="utf-8")
            files[str(path)] = trial
        if not files:
            return []
        argv = [str(program), "--reporter", "json", f"--exclude={','.join(LEFT_OUT)}", *files]
        done = subprocess.run(argv, capture_output=True, text=True, check=False, cwd=folder)
    if not done.stdout.startswith("["):  # it prints a list also when there is nothing to say
        raise Problem(
            f"{done.stderr.strip()}\nsquawk could not be asked: it is not the one of poetry.lock. ./inv --list"
        )
    found = []
    for said in json.loads(done.stdout):
        trial = files[said["file"]]
        line = trial["sql"].splitlines()[said["line"] : said["line_end"] + 1]
        text = f"{said['message']} {said['help'] or ''}".strip()
        found.append(
            Finding(trial["revision"], said["rule_name"], f"{text} In: {' '.join(' '.join(line).split())[:160]}")
        )
    return list(dict.fromkeys(found))


def _deletes(sql: str) -> bool:
    text = without_comments(sql)
    return bool(_DELETES.match(text) and _DELETE.search(text))


def _cannot_be_undone(change: Mapping[str, Any]) -> bool:
    # PostgreSQL takes no value out of an enum, and a constraint that was validated stays so.
    before, after = change["before"], change["after"]
    validated = after == before.removesuffix(" NOT VALID")
    return change["what"] == "changed" and (validated or (change["kind"] == "enum" and _holds(after, before)))


def _short(sql: str) -> str:
    return " ".join(sql.split())[:160]


def _by_transaction(statements: Sequence[Mapping[str, Any]]) -> list[tuple[str, str]]:
    found = []
    concurrent = [one for one in statements if one["kind"] == "concurrent"]
    if concurrent and len(concurrent) < len(statements):
        found.append(("mixes", _short(concurrent[0]["sql"])))
    for one in statements:
        writes = one["kind"] == "data" and not one["sql"].lstrip().upper().startswith("SELECT")
        if writes and one["holding"] in BLOCKING:
            found.append(("rows-under-lock", _short(one["sql"])))
            break
    return found


def _narrowed(name: str, before: str, after: str) -> tuple[str, str] | None:
    old, new = _column(before), _column(after)
    text = f"the column {name}: {before} becomes {after}"
    if old["type"] != new["type"] and not _wider(old["type"], new["type"]):
        return "narrows", text
    if (new["required"] and not old["required"]) or (old["filled"] and not new["filled"]):
        return "narrows", text
    if old["required"] and not new["required"]:
        return "narrows", f"{text}; what reads it may find nothing"
    if new["fixed"] and not old["fixed"]:
        return "narrows", text
    return None


def _returned(definition: str) -> str:
    found = re.search(r"^ RETURNS (.*)$", definition, re.MULTILINE)
    return found[1] if found else ""


def _column(definition: str) -> dict[str, Any]:
    kind = re.split(r" (?:collate|not null|identity|default|generated)\b", definition, maxsplit=1)[0]
    filled = bool(re.search(r" (default|identity|generated)\b", definition))
    fixed = bool(re.search(r" (identity always|generated)\b", definition))
    return {"type": kind, "required": " not null" in definition, "filled": filled, "fixed": fixed}


def _wider(old: str, new: str) -> bool:
    # Whether every value of the old type is one of the new, and is stored the same.
    def parts(kind: str) -> tuple[str, list[int]]:
        found = re.fullmatch(r"([a-z ]+?)(?:\(([\d,]+)\))?", kind)
        return (found[1], [int(n) for n in (found[2] or "").split(",") if n]) if found else (kind, [])

    (old_name, old_sizes), (new_name, new_sizes) = parts(old), parts(new)
    if old_name == "character varying" and new == "text":
        return True
    if old_name != new_name or old_name not in ("character varying", "numeric", "bit varying"):
        return False
    if not new_sizes:
        return True
    return bool(old_sizes) and new_sizes[0] >= old_sizes[0] and new_sizes[1:] == old_sizes[1:]


def _holds(after: str, before: str) -> bool:
    # Every value is still there.
    return set(before.split(", ")) <= set(after.split(", "))
