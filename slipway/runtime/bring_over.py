"""Data of before, when the service's role was PostgreSQL's superuser: the role becomes an ordinary one.

What is done is in bring_over.sh. It runs where the server is: beside it in its container, or on this machine.
"""

from collections.abc import Callable
from enum import Enum

from slipway.core.errors import Problem
from slipway.core.scripts import Script
from slipway.core.shell import Ran
from slipway.core.steps import Steps
from slipway.project.database import SUPERUSER, Database
from slipway.runtime import Job, Where

SCRIPT = Script("slipway.runtime", "bring_over.sh")
SUPERUSER_PASSWORD = "SUPERUSER_PASSWORD"  # noqa: S105  (the variable's name)


class Role(Enum):
    """What the service's role is."""

    BEFORE = "before"  # the superuser
    BETWEEN = "between"  # brought over in part: it works, and is a member of the superuser's
    DONE = "done"  # an ordinary one
    ADMITTED = "admitted"  # one that a release of before is let in as without its new password
    OTHER = "other"  # there is none of its name, or another one is the superuser


SUPERUSERS = (Role.BEFORE, Role.BETWEEN)  # by itself, or by its sessions of before


def state_command(database: Database) -> list[str]:
    """Return the command line that prints the value of a Role."""
    return _command("state", database)


def bring_over_command(database: Database) -> list[str]:
    """Return the command line that makes the service's role an ordinary one.

    Nothing is changed where it is one already. What was begun and killed is carried on with.
    """
    return _command("bring_over", database)


def begin_command(database: Database) -> list[str]:
    """Return the command line of the first half: all is given over, and the sessions of before go on."""
    return _command("begin", database)


def end_command(database: Database) -> list[str]:
    """Return the command line of the second half: what is left of those sessions is ended."""
    return _command("end", database)


def bring_over(steps: Steps, database: Database, run: Callable[[Job], Ran]) -> None:
    """Make the service's role an ordinary one where it is the superuser; raises Problem."""
    if run(Job(state_command(database), Where.SUPERUSER)).output in {role.value for role in SUPERUSERS}:
        with steps.step("role", f"{database.username} is no superuser any more, and owns {database.name}"):
            if run(Job(bring_over_command(database), Where.SUPERUSER)).status:
                raise Problem(
                    "The service's role could not be made an ordinary one (see above). What was begun is carried on "
                    "with: ./inv up"
                )


def _command(step: str, database: Database) -> list[str]:
    return ["sh", "-c", SCRIPT, "sh", step, database.username, SUPERUSER, database.name]
