"""posts

Revision: 0002
Revises: 0001
Created: 2026-11-24
"""

from collections.abc import Sequence

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql

from alembic import op

revision: str = "0002"
down_revision: str | Sequence[str] | None = "0001"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None

phase: str = "expand"


def upgrade() -> None:
    """Apply the revision."""
    op.create_table(
        "posts",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=True), nullable=False),
        sa.Column("owner_id", sa.BigInteger(), nullable=False),
        sa.Column("title", sa.String(), nullable=False),
        sa.Column("content", sa.String(), nullable=False),
        sa.Column("version", sa.Integer(), server_default="1", nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column(
            "search",
            postgresql.TSVECTOR(),
            sa.Computed("to_tsvector('simple', title || ' ' || content)", persisted=True),
            nullable=False,
        ),
        sa.PrimaryKeyConstraint("id", name="pk_posts"),
        sa.ForeignKeyConstraint(["owner_id"], ["users.id"], name="fk_posts_owner_id_users", ondelete="CASCADE"),
    )
    op.create_index("ix_posts_owner_id_id", "posts", ["owner_id", "id"])
    op.create_index("ix_posts_search", "posts", ["search"], postgresql_using="gin")
    op.create_table(
        "post_creations",
        sa.Column("owner_id", sa.BigInteger(), nullable=False),
        sa.Column("key", sa.String(), nullable=False),
        sa.Column("fingerprint", sa.LargeBinary(), nullable=False),
        sa.Column("post_id", sa.BigInteger(), nullable=True),
        sa.Column("answer", sa.String(), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.PrimaryKeyConstraint("owner_id", "key", name="pk_post_creations"),
        sa.ForeignKeyConstraint(
            ["owner_id"], ["users.id"], name="fk_post_creations_owner_id_users", ondelete="CASCADE"
        ),
    )
    op.create_index("ix_post_creations_created_at", "post_creations", ["created_at"])


def downgrade() -> None:
    """Take the revision back."""
    op.drop_table("post_creations")
    op.drop_table("posts")
