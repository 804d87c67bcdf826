"""What is wrong with a revision, by which rule, and the safe way to do the same."""

from collections.abc import Collection, Iterable
from dataclasses import asdict, dataclass

from slipway.schema.answers import Trial

FAILS = "fails"  # the one rule that nothing excuses: what comes after is not tried
IGNORES = "ignores"  # the rule about ignores themselves
ALL = "-"  # in the place of a revision, of what is wrong with the migrations as a whole
NO_EXCUSE = f"{FAILS} is ignored, which excuses nothing: mend the revision, and take that out"
RECIPES = {
    "drops": "Expand: stop using it, in a release of its own. Then drop it in a contract revision.",
    "renames": (
        "Expand: add the new one beside it, keep both alike with a trigger, copy the rows in batches. Deploy the code "
        "that uses the new one. Then drop the old one in a contract revision."
    ),
    "narrows": (
        "The release before may write what would be refused. Give a new column a server_default, or let it be NULL; of "
        "what is there, deploy the code that keeps to it first, then demand it, in a contract revision (constraints as "
        "NOT VALID, then VALIDATE)."
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
    IGNORES: "An ignore has a reason, and something to ignore.",
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

    @property
    def can_be_ignored(self) -> bool:
        """Whether its revision may ignore it; what is about all of them has none."""
        return self.revision != ALL and self.rule not in (FAILS, IGNORES)

    def as_json(self) -> dict[str, str]:
        """Return it as plain values."""
        return {**asdict(self), "recipe": RECIPES.get(self.rule, "")}


def unless_ignored(trial: Trial, findings: Iterable[Finding], asked: bool = True) -> list[Finding]:
    """Return a revision's findings without those that it ignores with a reason; `asked` tells whether squawk was."""
    name, ignores = trial.revision, trial.ignores
    mine = [finding for finding in findings if finding.revision == name]
    kept = [finding for finding in mine if finding.rule == FAILS or not ignores.get(finding.rule, "").strip()]
    return [*kept, *_useless(trial, {finding.rule for finding in mine}, asked and not trial.offline)]


def broken(trial: Trial) -> list[Finding]:
    """Return what is wrong with a revision of which nothing is asked but that it can be applied."""
    if not trial.error:
        return []
    ignored = [Finding(trial.revision, IGNORES, NO_EXCUSE)] if FAILS in trial.ignores else []
    return [Finding(trial.revision, FAILS, trial.error), *ignored]


def _useless(trial: Trial, found: Collection[str], asked: bool) -> list[Finding]:
    # What is wrong with a revision's ignores. One that could not be applied has not been judged by the other rules.
    wrong = []
    for rule, reason in trial.ignores.items():
        if rule == FAILS:
            wrong.append(NO_EXCUSE)
        elif not reason.strip():
            wrong.append(f"{rule} is ignored without a reason")
        elif rule not in found and not trial.error and (asked or rule in RECIPES):
            wrong.append(f"{rule} is ignored, and there is nothing of it")
    return [Finding(trial.revision, IGNORES, one) for one in wrong]
