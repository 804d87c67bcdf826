""".env.example, from which .env is made, and an .env that is there: both completed, nothing in them lost."""

import re
from collections.abc import Callable, Mapping
from dataclasses import replace

from slipway.adopt.database import Names
from slipway.adopt.detect import Detected
from slipway.adopt.variables import Variable
from slipway.core.secrecy import tells
from slipway.core.sources import FILE
from slipway.project import dotenv
from slipway.project.database import HOSTNAME, NAME, PASSWORD, SUPERUSER, USERNAME

HEAD = """\
# Every variable of the service, with its comment. `./inv up` makes {file} from this file and
# generates the secrets; a line that is commented out is optional and shows the default.
"""
DATABASE = """\
# Where PostgreSQL is. `db` is the one that Slipway runs for you, with Docker or without; any other
# name is a database elsewhere, and then none is started here.{rendered}
DATABASE_HOSTNAME=db
DATABASE_PORT=5432
DATABASE_NAME={name}
DATABASE_USERNAME={user}
# Generated. To replace it, in the database as well: `./inv rotate DATABASE_PASSWORD`.
DATABASE_PASSWORD=
# TLS to the database: disable, allow, prefer, require, verify-ca or verify-full.
# DATABASE_SSLMODE=prefer
# DATABASE_SSLROOTCERT=system
"""
OWN_LINES = {
    "PORT": "# The port on this machine where the service answers; with a DOMAIN 80, and 443 for HTTPS.\n# PORT={port}",
    "HTTPS_PORT": "# HTTPS_PORT=443",
    "BIND_ADDRESS": "# `inv up --prod` without Docker: the address that it listens on.\n# BIND_ADDRESS=127.0.0.1",
    "DOMAIN": "# `inv deploy`: the host name that gets HTTPS; its DNS has to lead here.\n# DOMAIN=example.com",
    "ACME_EMAIL": "# Where Let's Encrypt tells you that a certificate could not be renewed.\n# ACME_EMAIL=",
    "TRUSTED_PROXIES": "# Proxies before production's own, whose word on a client is taken.\n# TRUSTED_PROXIES=",
    "WEB_CONCURRENCY": "# Worker processes of gunicorn (in development always one).\n# WEB_CONCURRENCY=4",
    "WEB_MEMORY": "# How much memory a container may use.\n# WEB_MEMORY=1g",
    "DATABASE_MEMORY": "# DATABASE_MEMORY=1g",
    "PROXY_MEMORY": "# PROXY_MEMORY=1g",
}
PORT = "PORT"
ISSUED = "change-me"  # no secret is generated in its place, and nothing starts before it is replaced
TAKEN = ("postgres", "template0", "template1")  # databases and roles that are there already


def example(found: Detected, before: str, present: str, file: str = FILE) -> str:
    """Return .env.example with all that it lacks.

    `present` is a `file` of settings that is there, whose names have to be in it.
    """
    known = dotenv.schema(before)
    names = known.required.keys() | known.optional
    text = before if found.is_adopted else _made_fit(found, before)
    blocks: list[str] = []
    if found.database and not {HOSTNAME, NAME, USERNAME, PASSWORD} <= names:
        blocks.append(_without(_database(found, found.database), names))
    names |= _names_in(blocks)
    lines = [line for one in found.variables if (line := _line(found, one, names))]
    if lines:
        blocks.append("\n".join(["# What the service reads.", *lines]) + "\n")
    names |= _names_in(blocks)
    left_out = {*names, *(() if found.database else ("DATABASE_MEMORY",))}
    own = [line.format(port=found.port.value) for name, line in OWN_LINES.items() if name not in left_out]
    if own:
        blocks.append("\n".join(["# What Slipway reads.", *own]) + "\n")
    names |= _names_in(blocks)
    names |= found.database.rendered.keys() if found.database else set()  # Slipway makes them itself
    more = [name for name in dotenv.parse(present)[0] if name not in names and not dotenv.FOREIGN.fullmatch(name)]
    if more:
        blocks.append("\n".join([f"# What is in {file} besides.", *(f"# {name}=" for name in more)]) + "\n")
    start = [text.rstrip("\n") + "\n"] if text.strip() else [HEAD.format(file=file)]
    return "\n".join([*start, *blocks]) if blocks else text


def _names_in(blocks: list[str]) -> set[str]:
    known = dotenv.schema("\n".join(blocks))
    return set(known.required) | known.optional


def _without(block: str, names: set[str]) -> str:
    return "".join(
        line for line in block.splitlines(keepends=True)
        if not (match := re.match(r"(?:# ?)?([A-Z_]+)=", line)) or match[1] not in names
    )  # fmt: skip


def _database(found: Detected, names: Names) -> str:
    rendered = (
        f"\n# While Slipway runs anything, it makes of these: {', '.join(names.rendered)}." if names.rendered else ""
    )
    usual = re.sub(r"\W", "_", found.name.value)
    name = names.name if re.fullmatch(r"[\w-]+", names.name) and names.name not in TAKEN else usual
    user = names.user if re.fullmatch(r"(?!pg_)[A-Za-z_][\w-]*", names.user) else usual
    user = usual if user in (*TAKEN, SUPERUSER) else user
    return DATABASE.format(rendered=rendered, name=name, user=user)


def _line(found: Detected, one: Variable, names: set[str]) -> str:
    rendered = found.database.rendered if found.database else {}
    if one.name in names or one.name in rendered or one.computed or not dotenv.NAME.fullmatch(one.name):
        return ""
    if one.name == PORT:  # what Slipway reads as well; without Docker, the service has it of .env alone
        if not one.required:
            return ""
        names.add(PORT)
        return OWN_LINES[PORT].format(port=found.port.value).replace("# PORT", "PORT")
    names.add(one.name)
    secret = next((secret for secret in found.secrets if secret.name == one.name), None)
    if secret:
        if not secret.required:
            return f"# {one.name}="
        says = (
            "From whom issues it: nobody else can make it."
            if secret.is_issued
            else f"Generated; at least {secret.least} bytes."
        )
        return f"# {says}\n{one.name}={ISSUED if secret.is_issued else ''}"
    given = found.values.get(one.name)
    value = given.value if given and given.is_public and not tells(one.name, given.value) else ""
    if one.required:
        return f"{one.name}={_spelled(value)}"
    return f"# {one.name}={_spelled(one.default or value)}"


def _spelled(value: str) -> str:
    try:
        return dotenv.spell(value)
    except dotenv.Unreadable:
        return ""


def _made_fit(found: Detected, text: str) -> str:
    # Secrets are generated where they are empty; what is empty and no secret is optional.
    generated = {one.name for one in found.secrets if not one.is_issued and one.required}
    needed = {one.name for one in found.variables if one.required} | {one.name for one in found.secrets}

    def fit(match: re.Match[str]) -> str:
        name, value = match[1], match[2].strip()
        if name in generated and value:
            return f"{name}="
        if not value and name not in needed:
            return f"# {name}="
        if not value and name == PORT:
            return f"{name}={found.port.value}"
        return match[0]

    return re.sub(rf"(?m)^({dotenv.NAME.pattern})=(.*)$", fit, text)


def completed(found: Detected, text: str, new_example: str, token: Callable[[int], str]) -> tuple[str, list[str]]:
    """Return an .env that is there with what it lacks, and the names that were added; nothing of it is changed."""
    there = dotenv.parse(text)[0]
    secrets: Mapping[str, int] = {one.name: one.least for one in found.secrets if not one.is_issued}
    added: list[str] = []
    lines: list[str] = []
    for name, value in dotenv.schema(new_example).required.items():
        if name in there:
            continue
        value = value or (token(secrets[name]) if name in secrets else "")
        if value and value != ISSUED:
            lines.append(f"{name}={_spelled(value)}")
            added.append(name)
    if not lines:
        return text, []
    end = "\r\n" if "\r\n" in text else "\n"
    start = text if not text or text.endswith("\n") else text + end
    return start + end.join(["# Added by slipway adopt.", *lines, ""]), added


def by_hand(found: Detected, new_example: str, env: str | None) -> list[str]:
    """Return what is wrong with an .env that is there, or with the one that would be made: no value is shown."""
    secrets = {one.name: one.least for one in found.secrets}
    text = env if env is not None else dotenv.fill(new_example, secrets, dotenv.new_secret)
    values, findings = dotenv.parse(text, lambda name, value: tells(name, value) or name in secrets)
    rendered = frozenset(found.database.rendered if found.database else ())
    known = replace(dotenv.schema(new_example), replaced=rendered)
    return [*findings, *dotenv.check(values, known, secrets)]
