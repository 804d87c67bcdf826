"""The verbs of the service's lifecycle, by stage.

`./inv` shows them, `./inv --help VERB` explains one. What they do is in the package slipway.verbs, what they know
of the service is in `[tool.slipway]` of pyproject.toml. Verbs of your own stand here as well: a function with `@task`.
"""
# ruff: noqa: I001  (the order is that of the lifecycle)

from slipway.verbs.run import up, down, status, ps, logs, shell
from slipway.verbs.oneoff import run, python
from slipway.verbs.env import env
from slipway.verbs.test import test
from slipway.verbs.database import migrate, revision, check, downgrade, backup, restore, psql
from slipway.verbs.image import build, pins, image, sbom, audit
from slipway.verbs.release import release, verify
from slipway.verbs.deploy import deploy, rollback, releases
from slipway.verbs.nodes import nodes, drain
from slipway.verbs.rotate import rotate
from slipway.verbs.maintenance import maintenance
from slipway.verbs.export import export
from slipway.verbs.upgrade import upgrade, eject
from slipway.verbs.help import help, completion

# How `./inv` lists them; a task of yours stands below, or in a stage that you write here.
STAGES = {
    "Run it, with Docker or without": (up, down, status, ps, logs, shell, run, python, env),
    "Work on it: tests, schema, data": (test, migrate, revision, check, downgrade, backup, restore, psql),
    "Ship it: an image, a version, a server": (
        build, pins, image, sbom, audit, release, verify, deploy, rollback, releases, rotate,
        maintenance, nodes, drain, export,
    ),
    "Slipway itself": (upgrade, eject, help, completion),
}  # fmt: skip
