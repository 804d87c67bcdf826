"""Which variables lead to the database, and how each is made of Slipway's DATABASE_*."""

import ast
import re
from collections.abc import Mapping
from dataclasses import dataclass

from slipway.adopt.files import Files
from slipway.adopt.findings import Untold, at
from slipway.adopt.texts import Value
from slipway.adopt.variables import Variable
from slipway.adopt.versions import DRIVERS, Packages
from slipway.project.database import HOSTNAME, NAME, NAMES, USERNAME

# The last words of names, and what they are of a database. The order is that in which a part is looked for.
PARTS = {
    "host": ("HOST", "HOSTNAME", "SERVER", "ADDRESS", "ADDR", "HOST_NAME"),
    "port": ("PORT",),
    "user": ("USER", "USERNAME", "LOGIN", "USER_NAME"),
    "password": ("PASSWORD", "PASS", "PWD", "PASSWD"),
    "name": ("DB", "NAME", "DATABASE", "BASE", "DBNAME", "DB_NAME", "DATABASE_NAME"),
}
URL = re.compile(r"(^|_)(DATABASE|DB|POSTGRES|POSTGRESQL|PG|SQL|SQLALCHEMY|ALEMBIC)(_\w+)*_?(URL|URI|DSN)(_\w+)?$"
                 r"|^(ASYNC|SYNC)_?(DATABASE|DB)_?(URL|URI)$", re.IGNORECASE)  # fmt: skip
OTHERS = re.compile(
    r"MYSQL|MARIADB|REDIS|MONGO|SQLITE|RABBIT|AMQP|KAFKA|SMTP|MAIL|ELASTIC|CLICKHOUSE|TEST|NEO4J|CELERY"
)
KIND = re.compile(r"(^|_)(DB|DATABASE|POSTGRES|POSTGRESQL|PG|PSQL|SQL)(_|$)|^PG|POSTGRES", re.IGNORECASE)
SCHEME = re.compile(r"\b(postgres(?:ql)?(?:\+\w+)?)://")
WHOLE = re.compile(r"\bpostgres(?:ql)?(?:\+\w+)?://.")  # a mere scheme is a part that the code puts together
PORTS = {"3306": "MySQL", "1433": "SQL Server", "1521": "Oracle", "27017": "MongoDB"}
OTHER_DRIVERS = {
    "MySQL": ("aiomysql", "asyncmy", "pymysql", "mysqlclient", "mysql-connector-python"),
    "SQL Server": ("pyodbc", "aioodbc", "pymssql"), "Oracle": ("oracledb", "cx-oracle"),
    "MongoDB": ("pymongo", "motor"),
}  # fmt: skip
BODY = "{user}:{password}@{host}:{port}/{name}"


@dataclass(frozen=True)
class Names:
    """What [tool.slipway.database] renders, and where each was found; `name` and `user` are what the project uses."""

    rendered: dict[str, str]
    where: dict[str, str]
    name: str = ""
    user: str = ""


def names(
    files: Files, variables: list[Variable], values: Mapping[str, Value], locked: Packages
) -> tuple[Names | None, list[Untold]]:
    """Return the variables that lead to the database; None for no database, with what could not be told."""
    known = {one.name: one for one in variables}
    for name in values:  # Compose may name what only a script reads
        if name not in known and (URL.search(name) or KIND.search(name)):
            known[name] = Variable(name, values[name].where, False)
    rendered: dict[str, str] = {}
    untold: list[Untold] = []
    grouped = _parts(variables, values)
    if grouped and (other := _other_kind(variables, grouped, locked)):
        untold.append(Untold(
            f"{grouped['host']} ({known[grouped['host']].where}) and its like lead to {other}; Slipway runs PostgreSQL "
            "alone. If it can be that, write in [tool.slipway.database]:",
            f'{grouped["host"]} = "{{host}}"',
        ))  # fmt: skip
        grouped = {}
    for name, one in known.items():
        kind = _url_kind(one, values)
        if not kind or OTHERS.search(name) or name not in {one.name for one in variables}:
            continue
        if grouped and not one.required and name not in values and not _scheme_in(one.default):
            continue  # made of the parts, unless it is set
        scheme, sure = _scheme(files, one, values, locked)
        if not scheme:
            untold.append(_other(one, values))
            continue
        rendered[name] = f"{scheme}://{BODY}"
        if not sure:
            untold.append(Untold(f"{name} ({one.where}) is a URL, and its scheme is a guess by the drivers that are "
                                 "locked.", f'{name} = "{rendered[name]}"'))  # fmt: skip
    parts = {name: f"{{{part}}}" for part, name in grouped.items() if name not in NAMES}
    rendered |= parts
    if not rendered and not grouped and {HOSTNAME, NAME} <= values.keys():
        return Names({}, {}, values[NAME].value, values[USERNAME].value if USERNAME in values else ""), untold
    if not rendered and not grouped:
        return None, [*untold, *_unsaid(files, locked, untold)]
    where = {name: known[name].where for name in rendered if name in known}
    return Names(rendered, where, *_login(grouped, rendered, known, values)), untold


def _url_kind(one: Variable, values: Mapping[str, Value]) -> bool:
    value = values[one.name].value if one.name in values else ""
    is_postgres = "PostgresDsn" in one.kind or any(WHOLE.search(text) for text in (value, one.default))
    return is_postgres or bool(URL.search(one.name) and not one.computed)


def _scheme_in(text: str) -> str:
    found = SCHEME.search(text)
    return found[1] if found else ""


def _scheme(files: Files, one: Variable, values: Mapping[str, Value], locked: Packages) -> tuple[str, bool]:
    given = values[one.name].value if one.name in values else ""
    for text in (given, one.default):
        if scheme := _scheme_in(text):
            return scheme, True
    if re.match(r"(mysql|mariadb|mongodb|redis|mssql|oracle)", given or one.default):
        return "", True
    is_async = "ASYNC" in one.name.upper() or any("create_async_engine" in files.text(name) for name in files.code)
    if locked.has("asyncpg") and (is_async or not locked.has("psycopg", "psycopg2", "psycopg2-binary")):
        return ("postgresql+asyncpg" if locked.has("sqlalchemy", "sqlmodel") else "postgresql"), False
    if locked.has("psycopg"):
        return ("postgresql+psycopg" if locked.has("sqlalchemy", "sqlmodel") else "postgresql"), False
    return ("postgresql" if locked.has("psycopg2", "psycopg2-binary") else ""), False


def _parts(variables: list[Variable], values: Mapping[str, Value]) -> dict[str, str]:
    # Names under one prefix: the group that has most of what a database needs.
    best: dict[str, str] = {}
    score = 0
    own = list(dict.fromkeys([one.name for one in variables]))
    prefixes = {name[: -len(end)] for name in own for end in PARTS["host"] if name.endswith(end)}
    for prefix in sorted(prefixes):
        if not KIND.search(prefix.rstrip("_")) or OTHERS.search(prefix):
            continue
        group = {
            part: name
            for part, ends in PARTS.items()
            if (name := next((f"{prefix}{end}" for end in ends if f"{prefix}{end}" in own), ""))
        }
        # Names may be spelled without what the prefix is of: POSTGRES_SERVER, POSTGRES_DB; but DB_HOST and DB.
        worth = len(group) + ("POSTGRES" in prefix or prefix.startswith("PG"))
        if "host" in group and len(group) >= 3 and worth > score:
            best, score = group, worth
    return best


def _other_kind(variables: list[Variable], grouped: dict[str, str], locked: Packages) -> str:
    # Which database the parts lead to, by the port or the drivers, "" for PostgreSQL.
    port = next((one.default for one in variables if one.name == grouped.get("port")), "")
    if port in PORTS:
        return PORTS[port]
    found = next((kind for kind, names in OTHER_DRIVERS.items() if locked.has(*names)), "")
    return found if found and not locked.has(*DRIVERS) and port != "5432" else ""


def _login(
    grouped: dict[str, str], rendered: dict[str, str], known: dict[str, Variable], values: Mapping[str, Value]
) -> tuple[str, str]:
    def said(name: str) -> str:
        return values[name].value if name in values else known[name].default if name in known else ""

    name, user = (said(grouped[part]) if part in grouped else "" for part in ("name", "user"))
    for variable in rendered:
        found = re.match(r"[\w+]+://([\w.-]*)(?::[^@]*)?@[^/]*/([\w.-]+)", said(variable))
        user, name = user or (found[1] if found else ""), name or (found[2] if found else "")
    return name, user


def _other(one: Variable, values: Mapping[str, Value]) -> Untold:
    value = values[one.name].value if one.name in values else one.default
    scheme = value.partition("://")[0] if "://" in value else "none that is known"
    return Untold(
        f"{one.name} ({one.where}) names a database, and its scheme is {scheme}; Slipway runs PostgreSQL alone. If "
        "it can be that, write in [tool.slipway.database]:",
        f'{one.name} = "postgresql://{BODY}"',
    )


def _unsaid(files: Files, locked: Packages, told: list[Untold]) -> list[Untold]:
    drivers = [name for name in DRIVERS if locked.has(name)]
    for name in files.code:
        for node in ast.walk(files.tree(name) or ast.Module([], [])):
            line = node.value if isinstance(node, ast.Constant) and isinstance(node.value, str) else ""
            number = getattr(node, "lineno", 0)
            if SCHEME.match(line) and "@" in line:
                return [Untold(f"The database's address stands in the code itself ({at(name, number)}): read it from a "
                               "variable there, then write in [tool.slipway.database]:",
                               f'DATABASE_URL = "{_scheme_in(line)}://{BODY}"')]  # fmt: skip
    if not drivers or told:
        return []
    return [Untold(f"{', '.join(drivers)} is locked ({locked.file}), and no variable was found that leads to the "
                   "database. Write the one that does in [tool.slipway.database]:",
                   f'DATABASE_URL = "postgresql://{BODY}"')]  # fmt: skip
