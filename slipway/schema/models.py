"""How the service's models differ from the database, by Alembic's own comparison, whatever its env.py is like."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from alembic.autogenerate import RevisionContext
from alembic.autogenerate.api import AutogenContext
from alembic.operations.ops import CreateTableOp, ExecuteSQLOp, MigrationScript
from alembic.runtime.environment import EnvironmentContext
from alembic.runtime.migration import MigrationContext
from alembic.script import Script
from alembic.util import CommandError
from sqlalchemy import inspect

from slipway.schema import settings
from slipway.schema.guard import Guard
from slipway.schema.revisions import Revisions
from slipway.schema.unimported import unimported


@dataclass(frozen=True)
class Compared:
    """How models and database differ, and which modules define tables that are not among these models."""

    made: RevisionContext
    unimported: tuple[str, ...]
    modules: set[str]  # whose types the revision names

    @property
    def differences(self) -> list[Any]:
        """What a revision would do, as Alembic lists it."""
        revisions = self.made.generated_revisions
        return [one for revision in revisions for ops in revision.upgrade_ops_list for one in ops.as_diffs()]

    def write(self) -> list[Script]:
        """Write the revision's file."""
        return [script for script in self.made.generate_scripts() if script]


def compare(revisions: Revisions, guard: Guard, message: str = "") -> Compared:
    """Compare the models with the database that env.py opens; raises what Alembic and env.py raise.

    Alembic's own command would write a file whatever is found.
    """
    arguments = {
        "message": message, "autogenerate": True, "sql": False, "head": "head", "splice": False, "branch_label": None,
        "version_path": None, "rev_id": None, "depends_on": None,
    }  # fmt: skip
    made = RevisionContext(revisions.config, revisions.script, arguments, process_revision_directives=_with_schemas)
    modules = set[str]()

    def look(heads: Sequence[str], context: MigrationContext) -> list[Any]:
        context.opts |= _all_schemas(context) | _with_imports(context, modules)
        made.run_autogenerate(tuple(heads), context)
        return []

    options: dict[str, Any] = {"fn": look, "template_args": made.template_args, "revision_context": made}
    with guard.watching(), EnvironmentContext(revisions.config, revisions.script, as_sql=False, **options):
        revisions.script.run_env()
    return Compared(made, unimported(settings.service()), modules)


def _all_schemas(context: MigrationContext) -> dict[str, Any]:
    # Alembic looks at the default schema alone, unless env.py says otherwise; the models may have others.
    metadata = context.opts["target_metadata"]
    listed = metadata if isinstance(metadata, list | tuple) else [metadata] if metadata is not None else []
    named = {table.schema for one in listed for table in one.tables.values()} - {None}
    default = context.dialect.default_schema_name
    if default in named:
        raise CommandError(
            f'Models name the schema "{default}", which they are in without that, and which Alembic takes for another '
            "one then: leave it out."
        )
    theirs = context.opts.get("include_name")

    def include_name(name: str | None, kind: Any, parents: Any) -> bool:
        if kind == "schema" and name not in (None, *named):
            return False
        return bool(theirs(name, kind, parents)) if theirs else True

    return {} if context.opts.get("include_schemas") else {"include_schemas": True, "include_name": include_name}


def _with_imports(context: MigrationContext, modules: set[str]) -> dict[str, Any]:
    # A type that is not SQLAlchemy's is named with its module, which somebody has to import.
    theirs = context.opts.get("render_item")

    def render_item(kind: str, item: Any, autogenerate: AutogenContext) -> Any:
        rendered = theirs(kind, item, autogenerate) if theirs else False
        module = type(item).__module__
        if rendered is False and kind == "type" and not module.startswith("sqlalchemy."):
            modules.add(module)
            autogenerate.imports.add(f"import {module}")
        return rendered

    return {} if context.opts.get("user_module_prefix") else {"render_item": render_item}


def _with_schemas(context: MigrationContext, _heads: Any, scripts: list[MigrationScript]) -> None:
    # A schema that is not there yet is made before its first table.
    there = set(inspect(context.connection).get_schema_names())
    quote = context.dialect.identifier_preparer.quote_schema
    for script in scripts:
        for up, down in zip(script.upgrade_ops_list, script.downgrade_ops_list, strict=True):
            wanted = {one.schema for one in up.ops if isinstance(one, CreateTableOp) and one.schema}
            for schema in sorted(wanted - there, reverse=True):
                up.ops.insert(0, ExecuteSQLOp(f"CREATE SCHEMA IF NOT EXISTS {quote(schema)}"))
                down.ops.append(ExecuteSQLOp(f"DROP SCHEMA IF EXISTS {quote(schema)}"))
