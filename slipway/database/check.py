"""Whether the migrations can be trusted."""

from collections.abc import Sequence
from dataclasses import dataclass

from slipway.core.errors import Problem
from slipway.database import lint, schema, superuser
from slipway.database.findings import ALL, Finding, broken
from slipway.database.revise import unseen
from slipway.project import revisions
from slipway.project.checkout import Checkout
from slipway.project.config import Project
from slipway.runtime import Runtime
from slipway.runtime.environment import Environment
from slipway.schema.answers import Checked, Trial


@dataclass(frozen=True)
class Result:
    """What is wrong, and how many revisions were looked at, and how many older ones left out."""

    findings: tuple[Finding, ...]
    linted: int
    older: int

    @property
    def line(self) -> str:
        """What was done, in a line."""
        up = f"{self.linted} revision{'s' * (self.linted != 1)} up, down and up again"
        older = f"{self.older} older one{'s' * (self.older != 1)} applied, not linted ([tool.slipway.lint] after)"
        return "; ".join([up] * bool(self.linted or not self.older) + [older] * bool(self.older))


def check(checkout: Checkout, environment: Environment, runtime: Runtime) -> Result:
    """Check the migrations on a fresh database; raises Problem when that cannot be done."""
    superuser.prepare(checkout, environment, runtime)
    found = schema.check(environment, runtime)
    kept = after(checkout.project, found.trials)
    older = [trial for trial in found.trials if trial not in kept]
    old = [finding for trial in older for finding in broken(trial)]  # no database can be made anew then
    findings = (*general(checkout.project, found), *old, *lint.lint(checkout.shell, kept))
    return Result(findings, len(kept), len(older))


def after(project: Project, trials: Sequence[Trial]) -> list[Trial]:
    """Return the trials of the revisions that are linted.

    Raises Problem when [tool.slipway.lint] after names none.
    """
    named = project.lint.after
    if not named:
        return list(trials)
    old = revisions.known(project, [named])
    if not old:
        raise Problem(f"pyproject.toml: [tool.slipway.lint] after = {named!r} is no revision.")
    return [trial for trial in trials if trial.revision not in old]


def general(project: Project, found: Checked) -> list[Finding]:
    """Return what is wrong with the migrations as a whole."""
    findings = []
    if len(found.heads) > 1:
        text = f"there are {len(found.heads)}: {', '.join(found.heads)}. Join them: ./inv revision --merge"
        findings.append(Finding(ALL, "heads", text))
    if found.models:
        findings.append(Finding(ALL, "models", found.models))
    if found.unimported:
        findings.append(Finding(ALL, "imports", f"{unseen(project, found.unimported)}."))
    return findings
