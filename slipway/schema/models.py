"""How the service's models differ from the database, by Alembic's own comparison, whatever its env.py is like."""

from collections.abc import Sequence
from typing import Any

from alembic.autogenerate import RevisionContext
from alembic.autogenerate.api import AutogenContext
from alembic.operations.ops import CreateTableOp, ExecuteSQLOp, MigrationScript, OpContainer
from alembic.runtime.migration import MigrationContext
from alembic.script import Script
from alembic.util import CommandError
from sqlalchemy import Table, inspect

from slipway.schema import enums, settings
from slipway.schema.database import noted
from slipway.schema.environment import environment, translated
from slipway.schema.guard import Guard
from slipway.schema.revisions import Revisions
from slipway.schema.strangers import strangers
from slipway.schema.unimported import unimported


class Comparison:
    """A comparison of models and database, and the revision that would make them alike."""

    def __init__(self, revisions: Revisions, message: str = "") -> None:
        arguments = {
            "message": message, "autogenerate": True, "sql": False, "head": "head", "splice": False,
            "branch_label": None, "version_path": None, "rev_id": None, "depends_on": None,
        }  # fmt: skip
        self.revisions = revisions
        self.made = RevisionContext(revisions.config, revisions.script, arguments, self._complete)
        self.unimported: tuple[str, ...] = ()  # modules that define tables which are not among the models
        self.modules: set[str] = set()  # whose types the revision names
        self.notes: list[str] = []
        self.unlisted: list[str] = []  # what the models may write, and no revision that is written lets in
        self.phase = ""  # where what is written decides it
        self._render_item: Any = None  # as env.py would have it

    def run(self, guard: Guard) -> None:
        """Compare the models with the database that env.py opens; raises what Alembic and env.py raise.

        Alembic's own command would write a file whatever is found.
        """
        of = self.revisions
        options: dict[str, Any] = {"revision_context": self.made}
        options |= {"fn": self._look, "template_args": self.made.template_args}
        with guard.watching(), environment(noted(guard.beside), of.config, of.script, **options):
            of.script.run_env()
        self.unimported = unimported(settings.service(), [of.script.dir, *of.script._version_locations])

    @property
    def differences(self) -> list[Any]:
        """What a revision would do, as Alembic lists it."""
        revisions = self.made.generated_revisions
        return [one for revision in revisions for ops in revision.upgrade_ops_list for one in ops.as_diffs()]

    def write(self) -> list[Script]:
        """Write the revision's file."""
        return [script for script in self.made.generate_scripts() if script]

    def _look(self, heads: Sequence[str], context: MigrationContext) -> list[Any]:
        self._render_item = context.opts.get("render_item")
        if context.version_table_schema == context.dialect.default_schema_name:
            context.version_table_schema = None  # else Alembic takes its own table for one that no model has
        context.opts |= _all_schemas(context) | {"render_item": self._rendered}
        self.made.run_autogenerate(tuple(heads), context)
        return []

    def _rendered(self, kind: str, item: Any, autogenerate: AutogenContext) -> Any:
        if self._render_item:
            rendered = self._render_item(kind, item, autogenerate)
        else:
            rendered = (kind == "type" and enums.rendered(item, autogenerate)) or False
        module = type(item).__module__
        is_named_by_it = not module.startswith("sqlalchemy.") and not autogenerate.opts.get("user_module_prefix")
        if rendered is False and kind == "type" and is_named_by_it:
            self.modules.add(module)
            autogenerate.imports.add(f"import {module}")
        return rendered

    def _complete(self, context: MigrationContext, _heads: Any, scripts: list[MigrationScript]) -> None:
        included = context.opts.get("include_object")
        tables = [one for one in _tables(context) if not included or included(one, one.name, "table", False, None)]
        models, database = enums.wanted(context, tables), enums.there(context)
        self.unlisted = enums.unlisted(context, tables)
        self.notes += self.unlisted + enums.kept(models, database) + enums.reordered(models, database)
        for script in scripts:
            for up, down in zip(script.upgrade_ops_list, script.downgrade_ops_list, strict=True):
                if values := enums.added(context, models, database):
                    if not up.is_empty():
                        self.notes.append("new values come first, alone. Then the rest: ./inv migrate, ./inv revision")
                    up.ops, down.ops = [*values], [enums.Kept()]
                    self.phase = "expand"
                    continue
                self.notes += strangers(up, self.revisions.script._version_locations)
                if not self._render_item:
                    enums.make(context, up, down, database)
                _make_schemas(context, up, down)


def _tables(context: MigrationContext) -> list[Table]:
    metadata = context.opts["target_metadata"]
    listed = metadata if isinstance(metadata, list | tuple) else [metadata] if metadata is not None else []
    return [table for one in listed for table in one.tables.values()]


def _all_schemas(context: MigrationContext) -> dict[str, Any]:
    # Alembic looks at the default schema alone, unless env.py says otherwise; the models may have others.
    named = {table.schema for table in _tables(context)} - {None}
    if context.connection is not None and translated(context.connection).keys() & {None, *named}:
        raise CommandError(
            "env.py has a schema_translate_map, through which Alembic cannot compare models: leave it out "
            "there, or write the revision yourself (./inv revision --empty)."
        )
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

    wanted = named and not context.opts.get("include_schemas")
    return {"include_schemas": True, "include_name": include_name} if wanted else {}


def _make_schemas(context: MigrationContext, up: OpContainer, down: OpContainer) -> None:
    # A schema that is not there yet is made before its first table.
    there = set(inspect(context.connection).get_schema_names())
    quote = context.dialect.identifier_preparer.quote_schema
    wanted = {one.schema for one in up.ops if isinstance(one, CreateTableOp) and one.schema}
    for schema in sorted(wanted - there, reverse=True):
        up.ops.insert(0, ExecuteSQLOp(f"CREATE SCHEMA IF NOT EXISTS {quote(schema)}"))
        down.ops.append(ExecuteSQLOp(f"DROP SCHEMA IF EXISTS {quote(schema)}"))
