"""Which of the service's values are never shown, and which mean something else once they are a file."""

import os
from collections.abc import Mapping

from slipway.core.secrecy import Secrets, likely, tells
from slipway.project import database, dotenv
from slipway.project.config import Project


def hide(project: Project, values: Mapping[str, str], secrets: Secrets) -> None:
    """Let nothing show what is secret of a .env's values, and of the environment.

    That is what `[tool.slipway.secrets]` and the `secrets` of hooks name, whatever it is, and what is likely to be
    secret.
    """
    certain = {values[name] for name in (*project.secrets, *project.hooks.secrets) if values.get(name)}
    either = likely({**os.environ, **values}, dotenv.examples(project.example))
    secrets.add(*certain, *either)
    secrets.add(*(one.strip("'\"") for one in certain | either))  # of a line whose quotes cannot be read


def is_hidden(project: Project, name: str, value: str) -> bool:
    """Tell whether a finding must not show a variable's value."""
    return name in (*project.secrets, *project.hooks.secrets) or tells(name, value)


def misread(project: Project, values: Mapping[str, str]) -> list[str]:
    """Return what is wrong with values that mean something else in production, or nothing anywhere.

    A secret is a file there. pydantic-settings strips what it reads, and reads as Python does: a carriage return is the
    end of a line.
    """
    findings = []
    for name in (*project.secrets, *(one for one in database.NAMES if one not in project.secrets)):
        value = values.get(name, "")
        if value != value.strip():
            findings.append(f"{name} begins or ends with white space, which is lost where it is read from a file")
        elif name in project.secrets and "\r" in value:
            findings.append(f"{name} has a carriage return, which is another character where it is read from a file")
    return findings + [f"{name} is not UTF-8 text" for name, value in values.items() if not _is_text(value)]


def _is_text(value: str) -> bool:
    return not any("\ud800" <= letter <= "\udfff" for letter in value)
