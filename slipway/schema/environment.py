"""What env.py runs: once, and noting it where it is looked for."""

import itertools
from configparser import InterpolationError
from typing import Any

from alembic.config import Config
from alembic.runtime.environment import EnvironmentContext
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, text

from slipway import entrypoint
from slipway.schema.database import NOTED, VERSIONS, Refused, known, variable


def environment(noted: str, config: Config, script: ScriptDirectory, **options: Any) -> EnvironmentContext:
    """Return Alembic's, for one run of env.py; `noted` is the schema in which revisions are looked for.

    What env.py runs raises Refused when it has them noted elsewhere, where what is applied would be pending for ever.
    """
    _lead(config)
    made = EnvironmentContext(config, script, **options)
    run, runs = made.run_migrations, itertools.count()

    def run_once(**kw: Any) -> None:
        if next(runs):
            raise Refused(
                "env.py runs the migrations twice, as for several databases. `inv` migrates one, to which "
                "DATABASE_* lead: let it run them once."
            )
        _refuse_elsewhere(made.get_context(), noted)
        run(**kw)

    made.run_migrations = run_once  # type: ignore[method-assign]  # env.py finds Alembic's own class alone
    return made


def _lead(config: Config) -> None:
    # An env.py that takes the URL of Alembic's .ini gets there what DATABASE_* say, for the driver that it names.
    try:
        before = config.get_main_option("sqlalchemy.url") or ""
    except InterpolationError:  # env.py fills it in
        return
    scheme, _, rest = before.partition("://")
    named, _, driver = scheme.partition("+")
    if named not in ("postgresql", "postgres", "driver"):  # the last one is of Alembic's own template
        return
    query = rest.partition("?")[2]
    place, mode = ("ssl" if driver == "asyncpg" else "sslmode"), variable("DATABASE_SSLMODE", "")
    if mode and f"{place}=" not in query:
        query = "&".join([*filter(None, [query]), f"{place}={mode}"])
    template = f"postgresql+{driver or 'psycopg'}://{{user}}:{{password}}@{{host}}:{{port}}/{{name}}"
    if url := entrypoint.rendered({"url": template}, known()).get("url"):
        config.set_main_option("sqlalchemy.url", f"{url}{query and '?'}{query}".replace("%", "%%"))


def _refuse_elsewhere(context: MigrationContext, noted: str) -> None:
    schema, table = _noted(context)
    if (schema or noted, table) != (noted, VERSIONS):
        where = f"{schema}.{table}" if schema else table
        raise Refused(
            f"env.py has revisions noted in {where}, and they are looked for in {noted}.{VERSIONS}. Leave "
            "version_table and version_table_schema out of it, and a search_path or schema_translate_map that leads "
            "there; a table that is there already has to be moved (ALTER TABLE ... SET SCHEMA, RENAME TO)."
        )


def _noted(context: MigrationContext) -> tuple[str, str]:
    # The schema and the name of Alembic's table; the schema is "" without a connection.
    schema, connection = context.version_table_schema, context.connection
    if connection is not None and not context.as_sql:
        schema = translated(connection).get(schema, schema) or connection.execute(text(NOTED)).scalar()
    return str(schema or ""), str(context.version_table)


def translated(connection: Connection) -> dict[str | None, str | None]:
    """Return which schemas a connection of env.py takes for others."""
    found: dict[str | None, str | None] = connection.get_execution_options().get("schema_translate_map") or {}
    return found
