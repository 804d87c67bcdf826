<% phase = dict(pair.split("=", 1) for pair in (getattr(config.cmd_opts, "x", None) or [])).get("phase", "") %>\
"""${message}

Revision: ${up_revision}
Revises: ${down_revision | comma,n}
Created: ${create_date}
"""

from collections.abc import Sequence

import sqlalchemy as sa

from alembic import op
${imports if imports else ""}
revision: str = ${repr(up_revision)}
down_revision: str | Sequence[str] | None = ${repr(down_revision)}
branch_labels: str | Sequence[str] | None = ${repr(branch_labels)}
depends_on: str | Sequence[str] | None = ${repr(depends_on)}

# "expand" only adds, so that the release before can go on. "contract" takes away what no release
# needs any more; it waits until `inv migrate --contract`. docs/migrations.md has the recipes.
phase: str = "${phase}"


def upgrade() -> None:
    """Apply the revision."""
    ${upgrades if upgrades else "pass"}


def downgrade() -> None:
    """Take the revision back."""
    ${downgrades if downgrades else "pass"}
