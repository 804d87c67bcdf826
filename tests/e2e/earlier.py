"""Production as Slipway made it before: the role is the superuser, and the proxy reads the ledger."""

import contextlib
import json
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

from slipway.project.dotenv import parse
from tests.e2e.production import PROD, in_volumes
from tests.e2e.support import commit, run
from tests.support import Checkout

DATABASE = f"{PROD}-db-1"
FILES = Path(__file__).parent / "compose_before"
# Its first role gets the service's name back, with all that the service has.
UNDONE = """
SELECT rolpassword AS password FROM pg_authid WHERE rolname = :'service' \\gset
ALTER ROLE :"service" RENAME TO brought_over;
SELECT rolname AS first FROM pg_authid WHERE oid = 10 \\gset
ALTER ROLE :"first" RENAME TO :"service";
ALTER ROLE :"service" PASSWORD :'password';
REASSIGN OWNED BY brought_over TO :"service";
DROP OWNED BY brought_over;
DROP ROLE brought_over;
"""


# Each is refused for a privilege, or this fails.
REFUSED = """
DO $$
DECLARE attempt text;
BEGIN
    FOREACH attempt IN ARRAY ARRAY[
        'COPY (SELECT 1) TO PROGRAM ''id''', 'SELECT pg_read_file(''/etc/passwd'')', 'CREATE ROLE another',
        'ALTER ROLE CURRENT_USER SUPERUSER', 'SET ROLE superuser', 'SELECT rolpassword FROM pg_authid',
        'SET session_replication_role = replica', 'CREATE EXTENSION file_fdw'
    ] LOOP
        BEGIN
            EXECUTE attempt;
            RAISE 'not refused: %', attempt;
        EXCEPTION WHEN insufficient_privilege THEN
        END;
    END LOOP;
END $$
"""


@contextlib.contextmanager
def files_of_before(checkout: Checkout) -> Iterator[None]:
    """Let the Compose files be those of before, in a commit of its own, and today's again in another one."""
    now = {path.name: (checkout.root / path.name).read_text() for path in FILES.iterdir()}
    for path in FILES.iterdir():
        shutil.copy(path, checkout.root / path.name)
    commit(checkout, "Compose files of before")
    yield
    for name, text in now.items():
        checkout.write(name, text)
    commit(checkout, "Compose files of today")


def as_superuser(sql: str, role: str = "superuser", database: str = "postgres", **values: str) -> str:
    """Return what psql prints as a role that logs in over the socket in the database's container."""
    variables = [word for name, value in values.items() for word in ("-v", f"{name}={value}")]
    script = 'printf %s "$1" | { shift; psql -XqAt -v ON_ERROR_STOP=1 "$@"; }'
    psql = ["sh", "-c", script, "sh", sql, *variables, "-U", role, "-d", database]
    return run("docker", "exec", "--user", "postgres", DATABASE, *psql)


def service(checkout: Checkout) -> tuple[str, str]:
    """Return the names of the service's role and database."""
    values, _ = parse((checkout.root / ".env.prod").read_text())
    return values["DATABASE_USERNAME"], values["DATABASE_NAME"]


def give_settings_back(checkout: Checkout) -> None:
    """Let production have the settings of development, as it had."""
    (checkout.root / ".env.prod").rename(checkout.root / ".env")


def give_superuser_back(checkout: Checkout) -> None:
    """Let the service's role be the superuser, as it was."""
    role, database = service(checkout)
    as_superuser("CREATE ROLE another SUPERUSER LOGIN")
    as_superuser(UNDONE, "another", database, service=role)
    as_superuser("DROP ROLE another", role)
    as_superuser("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE client_addr IS NOT NULL", role)


def superusers(role: str = "superuser") -> set[str]:
    """Return the roles that are superusers, as one of them sees it."""
    return set(as_superuser("SELECT rolname FROM pg_roles WHERE rolsuper", role).split())


def owners(database: str) -> set[str]:
    """Return the roles that own a database and its tables."""
    tables = "SELECT tableowner FROM pg_tables WHERE schemaname = 'public'"
    itself = "SELECT datdba::regrole::text FROM pg_database WHERE datname = current_database()"
    return set(as_superuser(f"{tables} UNION {itself}", database=database).split())


def networks(container: str = DATABASE) -> set[str]:
    """Return the networks of the deployment that a container is on."""
    found = json.loads(run("docker", "inspect", "--format", "{{json .NetworkSettings.Networks}}", container))
    return {name.removeprefix(f"{PROD}_") for name in found}


def give_ledger_back() -> list[str]:
    """Put the ledger and what goes with it where the proxy reads; return the salt, and hashes of secrets."""
    salt, lines = (in_volumes("cat", f"/ledger/{name}") for name in ("salt", "releases.jsonl"))
    in_volumes("sh", "-c", "mv /ledger/* /deployment")
    run("docker", "volume", "rm", f"{PROD}_ledger")
    hashes = json.loads(lines.splitlines()[-1])["settings"]
    return [salt, hashes["DATABASE_PASSWORD"], hashes["SECRET_KEY_FASTAPI_AUTH"]]


def proxy_since() -> str:
    """Return which container the proxy is, and since when it runs."""
    return run("docker", "inspect", "--format", "{{.Id}} {{.State.StartedAt}}", f"{PROD}-proxy-1")


def seen_by_the_proxy(words: list[str]) -> list[str]:
    """Return the files of the proxy's container that have one of these words."""
    grep = ["grep", "-lsF", *(option for word in words for option in ("-e", word)), "{}", "+"]
    find = ["find", "/", "/deployment", "/data", "/config", "/tmp", "-xdev", "-type", "f", "-exec", *grep]
    looked = subprocess.run(["docker", "exec", f"{PROD}-proxy-1", *find], capture_output=True, text=True, check=False)
    return sorted(looked.stdout.split())
