"""What is said of a revision that failed: PostgreSQL's words, and the way out where that is ours to know."""

import contextlib
import sys
import traceback
from collections.abc import Callable, Iterator

from alembic.util import CommandError
from sqlalchemy.exc import DBAPIError

from slipway.schema.database import Refused

NOT_OPENED = (
    "\nenv.py could not open its database, and DATABASE_* lead to one that answers: does env.py read DATABASE_*?"
)

HINTS = {  # by SQLSTATE, and what is said besides
    ("55P04", ""): (  # unsafe_new_enum_value_usage
        "\nWhat ALTER TYPE ... ADD VALUE adds can be used once that is committed: put it into a revision of its own, "
        "before this one."
    ),
    ("42710", "enum label"): (  # duplicate_object
        "\nPostgreSQL takes no value away, so that it is there when the revision is applied again: let it say "
        "ADD VALUE IF NOT EXISTS. Where it is applied already, that changes nothing."
    ),
    ("42804", "USING"): (  # datatype_mismatch
        "\nPostgreSQL has to be told how old values become new ones: op.alter_column(..., postgresql_using=...) with "
        "that expression, in downgrade() as well. That writes the table anew; the way without: docs/migrations.md"
    ),
}


def state(error: DBAPIError) -> str:
    """Return the SQLSTATE of an error, "" where there is none; drivers name it differently."""
    return getattr(error.orig, "sqlstate", None) or getattr(error.orig, "pgcode", None) or ""


def said(error: DBAPIError | Refused) -> str:
    """Return what was said, with the way out."""
    if not isinstance(error, DBAPIError):
        return str(error).strip()
    text = f"{error.orig}".strip()
    if not error.statement:
        return text + NOT_OPENED
    return text + next((hint for (code, word), hint in HINTS.items() if code == state(error) and word in text), "")


@contextlib.contextmanager
def refused(named: str, outcome: Callable[[], str]) -> Iterator[None]:
    """Turn what Alembic, env.py or a revision raise into Refused, with the traceback printed where it has to be seen.

    What the database says is left to the caller.
    """
    try:
        yield
    except (DBAPIError, Refused):
        raise
    except SystemExit as error:  # of the revision, or of the service's settings
        said = f"{error.code}\n" if isinstance(error.code, str) else ""
        raise Refused(f"{said}{named} ended early (SystemExit): {outcome()}.") from None
    except CommandError as error:
        raise Refused(f"{named}: {error}") from None
    except Exception as error:
        if reason := _reason(error):
            raise reason from None
        traceback.print_exc(file=sys.stderr)
        raise Refused(f"{named} failed (see above): {outcome()}.") from None


def _reason(error: BaseException | None) -> DBAPIError | Refused | None:
    # What autocommit_block() and others raise when they clean up hides why they had to.
    while error:
        if isinstance(error, DBAPIError | Refused):
            return error
        error = error.__cause__ or error.__context__
    return None
