"""What is wrong with the database, by what PostgreSQL and its clients say of it: why, and what to do next.

The one place that reads such messages; the service's image has it as well. Where a variable comes from, only who calls
can tell: an image leaves the cause to a verb that has called it.
"""

import os
import re
from collections.abc import Callable

BEGINNING = 30  # characters by which a cause is known: an environment may be named further on
TRY = "To try it: ./inv psql"
NAMED = re.compile(r"\{([A-Z_ ]+)\}")  # variables, in a cause
# The first that is found is said. Of a PostgreSQL that speaks another language (lc_messages), nothing is found.
CAUSES = [
    (
        r'host name "db" to address|database at db:\d+ could not be reached|'
        r'server at "db"[^\n]*(?:Connection refused|timeout)',
        "The PostgreSQL that Slipway runs is not there, or only starts. What runs: ./inv ps. `inv up` starts "
        "it, in production `inv deploy`.",
    ),
    (
        r"host\.docker\.internal.*(?:not known|name resolution|No address)|(?:not known|name resolution|"
        r"No address).*host\.docker\.internal",
        "Docker on Linux has no name host.docker.internal unless it is told. In compose.yaml, give `web`, "
        '`migrate` and `db` the line extra_hosts: ["host.docker.internal:host-gateway"]; without Docker, '
        "let {DATABASE_HOSTNAME} be 127.0.0.1. " + TRY,
    ),
    (
        r"could not translate host name|Name or service not known|name resolution|No address associated|"
        r"nodename nor|Name does not resolve|Name has no usable address",  # the last two are musl's
        "The name is not known where the service runs. Correct {DATABASE_HOSTNAME}, or the DNS there. " + TRY,
    ),
    (
        r"too many clients already|remaining connection slots|too many connections for",
        "PostgreSQL has no connection left. Who has them: ./inv psql -- -c 'SELECT usename, application_name,"
        " count(*) FROM pg_stat_activity GROUP BY 1, 2', once one is free. Let the service take fewer "
        "(DATABASE_POOL_SIZE, WEB_CONCURRENCY, --scale), or PostgreSQL more (max_connections): "
        "docs/deploys.md",
    ),
    (
        r"password authentication failed|no password supplied",
        "PostgreSQL refuses the login. Correct {DATABASE_USERNAME DATABASE_PASSWORD}. " + TRY,
    ),
    (
        r"no pg_hba\.conf entry.*(?:no encryption|SSL off)",
        "PostgreSQL lets nobody in from here without TLS: let {DATABASE_SSLMODE} be require, or its pg_hba.conf. "
        + TRY,
    ),
    (
        r"no pg_hba\.conf entry",
        "PostgreSQL lets this user in neither from this address nor to this database: its pg_hba.conf has to. " + TRY,
    ),
    (
        r"root certificate file .* does not exist|could not read root certificate file",
        "{DATABASE_SSLROOTCERT} names a file of the service's: the Dockerfile has to copy it, and the "
        "image to be built (./inv build); without Docker, it lies on this machine. " + TRY,
    ),
    (
        r"server does not support SSL|does not support SSL",
        "PostgreSQL speaks no TLS there, and {DATABASE_SSLMODE} demands it. Turn it on there (ssl = "
        "on), or, where the way to it is trusted, let DATABASE_SSLMODE be prefer. " + TRY,
    ),
    (
        r"certificate verify failed|does not match host name|private key file|could not load .*certificate",
        "TLS to PostgreSQL failed at the certificate. {DATABASE_SSLROOTCERT} has to be of the authority"
        " that signed it, DATABASE_HOSTNAME the name in it (verify-full; verify-ca doesn't compare names). " + TRY,
    ),
    (
        r'FATAL: +database "[^"]*" does not exist',
        "Correct {DATABASE_NAME}, or make that database there (CREATE DATABASE). " + TRY,
    ),
    (
        r'role "[^"]*" does not exist',
        "Correct {DATABASE_USERNAME}, or make that role there (CREATE ROLE). " + TRY,
    ),
    (
        r"read-only transaction|cannot be executed during recovery|recovery is in progress",
        "This PostgreSQL only reads: it is a replica, or default_transaction_read_only is on. Let "
        "{DATABASE_HOSTNAME} name the primary. Which it is: ./inv psql -- -c 'SELECT "
        "pg_is_in_recovery()'",
    ),
    (
        r"the database system is (?:starting up|in recovery mode|not yet accepting|shutting down)",
        "PostgreSQL is just starting or stopping. Wait until it is there, then run this again. " + TRY,
    ),
    (
        r"initialized by PostgreSQL version (\d+)\S*,? which is not compatible with this version (\d+)",
        r"PostgreSQL \1 has made the data, and the image of `db` in compose.yaml has PostgreSQL \2, which "
        r"cannot read it. The data is as it was: put image: postgres:\1 back there, then run this again. To "
        r"move it to \2: docs/migrations.md",
    ),
    (
        r"in 18\+, these Docker images are configured to store database data",
        "The image of `db` in compose.yaml keeps its data elsewhere than the volume is, and an older "
        "PostgreSQL has made what is in that. The data is as it was: put the image of before back there "
        "(postgres:17, say), then run this again. To move it: docs/migrations.md",
    ),
    (
        r"No space left on device|[Dd]isk quota exceeded",
        "The disk is full where that was written. Make room (docker system df shows what takes it), then run "
        "this again.",
    ),
    (
        r"server version mismatch|unsupported version \([\d.]+\) in file header",
        "PostgreSQL's programs are older than what they work on. Let the image of `db` in compose.yaml be of "
        "the newer version; without Docker, install its client.",
    ),
    (
        r"Connection refused",
        "Nothing listens there. Start PostgreSQL, let it listen on that address (listen_addresses), or "
        "correct {DATABASE_HOSTNAME DATABASE_PORT}. " + TRY,
    ),
    (
        r"timeout expired|timed out|No route to host|Network is unreachable",
        "Nothing answers there: a firewall, or another address. Correct {DATABASE_HOSTNAME DATABASE_PORT}. " + TRY,
    ),
    (
        r"server closed the connection|terminating connection|connection to server was lost|"
        r"[Tt]he connection is (?:closed|lost)|SSL connection has been closed|SSL SYSCALL error|Connection reset|"
        r"consuming input failed|could not receive data",
        "The database went away, or was stopped, while it was worked on. What runs: ./inv status. Once it is "
        "back, run this again.",
    ),
]


def in_file(*names: str) -> str:
    """Name variables, which .env sets as far as is known here."""
    return f"{' and '.join(names)} in .env"


def cause(said: str, placed: Callable[..., str] = in_file) -> str:
    """Return why, and what to do next, by what was said; "" for what is not known.

    `placed` names variables with where they come from.
    """
    for pattern, text in CAUSES:
        if found := re.search(pattern, said):
            return NAMED.sub(lambda names: placed(*names[1].split()), found.expand(text) if found.groups() else text)
    return ""


def explained(text: str, said: str = "", placed: Callable[..., str] = in_file) -> str:
    """Return a message with its cause, by what was `said` or the message itself, unless that names it already."""
    why = cause(said or text, placed)
    return f"{text} {why}" if why and why[:BEGINNING] not in said + text else text


def explained_here(text: str, said: str = "") -> str:
    """Return a message with its cause where nobody else tells it: the verb that has called this one does."""
    return text if os.environ.get("SLIPWAY_BY") else explained(text, said)
