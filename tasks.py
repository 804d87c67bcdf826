"""The verbs of the service's lifecycle, by stage.

`inv --list` shows them, `inv --help VERB` explains one. What they do is in slipway/verbs/, what they know of the
service is in `[tool.slipway]` of pyproject.toml. Verbs of your own stand here as well: a function with `@task`.
"""
# ruff: noqa: I001, RUF022  (the order is that of the lifecycle)

# Run it, with Docker or without.
from slipway.verbs.run import up, down, status, ps, logs, shell
from slipway.verbs.env import env

# Work on it: tests, schema, data.
from slipway.verbs.test import test
from slipway.verbs.database import migrate, revision, check, downgrade, backup, restore, psql

# Ship it: an image, a version, a server.
from slipway.verbs.image import build, pins, image, sbom, audit
from slipway.verbs.release import release, verify
from slipway.verbs.deploy import deploy, rollback, releases
from slipway.verbs.rotate import rotate

__all__ = [
    "up", "down", "status", "ps", "logs", "shell", "env",
    "test", "migrate", "revision", "check", "downgrade", "backup", "restore", "psql",
    "build", "pins", "image", "sbom", "audit", "release", "verify", "deploy", "rollback", "releases",
    "rotate",
]  # fmt: skip
