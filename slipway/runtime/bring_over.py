"""Data of before, when the service's role was PostgreSQL's superuser: the role becomes an ordinary one.

What is done is in bring_over.sh. It runs where the server is: beside it in its container, or on this machine.
"""

from enum import Enum
from pathlib import Path

from slipway.core.scripts import Script
from slipway.project.database import SUPERUSER, Database

SCRIPT = Path(__file__).with_name("bring_over.sh")
SUPERUSER_PASSWORD = "SUPERUSER_PASSWORD"  # noqa: S105  (the variable's name)


class Role(Enum):
    """What the service's role is."""

    BEFORE = "before"  # the superuser
    BETWEEN = "between"  # brought over in part: it works, and is a member of the superuser's
    DONE = "done"  # an ordinary one
    OTHER = "other"  # there is none of its name, or another one is the superuser


def state_command(database: Database) -> list[str]:
    """Return the command line that prints the value of a Role."""
    return _command("state", database)


def bring_over_command(database: Database) -> list[str]:
    """Return the command line that makes the service's role an ordinary one.

    Nothing is changed where it is one already. What was begun and killed is carried on with.
    """
    return _command("bring_over", database)


def _command(step: str, database: Database) -> list[str]:
    return ["sh", "-c", Script(SCRIPT), "sh", step, database.username, SUPERUSER, database.name]
