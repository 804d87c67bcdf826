"""slipway.schema, asked where the service runs: in this tree's image, another release's, or this environment.

What it is told and what it answers is typed; the same for every runtime.
"""

import contextlib
from collections.abc import Iterator
from dataclasses import dataclass
from typing import TypeVar

from slipway.core.caller import who
from slipway.core.errors import Problem
from slipway.core.shell import Ran
from slipway.project.config import Project
from slipway.project.database import OTHERS, explained, other_login, other_name
from slipway.runtime import SERVICE_PYTHON, Job, LiveRelease, Runtime, Where
from slipway.runtime.environment import Environment
from slipway.schema import NOT_YET, protocol
from slipway.schema.answers import (
    Checked,
    Downgraded,
    Drift,
    Known,
    Plan,
    Revised,
    State,
    Undo,
    Upgraded,
)
from slipway.schema.protocol import VERSION, NewerVersion

NO_MIGRATIONS = "This project has no migrations: their folder is alembic, or what [tool.slipway] migrations names."
MIGRATION_FAILED = "The migration failed (see above); nothing was started on its schema."
DOWNGRADE_FAILED = "The downgrade ended early (see above)."
SEE_ABOVE = "That could not be told (see above)."

Answer = TypeVar("Answer")


@dataclass(frozen=True)
class Request:
    """How far to migrate ("" for the newest), beside which releases, and whether what takes something away counts.

    `wait` are the seconds that the database may take to listen.
    """

    wait: int
    to: str = ""
    live: tuple[LiveRelease, ...] = ()
    contract: bool = False

    @property
    def arguments(self) -> list[str]:
        """The request as slipway.schema takes it."""
        words = ["--wait", str(self.wait)]
        if self.to:
            words += ["--to", self.to]
        for release in self.live:
            words += ["--live", release.argument]
        return [*words, *(["--contract"] if self.contract else [])]


def need_migrations(project: Project) -> None:
    """Raise Problem when the project has no migrations."""
    if not project.migrations:
        raise Problem(NO_MIGRATIONS)


def state(environment: Environment, runtime: Runtime, request: Request, failed: str = SEE_ABOVE) -> State:
    """Return where the database is, and what is pending; raises Problem."""
    return _asked(environment, runtime, State, "state", *request.arguments, failed=failed)


def known(environment: Environment, runtime: Runtime, release: LiveRelease) -> Known:
    """Return how a release stands to the database; raises Problem."""
    return _asked(environment, runtime, Known, "known", "--live", release.argument)


def plan(environment: Environment, runtime: Runtime, request: Request) -> Plan:
    """Return what is pending, and what it does to a scratch database; raises Problem."""
    return _asked(environment, runtime, Plan, "plan", *request.arguments)


def sql(environment: Environment, runtime: Runtime, request: Request) -> str:
    """Return the SQL of what is pending; raises Problem."""
    return _said(environment, runtime, "sql", *request.arguments)


def check(environment: Environment, runtime: Runtime) -> Checked:
    """Return how the revisions do on a fresh database; raises Problem."""
    return _asked(environment, runtime, Checked, "check")


def drift(environment: Environment, runtime: Runtime) -> Drift:
    """Return how the database differs from what its revisions make; raises Problem."""
    return _asked(environment, runtime, Drift, "drift")


def upgrade(environment: Environment, runtime: Runtime, request: Request) -> Upgraded:
    """Apply what is pending and may be applied; raises Problem, with NOT_YET when the rest has to wait."""
    return _asked(environment, runtime, Upgraded, "upgrade", *request.arguments, failed=MIGRATION_FAILED)


def revise(environment: Environment, runtime: Runtime, how: str, message: str, phase: str, failed: str) -> Revised:
    """Write a revision into the working tree, as the caller's own; raises Problem."""
    args = ["--how", how, f"--message={message}", *(["--phase", phase] if phase else []), "--json"]
    return read(Revised, _said(environment, runtime, "revise", *args, failed=failed, for_caller=True), failed)


def undo(environment: Environment, runtime: Runtime, to: str) -> Undo:
    """Return what going back to a revision would take back and delete; raises Problem."""
    return _asked(environment, runtime, Undo, "undo", "--to", to)


def downgrade(environment: Environment, runtime: Runtime, to: str) -> Downgraded:
    """Go back to a revision; raises Problem."""
    return _asked(environment, runtime, Downgraded, "downgrade", "--to", to, failed=DOWNGRADE_FAILED)


@contextlib.contextmanager
def then(verb: str) -> Iterator[None]:
    """Let a migration that fails end with the verb that goes on, which a deployment says for itself."""
    try:
        yield
    except Problem as problem:
        if problem.code != NOT_YET:
            problem.message = f"{problem.message}\nOnce it is mended: ./inv {verb}"
        raise


def schema_command(command: str, *args: str) -> list[str]:
    """Return the command line of slipway.schema, where the service runs."""
    return [SERVICE_PYTHON, "-m", "slipway.schema", command, *args]


def read(kind: type[Answer], text: str, failed: str) -> Answer:
    """Read an answer.

    Raises Problem with `failed` when there is none (a revision may end the process), or when it is of a newer Slipway.
    """
    try:
        return protocol.read(kind, text)
    except NewerVersion as error:
        raise Problem(
            f"slipway.schema answered in version {error.version} of its protocol, which a newer Slipway has made; this "
            f"checkout understands version {VERSION}. Run this from a checkout of that release, or of a newer one."
        ) from None
    except ValueError:
        raise Problem(f"It ended without an answer. {failed}") from None


def _asked(
    environment: Environment,
    runtime: Runtime,
    kind: type[Answer],
    command: str,
    *args: str,
    failed: str = SEE_ABOVE,
) -> Answer:
    return read(kind, _said(environment, runtime, command, *args, "--json", failed=failed), failed)


def _said(
    environment: Environment,
    runtime: Runtime,
    command: str,
    *args: str,
    failed: str = SEE_ABOVE,
    for_caller: bool = False,
) -> str:
    caller = {"SLIPWAY_BY": who(), "SLIPWAY_ENV": environment.name}
    ran = runtime.run(Job(schema_command(command, *args), env=caller, for_caller=for_caller))
    if ran.status:
        raise _refused(ran, environment, runtime) or Problem(explained(failed, ran.said), ran.status)
    return ran.output


def _refused(ran: Ran, environment: Environment, runtime: Runtime) -> Problem | None:
    # What is wrong with the login or the name of the PostgreSQL that Slipway runs; None when it is something else.
    if not environment.settings.own_database:
        return None
    if "authentication failed" in ran.said:
        return Problem(other_login())
    name = environment.settings.database.name
    if f'database "{name}" does not exist' not in ran.said:
        return None
    look = ["sh", "-c", 'echo "$1" | psql -XqAt -v name="$2"', "sh", OTHERS, name]
    there = runtime.run(Job(look, Where.SUPERUSER)).output.splitlines()
    return Problem(other_name(name, there)) if there else None
