"""`inv check`: whether the migrations can be trusted."""

import json
import sys
from typing import Any

from slipway.core.errors import Problem
from slipway.database import lint as linting
from slipway.database import migrate as migrating
from slipway.database.lint import Finding
from slipway.project import revisions as migrations
from slipway.verbs.session import Lifecycle


def check(here: Lifecycle, as_json: bool) -> None:
    """Check the migrations on a fresh database; print what is wrong.

    Raises Problem when something is.
    """
    migrating.check(here)
    with here.steps.step("check") as step:
        facts = migrating.ask(here, "check", failed=migrating.SEE_ABOVE)
        kept = after(here, facts["trials"])
        findings = [*general(facts), *linting.lint(here, kept)]
        left = len(facts["trials"]) - len(kept)
        step.detail = f"{len(kept)} revisions up, down and up again" + (
            f"; {left} older ones not linted" if left else ""
        )
        if as_json:
            sys.stdout.write(json.dumps({"findings": [one.as_json() for one in findings]}, indent=2) + "\n")
        elif findings:
            here.steps.say("\n".join(one.line for one in findings))
        if findings:
            raise Problem(
                f"{len(findings)} found in the migrations. Mend them, or ignore one with a reason, in its revision: "
                'ignores = {"RULE": "why it does no harm"}'
            )


def after(here: Lifecycle, trials: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Return the trials of the revisions that are linted.

    Raises Problem when [tool.slipway.lint] after names none.
    """
    named = here.project.lint.after
    if not named:
        return trials
    old = migrations.known(here.project, [named])
    if not old:
        raise Problem(f"pyproject.toml: [tool.slipway.lint] after = {named!r} is no revision.")
    return [trial for trial in trials if trial["revision"] not in old]


def general(facts: dict[str, Any]) -> list[Finding]:
    """Return what is wrong with the migrations as a whole."""
    found = []
    if len(facts["heads"]) > 1:
        text = f"there are {len(facts['heads'])}: {', '.join(facts['heads'])}. Join them: ./inv revision --merge"
        found.append(Finding("-", "heads", text))
    if facts["models"]:
        found.append(Finding("-", "models", facts["models"]))
    return found
