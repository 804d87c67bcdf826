"""The one error that a user sees, and what both runtimes say."""

from invoke.exceptions import Exit

DIFFERS = (
    "The database was made with another user or password than .env names. Put the old DATABASE_USERNAME and "
    "DATABASE_PASSWORD back into .env"
)
OTHER_LOGIN = f"{DIFFERS}, or start with an empty database: ./inv down --volumes, then ./inv up."
MIGRATION_FAILED = "The migration failed (see above); nothing was started on its schema. Mend it, then: ./inv migrate"
NO_MIGRATIONS = "This project has no migrations: `alembic init alembic` makes the folder for them."
NO_REVISION = "No migration was made (see above). The database must be at the newest revision: ./inv migrate"


class Problem(Exit):
    """End the verb with a message that names the next command.

    Takes the message and the exit status (1 unless told). Invoke prints the message to standard error.
    """

    def __init__(self, message: str, code: int = 1) -> None:
        super().__init__(message, code)


class Interrupted(Exit):
    """End the verb as a signal asked; the status is 128 + its number.

    It is no Problem: who can do without something that fails cannot do without obeying.
    """

    def __init__(self, signum: int) -> None:
        super().__init__("Stopped.", 128 + signum)


def taken(port: int, by: str) -> str:
    """Return what to say when the port is taken."""
    return (
        f"Port {port} is taken by {by}. Stop it, or use another port: ./inv up --port {port + 1} "
        f"(for good: PORT={port + 1} in .env)."
    )
