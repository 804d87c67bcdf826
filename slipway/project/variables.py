"""What the service has in its environment: its settings, what it calls the database, and what Slipway says there."""

import json
import os
from collections.abc import Mapping, Sequence
from dataclasses import fields

from slipway import entrypoint
from slipway.project.config import Project
from slipway.schema import GIVEN

READS = {entrypoint.SECRETS_AS, entrypoint.RENDER}  # what lets an image's entrypoint look for secrets
ENTRYPOINT = ["python", "-m", "slipway.entrypoint"]


def of_image(project: Project) -> dict[str, str]:
    """Return the variables of an image: what slipway.entrypoint and slipway.schema have to know, and nothing secret."""
    as_variables = {entrypoint.SECRETS_AS: project.secrets_as} if project.secrets_as == "environment" else {}
    return {**as_variables, **_told(project)}


def of_service(project: Project, values: Mapping[str, str]) -> dict[str, str]:
    """Return the variables of a process that runs the service's code on this machine.

    `values` are the service's settings, with DATABASE_* as they are seen from here: what it calls the database is made
    of them, and is as secret. Its own lines of .env for that are replaced.
    """
    rendered = entrypoint.rendered(project.database.rendered, values)
    # The project itself is in no environment that is made here: `python app/first_data.py` has only app/ without this.
    folders = [str(project.root / folder) for folder in project.pythonpath or (".",)]
    path = os.pathsep.join([*folders, *filter(None, [os.environ.get("PYTHONPATH", "")])])
    return {**values, **rendered, **_told(project), "PYTHONPATH": path}


def with_variables(project: Project, argv: Sequence[str]) -> list[str]:
    """Return a command in the service's container that has the variables of the service, by the entrypoint."""
    return [*(ENTRYPOINT if of_image(project).keys() & READS else ()), *argv]


def _told(project: Project) -> dict[str, str]:
    # With the templates, slipway.schema renders them for a scratch database.
    rendered = project.database.rendered
    limits = {field.name.replace("_", "-"): getattr(project.migrate, field.name) for field in fields(project.migrate)}
    lint, alembic = {"after": project.lint.after}, {"alembic": project.alembic} if project.alembic else {}
    table = {"asgi": project.asgi, "migrate": limits, "lint": lint, **alembic}
    return {GIVEN: json.dumps(table), **({entrypoint.RENDER: json.dumps(rendered)} if rendered else {})}
