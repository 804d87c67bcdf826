"""In which version, at least, a service has to have the packages that Slipway works with."""

from collections.abc import Iterable

from slipway.project.locks import pep440

# The oldest with which the tests of slipway.schema pass, and with which gunicorn.conf.py serves.
OLDEST = {"alembic": "1.9.4", "gunicorn": "21.2", "psycopg": "3.1"}


def older(versions: Iterable[str], needed: str) -> str:
    """Return the oldest of these versions that is older than needed, "" for none; one that cannot be read is not."""
    known = [one for one in versions if pep440.VERSION.fullmatch(one)]
    found = [one for one in known if pep440.key(one) < pep440.key(needed)]
    return min(found, key=pep440.key, default="")
