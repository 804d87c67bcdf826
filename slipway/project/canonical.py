"""The variables that Slipway reads itself, for a .env.example that doesn't have them.

They are completed in memory: the file is the project's own. With them, a fresh clone has all of its .env made, the
tests have a database, and a .env may name Slipway's settings.
"""

import re

from slipway.project import dotenv

DATABASE = """
# Where PostgreSQL is; `db` is the one that Slipway runs. What the service calls it is made of these, as
# [tool.slipway.database] of pyproject.toml says.
DATABASE_HOSTNAME=db
DATABASE_PORT=5432
DATABASE_NAME={name}
DATABASE_USERNAME={name}
DATABASE_PASSWORD=
# DATABASE_SSLMODE=prefer
# DATABASE_SSLROOTCERT=system
"""
OWN = """
# Read by Slipway.
# PORT=8000
# HTTPS_PORT=443
# BIND_ADDRESS=127.0.0.1
# DOMAIN=example.com
# ACME_EMAIL=
# ACME_CA=
# ACME_CA_ROOT=
# TRUSTED_PROXIES=
# WEB_MEMORY=1g
# DATABASE_MEMORY=1g
# PROXY_MEMORY=1g
# WEB_CONCURRENCY=4
# WORKER_CLASS=uvicorn_worker.UvicornWorker
# FORWARDED_ALLOW_IPS=127.0.0.1,::1
# BODY_IDLE_SECONDS=30
# BODIES_PER_CLIENT=32
# LOG_FORMAT=json
# METRICS_PORT=
"""


def completed(example: str, name: str, renders: bool) -> str:
    """Return the text of a .env.example with what it lacks of Slipway's own variables.

    `name` is the project's; `renders` tells whether it calls the database otherwise, and so has none of DATABASE_*.
    """
    if not (example or renders):
        return ""
    called = re.sub(r"[^a-z0-9]", "_", name)
    called = called if re.match(r"(?!pg_)[a-z]", called) and called != "superuser" else f"app_{called}"
    if renders:
        return example + "".join(_lacking(block, example) for block in (DATABASE.format(name=called), OWN))
    has_database = "DATABASE_HOSTNAME" in dotenv.schema(example).required
    return example + _lacking(OWN if has_database else OWN.replace("# DATABASE_MEMORY=1g\n", ""), example)


def _lacking(block: str, example: str) -> str:
    known = dotenv.schema(example)
    there = known.required.keys() | known.optional
    lines, kept = block.strip().splitlines(), []
    for line in lines:
        named = re.match(rf"(?:# )?({dotenv.NAME.pattern})=", line)
        if not named or named[1] not in there:
            kept.append(line)
    variables = [line for line in kept if re.match(rf"(?:# )?{dotenv.NAME.pattern}=", line)]
    return "\n".join(["", *kept, ""]) if variables else ""
