"""What the superuser of the PostgreSQL that Slipway runs does for the service's role, which may not."""

from collections.abc import Callable, Mapping, Sequence

from slipway.core.errors import Problem
from slipway.core.shell import Shell
from slipway.project.checkout import Checkout
from slipway.project.config import Project
from slipway.project.database import NAME, Database
from slipway.runtime import Job, Runtime, Where, bring_over
from slipway.runtime.bring_over import Role
from slipway.runtime.environment import Environment
from slipway.runtime.jobs import AS_SUPERUSER, DATABASE

TEMPLATE = "template1"  # a new database has what this one has: those that migrations are tried on as well


def role(environment: Environment, runtime: Runtime) -> Role:
    """Return what the service's role is; raises Problem."""
    ran = runtime.run(Job(bring_over.state_command(environment.settings.database), Where.SUPERUSER))
    if ran.status:
        raise Problem("Whether the service's role is the superuser could not be told (see above).")
    return Role(ran.output)


def give_over(checkout: Checkout, runtime: Runtime, database: Database) -> None:
    """Let the service's role be an ordinary one, with all that it has; raises Problem.

    Its sessions of before go on, as the superuser's.
    """
    with checkout.steps.step("role", f"{database.username} is no superuser any more, and owns {database.name}"):
        if runtime.run(Job(bring_over.begin_command(database), Where.SUPERUSER)).status:
            raise Problem(
                "The service's role could not be given over whole (see above): it serves as before, and the next "
                "deployment goes on with it."
            )


def end_sessions(checkout: Checkout, runtime: Runtime, database: Database) -> None:
    """End what is left of the sessions of before; raises Problem."""
    with checkout.steps.step("role", "no session is the superuser's any more"):
        if runtime.run(Job(bring_over.end_command(database), Where.SUPERUSER)).status:
            raise Problem(
                "The release is live. Sessions of before are still the superuser's (see above): ./inv deploy ends them."
            )


def prepare(checkout: Checkout, environment: Environment, runtime: Runtime) -> None:
    """Make the extensions of [tool.slipway.database]; raises Problem."""
    if has_extensions(checkout, environment):
        with checkout.steps.step("extensions", ", ".join(checkout.project.database.extensions)):
            for database in extended(checkout.project, environment.settings.database.name):
                make_extensions(checkout, runtime, database)


def has_extensions(checkout: Checkout, environment: Environment) -> bool:
    """Tell whether there are extensions to make; a database elsewhere has an administrator for that."""
    return bool(checkout.project.database.extensions) and environment.settings.own_database


def make_extensions(checkout: Checkout, runtime: Runtime, database: str) -> None:
    """Make the extensions in a database; raises Problem."""
    command = extensions_command(checkout.project.database.extensions, database)
    if runtime.run(Job(command, Where.SUPERUSER)).status:
        raise Problem(
            "The extensions could not be made (see above). [tool.slipway.database] in pyproject.toml names them. "
            "PostgreSQL has to bring them: the image of `db` in compose.yaml, or the one on this host. Where the "
            "service's role is still the superuser itself (docs/migrations.md), ./inv deploy changes that first."
        )


def extended(project: Project, database: str) -> tuple[str, ...]:
    """Return the databases in which extensions are made for one, itself included; none without extensions."""
    return (TEMPLATE, database) if project.database.extensions else ()


def extend(shell: Shell, compose: Callable[..., list[str]], project: Project, values: Mapping[str, str]) -> None:
    """Make the extensions in the database of a Compose project that these variables define; raises Problem."""
    for name in extended(project, values[NAME]):
        make = extensions_command(project.database.extensions, name)
        shell.output(compose("exec", "-T", AS_SUPERUSER, DATABASE, make), hidden=values)


def extensions_command(names: Sequence[str], database: str) -> list[str]:
    """Return the command line that makes extensions in a database, for the superuser."""
    return ["psql", "-Xq", "-v", "ON_ERROR_STOP=1", "-d", database, "-c", extensions_sql(names)]


def extensions_sql(names: Sequence[str]) -> str:
    """Return the script that makes extensions; their names are checked already."""
    made = [f'CREATE EXTENSION IF NOT EXISTS "{name}" CASCADE;' for name in names]
    return " ".join(["SET client_min_messages = warning;", *made])
