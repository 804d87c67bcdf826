"""What projects of before Slipway share in the tests: a table, an env.py, and how their verbs are called."""

import sys

from tests.support import Checkout

CALL = "import sys; from slipway.verbs.main import run; sys.argv[0] = 'inv'; run(sys.argv.pop(1))"
TABLE = """
import sqlalchemy as sa
from alembic import op

revision, down_revision = "0001", None


def upgrade():
    op.create_table("item", sa.Column("id", sa.Integer, primary_key=True))


def downgrade():
    op.drop_table("item")
"""
ENV = """
import asyncio
import os

from alembic import context
from sqlalchemy.ext.asyncio import create_async_engine
{imports}


def migrate(connection):
    context.configure(connection=connection)
    with context.begin_transaction():
        context.run_migrations()


async def online():
    async with create_async_engine({url}).connect() as connection:
        await connection.run_sync(migrate)


asyncio.run(online())
"""


class Adopted(Checkout):
    """A project with Slipway's verbs, which are called from Slipway's own folder."""

    def command(self, *args: str) -> list[str]:
        """Return a verb's command line."""
        return [*self.prefix, sys.executable, "-P", "-c", CALL, str(self.root), *args]

    def succeeds(self, *args: str) -> str:
        """Run a verb that has to succeed; return what it says."""
        done = self.inv(*args)
        assert done.returncode == 0, done.stderr + done.stdout
        return done.stdout + done.stderr
