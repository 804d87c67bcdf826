"""The service's database: where it is, and who connects to it.

Outside the image, the names DATABASE_* are defined here; a URL says the same.
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from urllib.parse import parse_qs, unquote, urlsplit

from slipway.core.sources import placed
from slipway.schema import causes

OWN = "db"  # the host of the PostgreSQL that Slipway runs
SUPERUSER = "superuser"  # of the PostgreSQL that Slipway runs; no variable names it
HOSTNAME, PORT, NAME = "DATABASE_HOSTNAME", "DATABASE_PORT", "DATABASE_NAME"
USERNAME, PASSWORD = "DATABASE_USERNAME", "DATABASE_PASSWORD"
SSLMODE, SSLROOTCERT = "DATABASE_SSLMODE", "DATABASE_SSLROOTCERT"
NAMES = (HOSTNAME, PORT, NAME, USERNAME, PASSWORD, SSLMODE, SSLROOTCERT)
STANDARD_PORT = 5432

NO_DATABASE = f"This service has no database: there is no {HOSTNAME}, in .env or the environment."
REFUSED = re.compile(r'authentication failed|role "[^"]*" does not exist')  # a login
RENAME = "To rename the database itself: docs/migrations.md."
# For psql: the databases that data was made with, where it has none that is called :'name'. Those that restores have
# kept, or had begun with, are none of them.
OTHERS = """SELECT datname FROM pg_database
WHERE NOT datistemplate AND datname <> 'postgres' AND datname !~ '_(before|restored)_[0-9]{8}t[0-9]{6}z$'
AND NOT EXISTS (SELECT FROM pg_database WHERE datname = :'name') ORDER BY 1"""


@dataclass(frozen=True)
class Database:
    """A database, and a login to it.

    `sslmode` and `sslrootcert` are PostgreSQL's own settings, "" for its defaults.
    """

    username: str
    password: str = field(repr=False)
    name: str
    host: str = ""
    port: int = STANDARD_PORT
    sslmode: str = ""
    sslrootcert: str = ""

    @classmethod
    def of(cls, values: Mapping[str, str]) -> "Database":
        """Read it from the service's variables, which are checked already."""
        return cls(
            values[USERNAME], values[PASSWORD], values[NAME], values.get(HOSTNAME, ""),
            int(values.get(PORT) or STANDARD_PORT), values.get(SSLMODE, ""), values.get(SSLROOTCERT, ""),
        )  # fmt: skip

    @classmethod
    def at(cls, url: str) -> "Database":
        """Read a URL, like postgresql://user:password@host:5432/name?sslmode=require.

        Raises ValueError for what is none, or names no user, host or database.
        https://www.postgresql.org/docs/current/libpq-connect.html#LIBPQ-CONNSTRING-URIS
        """
        parts = urlsplit(url)
        username, host, name = unquote(parts.username or ""), parts.hostname or "", unquote(parts.path.lstrip("/"))
        if parts.scheme.partition("+")[0] not in ("postgresql", "postgres") or not (username and host and name):
            raise ValueError("it is not postgresql://USER:PASSWORD@HOST:PORT/NAME")
        options = {key: values[-1] for key, values in parse_qs(parts.query).items()}
        return cls(
            username, unquote(parts.password or ""), name, host, parts.port or STANDARD_PORT,
            options.get("sslmode", ""), options.get("sslrootcert", ""),
        )  # fmt: skip

    def seen_at(self, host: str, port: int) -> "Database":
        """Return the same database at another address: seen from elsewhere."""
        return replace(self, host=host, port=port)

    @property
    def variables(self) -> dict[str, str]:
        """The service's variables that name it."""
        tls = {SSLMODE: self.sslmode, SSLROOTCERT: self.sslrootcert}
        return {
            HOSTNAME: self.host, PORT: str(self.port), USERNAME: self.username, PASSWORD: self.password,
            NAME: self.name,
        } | {name: value for name, value in tls.items() if value}  # fmt: skip

    @property
    def client(self) -> dict[str, str]:
        """What psql and its kin read: PGHOST, PGPASSWORD, ...

        TLS is for databases elsewhere: the one that Slipway runs speaks none.
        """
        tls = {"PGSSLMODE": self.sslmode, "PGSSLROOTCERT": self.sslrootcert}
        return {
            "PGHOST": self.host, "PGPORT": str(self.port), "PGUSER": self.username, "PGPASSWORD": self.password,
            "PGDATABASE": self.name,
        } | {name: value for name, value in tls.items() if value and self.host != OWN}  # fmt: skip


def unfit(values: Mapping[str, str]) -> list[str]:
    """Return what PostgreSQL's own initialisation cannot take of these values, here and in its image."""
    findings = []
    if "\n" in values.get(PASSWORD, ""):
        findings.append("DATABASE_PASSWORD has more than one line, which initdb cannot take")
    if not re.fullmatch(r"(?!pg_)[A-Za-z_][A-Za-z0-9_. -]*", values.get(USERNAME) or "x"):
        findings.append("DATABASE_USERNAME has to be letters, digits, _ . - or spaces, and not to begin with pg_")
    if values.get(USERNAME) == SUPERUSER:
        findings.append(f"DATABASE_USERNAME = {SUPERUSER!r} is the superuser's name: choose another one")
    return findings


def explained(text: str, said: str = "", own: bool = False) -> str:
    """Return a message with its cause, by what was `said` or the message itself, as it is told here.

    `own` tells whether it is about the PostgreSQL that Slipway runs.
    """
    refused = own and REFUSED.search(said or text)
    return f"{text} {other_login()}" if refused else causes.explained(text, said, placed)


def other_login() -> str:
    """Say that the data of the PostgreSQL that Slipway runs has another login, and what to do."""
    return (
        f"The database has another user or password than {placed(USERNAME, PASSWORD)}. Put its own back there: all "
        f"data stays as it is. Or, for this password to become that of the same user: ./inv rotate {PASSWORD} --given"
    )


def other_name(name: str, there: Sequence[str]) -> str:
    """Say that the data of the PostgreSQL that Slipway runs has no database of this name, and what to do."""
    return (
        f"There is no database {name!r}, and the data has {', '.join(map(repr, there))}: {placed(NAME)} was another "
        f"one when it was made. Put that back there: all data stays as it is. {RENAME}"
    )
