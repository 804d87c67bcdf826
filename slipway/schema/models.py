"""How the service's models differ from the database, by Alembic's own comparison, whatever its env.py is like."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from alembic.autogenerate import RevisionContext
from alembic.runtime.environment import EnvironmentContext
from alembic.runtime.migration import MigrationContext
from alembic.script import Script

from slipway.schema import settings
from slipway.schema.guard import Guard
from slipway.schema.revisions import Revisions
from slipway.schema.unimported import unimported


@dataclass(frozen=True)
class Compared:
    """How models and database differ, and which modules define tables that are not among these models."""

    made: RevisionContext
    unimported: tuple[str, ...]

    @property
    def differences(self) -> list[Any]:
        """What a revision would do, as Alembic lists it."""
        revisions = self.made.generated_revisions
        return [one for revision in revisions for ops in revision.upgrade_ops_list for one in ops.as_diffs()]

    def write(self) -> list[Script]:
        """Write the revision's file."""
        return [script for script in self.made.generate_scripts() if script]


def compare(revisions: Revisions, guard: Guard, message: str = "") -> Compared:
    """Compare the models with the database that env.py opens; raises what Alembic and env.py raise.

    Alembic's own command would write a file whatever is found.
    """
    arguments = {
        "message": message, "autogenerate": True, "sql": False, "head": "head", "splice": False, "branch_label": None,
        "version_path": None, "rev_id": None, "depends_on": None,
    }  # fmt: skip
    made = RevisionContext(revisions.config, revisions.script, arguments)

    def look(heads: Sequence[str], context: MigrationContext) -> list[Any]:
        made.run_autogenerate(tuple(heads), context)
        return []

    options: dict[str, Any] = {"fn": look, "template_args": made.template_args, "revision_context": made}
    with guard.watching(), EnvironmentContext(revisions.config, revisions.script, as_sql=False, **options):
        revisions.script.run_env()
    return Compared(made, unimported(settings.service()))
