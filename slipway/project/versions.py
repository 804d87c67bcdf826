"""What Slipway needs in a service's environment, and in which version at least."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from slipway.project.lockfile import Lockfile, canonical
from slipway.project.locks import pep440

# The oldest with which the tests of slipway.schema pass, and with which gunicorn.conf.py serves.
OLDEST = {"alembic": "1.9.4", "gunicorn": "21.2", "psycopg": "3.1"}


@dataclass(frozen=True)
class Lack:
    """A package that is too old, or not there: `locked` is ""."""

    name: str
    needed: str
    locked: str = ""

    def said(self) -> str:
        """Return it as a part of a sentence."""
        return f"{self.name} {self.needed} or newer ({f'locked: {self.locked}' if self.locked else 'not locked'})"


def lacking(lock: Lockfile, groups: Iterable[str] = ("main",), oldest: Mapping[str, str] = OLDEST) -> list[Lack]:
    """Return all that these groups lack of what Slipway needs; of more versions of one, the oldest counts.

    A version that cannot be read is none that is known to be too old. Raises lockfile.Unusable.
    """
    locked: dict[str, list[str]] = {}
    for package in lock.of(*groups):
        locked.setdefault(canonical(package.name), []).append(package.version)
    found = [Lack(name, needed, older(locked.get(name, []), needed)) for name, needed in oldest.items()]
    return [one for one in found if one.locked or one.name not in locked]


def older(versions: Iterable[str], needed: str) -> str:
    """Return the oldest of these versions that is older than needed, "" for none; one that cannot be read is not."""
    known = [one for one in versions if pep440.VERSION.fullmatch(one)]
    found = [one for one in known if pep440.key(one) < pep440.key(needed)]
    return min(found, key=pep440.key, default="")
