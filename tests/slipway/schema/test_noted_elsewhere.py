"""An env.py that has revisions noted where nobody looks for them, or runs them twice: refused before they run."""

import pytest

from tests.slipway.schema.shop import MODEL, serve
from tests.slipway.schema.support import Service

PATH = "connection.exec_driver_sql('SET search_path TO theirs'); connection.commit()"
CONNECTED = ".connect() as connection:"
CONFIGURED = "target_metadata=Base.metadata)"
ELSEWHERE = {
    "schema": (CONFIGURED, "target_metadata=Base.metadata, version_table_schema='theirs')", "theirs.alembic_version"),
    "table": (CONFIGURED, "target_metadata=Base.metadata, version_table='mine')", "public.mine"),
    "path": (CONNECTED, f"{CONNECTED}\n        {PATH}", "theirs.alembic_version"),
    "map": (
        CONNECTED,
        ".connect().execution_options(schema_translate_map={None: 'theirs'}) as connection:",
        "theirs.alembic_version",
    ),
}


def change(service: Service, before: str, after: str) -> None:
    """Change env.py."""
    env = service.root / "alembic/env.py"
    assert before in env.read_text()
    env.write_text(env.read_text().replace(before, after))


@pytest.mark.parametrize("how", list(ELSEWHERE))
def test_revisions_that_are_noted_elsewhere_are_not_applied(service: Service, how: str) -> None:
    serve(service)
    service.do("CREATE SCHEMA theirs")
    before, after, where = ELSEWHERE[how]
    change(service, before, after)
    said = f"env.py has revisions noted in {where}, and they are looked for in public.alembic_version."

    refused = service.run("upgrade")

    assert refused.returncode == 1
    assert said in refused.stderr
    assert "Traceback" not in refused.stderr
    assert service.ask("SELECT to_regclass('public.t'), to_regclass('theirs.t')") == [(None, None)]
    if how != "path":  # a scratch database has no such schema
        assert said.partition(", and")[0] in service.json("check")["trials"][0]["error"]


def test_a_schema_that_is_named_and_is_the_same_is_no_other(service: Service) -> None:
    serve(service)
    change(service, CONFIGURED, "target_metadata=Base.metadata, version_table_schema='public')")

    assert service.run("upgrade").returncode == 0
    assert service.run("upgrade").returncode == 0
    assert (service.at, service.json("check")["models"]) == ("0001", "")


def test_migrations_are_run_once(service: Service) -> None:
    serve(service)
    run = "            context.run_migrations()"
    change(service, run, f"{run}\n{run}")

    refused = service.run("upgrade")

    assert refused.returncode == 1
    assert "env.py runs the migrations twice" in refused.stderr
    assert "Traceback" not in refused.stderr


def test_models_are_not_compared_through_a_map_of_their_schemas(service: Service) -> None:
    serve(service, models=f"{MODEL}    __table_args__ = {{'schema': 'tenant'}}\n")
    mapped = ".connect().execution_options(schema_translate_map={'tenant': 'theirs'}) as connection:"
    change(service, CONNECTED, mapped)
    assert service.run("upgrade").returncode == 0

    refused = service.run("revise", "--message", "m")

    assert refused.returncode == 1
    assert "through which Alembic cannot compare models" in refused.stderr
    assert "./inv revision --empty" in service.json("check")["models"]
