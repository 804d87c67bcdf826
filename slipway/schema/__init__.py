"""The schema's side of the verbs: runs where the service runs.

This package goes into the image, so that a migration has the same care wherever the image runs: by `inv migrate`,
by plain `docker compose up`, or as a job of an orchestrator: `python -m slipway.schema upgrade`. It needs Alembic
and psycopg and nothing else, knows the database by DATABASE_*, and takes its limits from [tool.slipway.migrate].
It runs in the service's environment: on Python 3.10 as well.
"""

GIVEN = "SLIPWAY_SCHEMA"  # [tool.slipway] as JSON, as far as it is read here, where there may be no pyproject.toml

NOT_YET = 3  # the status when what is left has to wait
NO_SCRATCH = 4  # ... when the login may not create databases
