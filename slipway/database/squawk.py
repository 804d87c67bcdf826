"""squawk (https://squawkhq.com): which locks of a revision's SQL hurt."""

import json
import sys
import tempfile
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path

from slipway import extras
from slipway.core.errors import Problem
from slipway.core.shell import Shell
from slipway.database.findings import Finding
from slipway.project import lockfile
from slipway.schema.answers import Trial

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


def ask(shell: Shell, trials: Sequence[Trial]) -> list[Finding] | None:
    """Return what squawk says of the revisions' SQL, None where there is none; raises Problem when it says nothing."""
    if not trials:
        return []
    program, why = Path(sys.executable).parent / "squawk", "has no build for this machine"
    try:
        extras.need("lint")
    except Problem as problem:
        why = f"could not be installed ({problem.message})"
    if not program.exists():
        shell.steps.say(f"  squawk {why}: locks were judged by the trial alone")
        return None
    with tempfile.TemporaryDirectory(prefix="slipway-lint-") as folder:
        files = {}
        for number, trial in enumerate(trials):
            path = Path(folder) / f"{number}.sql"
            path.write_text(trial.sql, encoding="utf-8")
            files[str(path)] = trial
        _, out, said = shell.probe(squawk_command(program, files), cwd=Path(folder))
    if not out.startswith("["):  # it prints a list also when there is nothing to say
        raise Problem(f"{said.strip()}\nsquawk could not be asked: it is not the one of {lockfile.NAME}. ./inv --list")
    return found(out, files)


def squawk_command(program: Path, files: Iterable[str]) -> list[str]:
    """Return the command line that looks at files of SQL."""
    return [str(program), "--reporter", "json", f"--exclude={','.join(LEFT_OUT)}", *files]


def found(said: str, files: Mapping[str, Trial]) -> list[Finding]:
    """Read what squawk said of files, each with the SQL of a trial."""
    findings = []
    for one in json.loads(said):
        trial = files[one["file"]]
        line = " ".join(" ".join(trial.sql.splitlines()[one["line"] : one["line_end"] + 1]).split())[:160]
        text = f"{one['message']} {one['help'] or ''}".strip()
        findings.append(Finding(trial.revision, one["rule_name"], f"{text} In: {line}"))
    return list(dict.fromkeys(findings))
