"""The roles of a PostgreSQL on this machine: the superuser, and the service's, which is an ordinary one.

The superuser's password lies beside the data, for this user's eyes alone: who reads that folder has the data anyway.
"""

import os
import secrets
import subprocess
from collections.abc import Mapping
from pathlib import Path

from slipway.core.errors import Problem
from slipway.core.ports import LOOPBACK
from slipway.core.programs import ended
from slipway.project.database import OTHERS, SUPERUSER, Database, other_login, other_name
from slipway.runtime.bring_over import SUPERUSER_PASSWORD, Role, bring_over_command
from slipway.runtime.identity import environ
from slipway.runtime.installations import Binaries

LIMIT = 600  # seconds
REFUSED = "authentication failed"
NAMED = "named "  # before a name

# No password gets into the server's log.
MAKE = r"""
SET log_min_error_statement = panic;
\set password `printf %s "$SERVICE_PASSWORD"`
CREATE ROLE :"username" LOGIN CREATEDB PASSWORD :'password';
"""
ROLES = r"""
SELECT CASE WHEN to_regrole(quote_ident(:'username')) IS NOT NULL THEN 'mine'
            WHEN count(*) = 0 THEN 'none' ELSE 'others' END
FROM pg_roles WHERE oid >= 16384
"""
CHANGE = r"""
SET log_min_error_statement = panic;
\set password `printf %s "$SERVICE_PASSWORD"`
ALTER ROLE :"username" PASSWORD :'password';
"""
# As the service: that checks its password as well. Data that has a database of another name gets no second, empty one.
OPEN = rf"""
SELECT format('CREATE DATABASE %I', :'name')
WHERE NOT EXISTS (SELECT FROM pg_database WHERE datname = :'name') AND NOT EXISTS ({OTHERS})
\gexec
SELECT '{NAMED}' || datname FROM ({OTHERS}) AS others;
SELECT CASE WHEN oid = 10 THEN 'before'
            WHEN EXISTS (SELECT FROM pg_auth_members WHERE roleid = 10 AND member = r.oid) THEN 'between'
            ELSE 'done' END
FROM pg_roles r WHERE rolname = current_user
"""  # noqa: S608  (of constants)


class Roles:
    """The roles of a server that runs; `file` has the superuser's password."""

    def __init__(self, file: Path, binaries: Binaries) -> None:
        self.file = file
        self.binaries = binaries

    @property
    def password(self) -> str:
        """The superuser's password, made when there is none."""
        if not self.file.exists():
            made = self.file.with_suffix(".new")
            made.unlink(missing_ok=True)
            made.touch(mode=0o600)
            made.write_text(f"{secrets.token_urlsafe(32)}\n")
            made.replace(self.file)
        return self.file.read_text().strip()

    def open(self, database: Database, port: int) -> Role:
        """Have the service's role, with the password of .env, and its database; return what the role is.

        Raises Problem when the data was made with another user, or for a database of another name.
        """
        at = database.seen_at(LOOPBACK, port)
        status, out, said = self._tell(at, OPEN, "postgres", {"name": database.name})
        if REFUSED in said and self.file.exists() and self._admit(database, port):
            status, out, said = self._tell(at, OPEN, "postgres", {"name": database.name})
        if REFUSED in said:
            raise Problem(other_login())
        if status:
            raise Problem(f"{said}\nThe database {database.name} could not be made.")
        *others, role = out.splitlines()
        if others:
            raise Problem(other_name(database.name, [one.removeprefix(NAMED) for one in others]))
        return Role(role)

    def make(self, database: Database, port: int) -> None:
        """Make the service's role."""
        self._with_password(MAKE, database, port)

    def _admit(self, database: Database, port: int) -> bool:
        # Whether the login is good from now on: the role is there and gets its password, or whoever made the data was
        # killed before it had one.
        superuser = Database(SUPERUSER, self.password, "", LOOPBACK, port)
        known = self._tell(superuser, ROLES, "postgres", {"username": database.username})[:2]
        if known not in ((0, "none"), (0, "mine")):
            return False
        self._with_password(CHANGE if known[1] == "mine" else MAKE, database, port)
        return True

    def _with_password(self, sql: str, database: Database, port: int) -> None:
        values = {"username": database.username}
        self.as_superuser(sql, port, values=values, secrets={"SERVICE_PASSWORD": database.password})

    def as_superuser(
        self,
        sql: str,
        port: int,
        database: str = "postgres",
        values: Mapping[str, str] | None = None,
        secrets: Mapping[str, str] | None = None,
    ) -> str:
        r"""Let psql carry out a script in a database; return what it prints.

        `values` are variables of psql, `secrets` of its environment: \set name `printf %s "$NAME"`. Raises Problem.
        """
        login = Database(SUPERUSER, self.password, database, LOOPBACK, port)
        status, out, said = self._tell(login, sql, database, values or {}, secrets or {})
        if REFUSED in said:
            raise Problem(f"{said}\n{self.file} does not have the password of PostgreSQL's superuser.")
        if status:
            raise Problem(said)
        return out

    def bring_over(self, database: Database, port: int) -> None:
        """Make the service's role, which is the superuser in data of before, an ordinary one; raises Problem."""
        env = self._environ(database.seen_at(LOOPBACK, port), "postgres") | {SUPERUSER_PASSWORD: self.password}
        env["PATH"] = f"{self.binaries.folder}{os.pathsep}{env.get('PATH', '')}"
        status, _, said = _run(bring_over_command(database), "", env)
        if status:
            raise Problem(
                f"{said}\nThe database's user {database.username} could not be made an ordinary one (see above). The "
                "data is all there; what was begun is carried on with by the next ./inv up."
            )

    def _tell(
        self, login: Database, sql: str, name: str, values: Mapping[str, str], hidden: Mapping[str, str] | None = None
    ) -> tuple[int, str, str]:
        argv = [self.binaries["psql"], "-XqAt", "-v", "ON_ERROR_STOP=1"]
        argv += [word for pair in values.items() for word in ("-v", "=".join(pair))]
        return _run(argv, sql, self._environ(login, name) | dict(hidden or {}))

    def _environ(self, login: Database, name: str) -> dict[str, str]:
        # It speaks no TLS, and a client's certificate is not asked for.
        told = {key: value for key, value in login.client.items() if not key.startswith("PGSSL")}
        return {**environ(), **told, "PGDATABASE": name, "PGSSLMODE": "disable"}


def _run(argv: list[str], sql: str, env: Mapping[str, str]) -> tuple[int, str, str]:
    pipe = subprocess.PIPE

    def started() -> "subprocess.Popen[str]":
        return subprocess.Popen(argv, env=env, stdin=pipe, stdout=pipe, stderr=pipe, text=True)

    try:
        with ended(started) as process:
            out, said = process.communicate(sql, timeout=LIMIT)
    except subprocess.TimeoutExpired:
        raise Problem(f"PostgreSQL did not answer {argv[0]} in {LIMIT} s.") from None
    return process.returncode, out.strip(), said.strip()
