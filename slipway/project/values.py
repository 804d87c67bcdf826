"""The variables of .env and the environment, as they are: also of a .env that is not in order."""

import os
from functools import partial

from slipway.core.errors import Problem
from slipway.project import dotenv, hidden
from slipway.project.config import Project
from slipway.project.database import HOSTNAME, NAMES

HEADERS = "OTEL_EXPORTER_OTLP_HEADERS"  # what logs in where logs are sent


def schema(project: Project) -> dotenv.Schema | None:
    """Return the variables of .env.example, None without one."""
    if not project.example:
        return None
    found, rendered = dotenv.schema(project.example), project.database.rendered.keys() - {*NAMES}
    replaced = rendered | project.sought.keys()
    listed = found.required.keys() | found.optional
    return dotenv.Schema(
        {name: value for name, value in found.required.items() if name not in replaced},
        found.optional - replaced,
        frozenset(replaced | (_of_deployer(project) - listed)),
        is_open=not (project.root / ".env.example").exists(),
    )


def read(project: Project) -> dotenv.Read:
    """Return the values that .env or, before it, the environment has, and what is wrong with .env; raises Problem."""
    path = project.settings_file
    values: dict[str, str] = {}
    findings: list[str] = []
    try:
        values, findings = dotenv.parse(path.read_text(encoding="utf-8"), partial(hidden.is_hidden, project))
    except FileNotFoundError:
        if path.is_symlink():
            raise Problem(
                f".env leads to {path.readlink()}, and there is no such file: make it, or remove .env."
            ) from None
    except UnicodeDecodeError as error:
        raise Problem(f".env is not UTF-8 text: byte {error.start} cannot be read. Save it as UTF-8.") from None
    except PermissionError:
        raise Problem(f".env cannot be read by this user: sudo chown {os.getuid()} .env") from None
    except OSError as error:
        raise Problem(f".env cannot be read: {error.strerror}. Move it away; ./inv up makes one.") from None
    known = schema(project)
    names = {*_of_deployer(project), *project.elsewhere} | (
        (known.required.keys() | known.optional) if known else set()
    )
    given = {name: os.environ[name] for name in names if name in os.environ}
    return project.place.defaults | values | given, findings


def _of_deployer(project: Project) -> set[str]:
    return {*project.hooks.secrets, *([HEADERS] if project.deploy.otlp else [])}


def of_deployer(project: Project) -> set[str]:
    """Return the variables that are for whoever deploys alone: .env may set them, and the service doesn't read them."""
    example = dotenv.schema(project.example)
    return _of_deployer(project) - example.required.keys() - example.optional - {*project.secrets, *NAMES}


def told(project: Project, name: str) -> str:
    """Return a variable of whoever deploys, from the environment or else .env, "" for none.

    A .env that cannot be read has none.
    """
    try:
        return read(project)[0].get(name, "")
    except Problem:
        return os.environ.get(name, "")


def hostname(project: Project) -> str:
    """Return where the database is, "" for a service without one; raises Problem when .env cannot be read."""
    example = schema(project)
    return ((example.required if example else {}) | read(project)[0]).get(HOSTNAME, "")


def names(project: Project) -> list[str]:
    """Return the variables that .env.example lists, required and optional, and those beyond them that are set."""
    known = schema(project)
    listed = [*known.required, *sorted(known.optional)] if known else []
    return list(dict.fromkeys([*listed, *given(project), *project.sought]))


def given(project: Project) -> dict[str, str]:
    """Return the variables of the service that have a value; raises Problem when .env cannot be read."""
    own = of_deployer(project)
    return {name: value for name, value in read(project)[0].items() if value and name not in own}


def private(project: Project) -> dict[str, str]:
    """Return the values that .env or the environment has, and .env.example has not.

    Raises Problem when a line of .env cannot be read: it may hold one.
    """
    example = schema(project)
    public = example.required if example else {}
    values, findings = read(project)
    if findings:
        listed = "\n".join(f"  - {finding}" for finding in findings)
        raise Problem(f"What .env keeps secret cannot be told:\n{listed}\nCorrect it, then run this again.")
    return {name: value for name, value in values.items() if value and value != public.get(name)}


def example_values(project: Project) -> dict[str, str]:
    """Return .env.example's variables with fresh secrets."""
    return dotenv.parse(dotenv.fill(project.example, project.secrets, dotenv.new_secret))[0]


def sourced(finding: str, example: dotenv.Schema | None) -> str:
    """Return a finding, with where its variable is set if that is not .env.

    No value is shown: who mixes up two lines would show the other one's.
    """
    name, _, rest = finding.partition(" ")
    known = example and (name in example.required or name in example.optional)
    return f"{name}, which the environment sets, {rest}" if known and name in os.environ else finding
