"""What is wrong with a revision, by which rule, and the safe way to do the same."""

from collections.abc import Iterable
from dataclasses import asdict, dataclass

from slipway.schema.answers import Trial

FAILS = "fails"  # the one rule that nothing excuses: what comes after is not tried
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
    FAILS: "It has to apply to a fresh database.",
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


def unless_ignored(trial: Trial, findings: Iterable[Finding]) -> list[Finding]:
    """Return a revision's findings without those that it ignores with a reason."""
    name, ignores = trial.revision, trial.ignores
    mine = [finding for finding in findings if finding.revision == name]
    kept = [finding for finding in mine if finding.rule == FAILS or not ignores.get(finding.rule, "").strip()]
    for rule, reason in ignores.items():
        if not reason.strip():
            kept.append(Finding(name, "ignores", f"{rule} is ignored without a reason"))
        elif not [finding for finding in mine if finding.rule == rule]:
            kept.append(Finding(name, "ignores", f"{rule} is ignored, and there is nothing of it"))
    return kept
