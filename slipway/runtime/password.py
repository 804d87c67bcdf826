"""The password of the service's role in the PostgreSQL that Slipway runs; password.sh changes it there."""

from collections.abc import Callable, Sequence
from enum import Enum

from slipway.core.errors import Problem
from slipway.core.scripts import Script
from slipway.core.shell import Ran
from slipway.core.sources import source
from slipway.core.steps import Steps
from slipway.engine.jobs import rows
from slipway.project.database import PASSWORD, Database, other_login
from slipway.runtime import Job, Where

SCRIPT = Script("slipway.runtime", "password.sh")


class Password(Enum):
    """What a password is to the service's role."""

    GOOD = "good"
    OTHER = "other"  # than the role's


def change(database: Database) -> Job:
    """Return the job that gives the role the password of a login."""
    return _job("change", database, given=True)


def settle(database: Database) -> Job:
    """Return the job that ends a change whose client is gone; afterwards it has happened, or never will."""
    return _job("settle", database)


def check(database: Database) -> Job:
    """Return the job that prints the value of a Password, for that of a login."""
    return _job("check", database, given=True)


def admit(database: Database, addresses: Sequence[str]) -> Job:
    """Return the job that lets clients at these addresses in as the role, whatever password they give.

    The addresses are networks, like 172.18.0.5/32. Others that were let in before are no more.
    """
    return _job("admit", database, *addresses)


def dismiss(database: Database, addresses: Sequence[str] = ()) -> Job:
    """Return the job after which everybody needs the password.

    With addresses, as networks, sessions of the role that come from others over the network are ended as well.
    """
    return _job("dismiss", database, *addresses)


def take_over(steps: Steps, database: Database, run: Callable[[Job], Ran]) -> None:
    """Give the role the login's password where it has another one; raises Problem."""
    checked = run(check(database))
    if checked.status:
        raise Problem(f"Whether {PASSWORD} is the database's could not be told (see above).")
    if Password(checked.output) is Password.OTHER:
        with steps.step("password", f"{database.username} has that of {source(PASSWORD)} now"):
            if run(change(database)).status:
                raise Problem(f"The password of {database.username} could not be changed (see above). {other_login()}")


def _job(function: str, database: Database, *args: str, given: bool = False) -> Job:
    argv = ["sh", "-c", SCRIPT, "sh", function, database.username, *args]
    text = rows({PASSWORD: database.password}) if given else None
    return Job(argv, Where.SUPERUSER, given=text, quick=True)
