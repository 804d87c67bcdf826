"""How Alembic reaches the service's models and database."""

import importlib.util
import logging
import pkgutil

from sqlalchemy import create_engine, pool

import app
from alembic import context
from app.core.config import DatabaseSettings
from app.core.models import Base

logging.basicConfig(format="%(message)s")
logging.getLogger("alembic.runtime.migration").setLevel(logging.INFO)

for package in pkgutil.iter_modules(app.__path__, "app."):  # a domain's models are known without a line here
    if package.ispkg and importlib.util.find_spec(f"{package.name}.models"):
        importlib.import_module(f"{package.name}.models")


def run_offline() -> None:
    """Print the SQL of the migrations."""
    context.configure(dialect_name="postgresql", target_metadata=Base.metadata, literal_binds=True)
    with context.begin_transaction():
        context.run_migrations()


def include_name(name: str | None, kind: str, _parents: object) -> bool:
    """Tell whether Alembic compares what is called so: of schemas, the default one and those of the models."""
    return kind != "schema" or name in {None, *(table.schema for table in Base.metadata.tables.values())}


def run_online() -> None:
    """Run the migrations, each in a transaction of its own."""
    # For plain `alembic upgrade`: no request waits longer for it. `inv migrate` sets its own for each statement.
    arguments = {"connect_timeout": 10, "options": "-c lock_timeout=2s"}
    engine = create_engine(DatabaseSettings.load().database_url, poolclass=pool.NullPool, connect_args=arguments)
    with engine.connect() as connection:
        context.configure(
            connection=connection,
            target_metadata=Base.metadata,
            transaction_per_migration=True,
            include_schemas=True,
            include_name=include_name,
        )
        with context.begin_transaction():
            context.run_migrations()


if context.is_offline_mode():
    run_offline()
else:
    run_online()
