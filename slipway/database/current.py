"""Whether the database is this tree's: another branch may have migrated it meanwhile."""

from slipway.database import migrate
from slipway.project import revisions
from slipway.project.checkout import Checkout
from slipway.runtime import Job, Runtime, Where
from slipway.runtime.environment import Environment

VERSIONS = "SELECT version_num FROM alembic_version"


def is_current(checkout: Checkout, environment: Environment, runtime: Runtime) -> bool:
    """Tell whether the database is where the tree's revisions end; a project without migrations is.

    False also where that cannot be told.
    """
    if not checkout.project.migrations:
        return True
    wanted = set(filter(None, revisions.heads(checkout.project).split(",")))
    if not environment.settings.own_database:
        found = migrate.state(checkout, environment, runtime)
        return not found.refused and set(found.at) == wanted
    ran = runtime.run(Job(version_command(environment.settings.database.name), Where.SUPERUSER, quick=True))
    return not ran.status and set(ran.output.split()) == wanted


def version_command(database: str) -> list[str]:
    """Return the command line that prints the revisions that a database is at, for the superuser."""
    return ["psql", "-XqAt", "-d", database, "-c", VERSIONS]
