"""What is said of a revision that failed: PostgreSQL's words, and the way out where that is ours to know."""

from sqlalchemy.exc import DBAPIError

from slipway.schema.database import Refused

NOT_OPENED = (
    "\nalembic/env.py could not open its database, and DATABASE_* lead to one that answers: does alembic/env.py read "
    "DATABASE_*?"
)


def state(error: DBAPIError) -> str:
    """Return the SQLSTATE of an error, "" where there is none; drivers name it differently."""
    return getattr(error.orig, "sqlstate", None) or getattr(error.orig, "pgcode", None) or ""


def said(error: DBAPIError | Refused) -> str:
    """Return what was said, with the way out."""
    if not isinstance(error, DBAPIError):
        return str(error).strip()
    return f"{error.orig}".strip() + ("" if error.statement else NOT_OPENED)
