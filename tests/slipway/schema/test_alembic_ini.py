"""A project with an alembic.ini in a folder of its own: async env.py, several folders of revisions, its own URL."""

import json
import re
import shutil
from pathlib import Path

import pytest

import alembic
from tests.slipway.schema.support import CONCURRENTLY, Service
from tests.support import wait_for

PYPROJECT = """
[tool.slipway]
alembic = "src/alembic.ini"
asgi = "shop.main:app"

[tool.slipway.migrate]
lock-timeout = 1
tries = 2
"""
INI = """
[alembic]
script_location = {location}
prepend_sys_path = .
version_path_separator = space
version_locations = {versions}
sqlalchemy.url = {url}

[loggers]
keys = root,alembic

[handlers]
keys = console

[formatters]
keys = plain

[logger_root]
level = WARNING
handlers = console
qualname =

[logger_alembic]
level = INFO
handlers =
qualname = alembic

[handler_console]
class = StreamHandler
args = (sys.stderr,)
level = NOTSET
formatter = plain

[formatter_plain]
format = %(levelname)-5.5s [%(name)s] %(message)s
"""
TEMPLATE = Path(alembic.__file__).parent / "templates/async"
PSYCOPG = "postgresql+psycopg://user:100%%@elsewhere/other?application_name=shop"
# An env.py that reads the settings of the service, once.
SETTINGS = """
import os
class Settings:
    url = os.environ["SHOP_DB"]
settings = Settings()
"""
READS = ("config = context.config", 'config = context.config\nfrom settings import settings\n'
         'config.set_main_option("sqlalchemy.url", settings.url.replace("%", "%%"))')  # fmt: skip
MODELS = """
import sqlalchemy as sa
target_metadata = sa.MetaData()
key = sa.Column("id", sa.BigInteger, primary_key=True, autoincrement=False)
sa.Table("t", target_metadata, key, sa.Column("a", sa.Text), sa.Column("c", sa.Text))
"""
RENDERED = {"SLIPWAY_RENDER": json.dumps({"SHOP_DB": "postgresql+psycopg://{user}:{password}@{host}:{port}/{name}"})}


def settle(service: Service, url: str = PSYCOPG, location: str = "migrations", below: str = "src") -> None:
    """Move the migrations below src, with Alembic's own async env.py and an .ini."""
    (service.root / "pyproject.toml").write_text(PYPROJECT)
    versions = " ".join(f"{location}/{name}" for name in ("versions", "more"))
    home = service.root / below / location
    (service.root / "src").mkdir(exist_ok=True)
    shutil.move(service.root / "alembic", home)
    (home / "more").mkdir()
    for name in ("env.py", "script.py.mako"):
        shutil.copy(TEMPLATE / name, home)
    (service.root / "src/alembic.ini").write_text(INI.format(location=location, versions=versions, url=url))


def read_settings(service: Service) -> None:
    """Let env.py have the URL of the service's settings, which are read once."""
    env = service.root / "src/migrations/env.py"
    env.write_text(env.read_text().replace(*READS))
    (service.root / "src/settings.py").write_text(SETTINGS)


def test_revisions_of_all_its_folders_are_applied_by_an_async_env_py(service: Service) -> None:
    service.revision("0002", 'op.execute("CREATE TABLE u (a int)")', down='op.drop_table("u")')
    service.revision("0003", CONCURRENTLY, down='op.drop_index("ix_a")')
    settle(service)
    shutil.move(service.root / "src/migrations/versions/0003.py", service.root / "src/migrations/more")

    done = service.run("upgrade", "--json")

    assert [one["revision"] for one in json.loads(done.stdout)["applied"]] == ["0001", "0002", "0003"], done.stderr
    assert service.at == "0003"
    assert service.ask("SELECT indisvalid FROM pg_index WHERE indexrelid = 'ix_a'::regclass") == [(True,)]
    undo = service.json("undo", "--to", "0001")
    assert [one["id"] for one in undo["undone"]] == ["0003", "0002"]
    assert "DROP TABLE u" in undo["undone"][1]["sql"]
    assert service.run("downgrade", "--to", "0001").returncode == 0
    assert service.at == "0001"


def test_what_is_pending_is_tried_and_shown(service: Service) -> None:
    service.revision("0002", 'op.execute("ALTER TABLE t ADD COLUMN b int")', down='op.drop_column("t", "b")')
    settle(service)

    plan = service.json("plan")

    assert [one["revision"] for one in plan["trials"]] == ["0001", "0002"]
    assert [one["error"] for one in plan["trials"]] == ["", ""]
    assert plan["trials"][1]["statements"][0]["locks"] == {"t": "AccessExclusiveLock"}
    assert "ADD COLUMN b int" in service.run("sql").stdout
    assert [one["irreversible"] for one in service.json("check")["trials"]] == ["", ""]


def test_it_gives_up_behind_a_lock_and_applies_nothing(service: Service) -> None:
    service.begin()
    service.revision("0002", 'op.execute("ALTER TABLE t ADD COLUMN b int")')
    settle(service)
    with service.connect() as holder, holder.transaction():
        holder.execute("LOCK TABLE t IN ACCESS SHARE MODE")
        failed = service.run("upgrade")

    assert failed.returncode == 1
    assert "did not get its lock in 2 tries of 1 s" in failed.stderr
    assert "process" in failed.stderr
    assert service.at == "0001"
    assert service.run("upgrade").returncode == 0


def test_a_failing_revision_is_not_half_applied(service: Service) -> None:
    service.revision("0002", 'op.execute("CREATE TABLE v (a int)")', 'op.execute("SELECT 1/0")')
    settle(service)

    failed = service.run("upgrade")

    assert failed.returncode == 1
    assert "division by zero" in failed.stderr
    assert "0002 failed; nothing of it was applied" in failed.stderr
    assert "Traceback" not in failed.stderr
    assert (service.at, service.ask("SELECT to_regclass('v')")) == ("0001", [(None,)])


def test_it_is_stopped_within_a_statement(service: Service) -> None:
    service.begin()
    service.revision("0002", 'op.execute("SELECT pg_sleep(60)")')
    settle(service)
    process = service.start("upgrade")
    wait_for(lambda: service.sees("query LIKE 'SELECT pg_sleep%' AND state = 'active'"))
    process.kill()
    process.communicate()

    wait_for(lambda: not service.sees("query LIKE 'SELECT pg_sleep%'"))
    assert service.at == "0001"


def test_settings_that_are_read_once_lead_to_each_database_in_turn(service: Service) -> None:
    service.revision("0002", 'op.execute("CREATE TABLE u (a int)")', down='op.drop_table("u")')
    settle(service, "driver://user:pass@localhost/dbname")
    read_settings(service)

    for command in (["upgrade"], ["check"], ["plan"], ["drift"], ["undo", "--to", "base"], ["sql"]):
        done = service.run(*command, **RENDERED)
        assert done.returncode == 0, (command, done.stderr)
    assert service.at == "0002"


def test_settings_of_another_database_are_refused(service: Service) -> None:
    settle(service, "driver://user:pass@localhost/dbname")
    read_settings(service)
    other = "postgresql+psycopg://{user}:{password}@{host}:{port}/postgres"

    done = service.run("upgrade", SLIPWAY_RENDER=json.dumps({"SHOP_DB": other}))

    assert done.returncode == 1
    assert "opens the database postgres, and not" in done.stderr
    assert service.ask("SELECT to_regclass('t')") == [(None,)]


def test_a_new_revision_is_named_as_seen_from_the_project(service: Service) -> None:
    settle(service)
    env = service.root / "src/migrations/env.py"
    env.write_text(env.read_text().replace("target_metadata = None", MODELS))
    assert service.run("upgrade").returncode == 0

    made = service.json("revise", "--message", "c comes")

    assert len(made["files"]) == 1
    assert made["files"][0].startswith("src/migrations/versions/")
    assert "op.add_column('t', sa.Column('c'" in (service.root / made["files"][0]).read_text()


def test_an_ini_below_whose_paths_are_seen_from_the_project_is_found_as_well(service: Service) -> None:
    settle(service, location="migrations", below=".")

    assert service.run("upgrade").returncode == 0
    assert service.at == "0001"


@pytest.mark.parametrize(
    ("text", "said"),
    [
        (None, "alembic = 'src/alembic.ini': .*alembic.ini cannot be read"),
        ("[alembic]", "has no script_location"),
        ("[alembic]\nscript_location = nowhere", "script_location = nowhere, where there is no env.py"),
        ("nonsense", "cannot be read: File contains no section headers"),
    ],
)
def test_an_ini_that_leads_nowhere_is_named(service: Service, text: str | None, said: str) -> None:
    settle(service)
    path = service.root / "src/alembic.ini"
    path.write_text(text) if text else path.unlink()

    done = service.run("upgrade")

    assert done.returncode == 1
    assert re.search(said, done.stderr), done.stderr
