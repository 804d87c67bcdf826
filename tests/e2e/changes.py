"""A column renamed: at once, which breaks what runs, and step by step, which doesn't."""

from tests.support import Checkout

HEAD = '''"""{message}"""

import sqlalchemy as sa

from alembic import op

revision: str = "{revision}"
down_revision: str | None = "{before}"

phase: str = "{phase}"


def upgrade() -> None:
    """Apply the revision."""
{up}

def downgrade() -> None:
    """Take the revision back."""
{down}
'''

ADD = '''    op.add_column(
        "posts", sa.Column("changed_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False)
    )
    op.execute("""
        CREATE FUNCTION posts_changed_at() RETURNS trigger LANGUAGE plpgsql AS $$
        BEGIN
            IF NEW.updated_at <> OLD.updated_at THEN NEW.changed_at := NEW.updated_at;
            ELSIF NEW.changed_at <> OLD.changed_at THEN NEW.updated_at := NEW.changed_at;
            END IF;
            RETURN NEW;
        END $$
    """)
    op.execute("""
        CREATE TRIGGER posts_changed_at BEFORE UPDATE ON posts FOR EACH ROW EXECUTE FUNCTION posts_changed_at()
    """)
'''
TAKE_BACK = """    op.execute("DROP TRIGGER posts_changed_at ON posts")
    op.execute("DROP FUNCTION posts_changed_at()")
    op.drop_column("posts", "changed_at")
"""
FILL = '    op.execute("UPDATE posts SET changed_at = updated_at WHERE changed_at <> updated_at")\n'
DROP = """    op.execute("DROP TRIGGER posts_changed_at ON posts")
    op.execute("DROP FUNCTION posts_changed_at()")
    op.drop_column("posts", "updated_at")
"""
BRING_BACK = '''    op.add_column(
        "posts", sa.Column("updated_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False)
    )
    op.execute("UPDATE posts SET updated_at = changed_at")
''' + ADD.partition('    op.execute("""')[1] + ADD.partition('    op.execute("""')[2]  # fmt: skip


def revision(checkout: Checkout, name: str, before: str, phase: str, up: str, down: str) -> None:
    """Write a revision."""
    text = HEAD.format(message=f"what {name} does", revision=name, before=before, phase=phase, up=up, down=down)
    checkout.write(f"alembic/versions/2026_11_25_{name}_change.py", text)


def use_the_new_name(checkout: Checkout) -> None:
    """Let the code use the column `changed_at`; what clients see stays."""
    checkout.edit(
        "app/posts/models.py",
        "    updated_at: Mapped[datetime] = mapped_column(DateTime",
        '    updated_at: Mapped[datetime] = mapped_column("changed_at", DateTime',
    )


def rename_at_once(checkout: Checkout) -> None:
    """Rename the column in one revision, and use it."""
    up = '    op.alter_column("posts", "updated_at", new_column_name="changed_at")\n'
    down = '    op.alter_column("posts", "changed_at", new_column_name="updated_at")\n'
    revision(checkout, "0003", "0002", "expand", up, down)
    use_the_new_name(checkout)


def expand(checkout: Checkout) -> None:
    """Add the new column beside the old one, and use it."""
    revision(checkout, "0003", "0002", "expand", ADD, TAKE_BACK)
    revision(checkout, "0004", "0003", "expand", FILL, "    pass\n")
    use_the_new_name(checkout)


def contract(checkout: Checkout) -> None:
    """Drop the old column, after `expand`."""
    revision(checkout, "0005", "0004", "contract", DROP, BRING_BACK)


def rename_step_by_step(checkout: Checkout) -> None:
    """Add the new column beside the old one, use it, and drop the old one later."""
    expand(checkout)
    contract(checkout)
