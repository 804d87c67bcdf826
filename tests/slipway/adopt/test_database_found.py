"""Which variables lead to the database."""

from pathlib import Path

import pytest

from slipway.adopt.detect import detect
from tests.slipway.adopt.support import SETTINGS, UV_LOCK, project

BODY = "{user}:{password}@{host}:{port}/{name}"
HEAD = """\
from pydantic import PostgresDsn
from pydantic_settings import BaseSettings, SettingsConfigDict


class Settings(BaseSettings):
"""
PARTS = f"""{HEAD}\
    host: str = 'x'
    db_host: str = 'localhost'
    db_port: int = 5432
    db_user: str = 'me'
    db_pass: str = 'me'
    db_base: str = 'shop'
    db_echo: bool = False
    redis_host: str = 'redis'
    redis_port: int = 6379
"""
SHOP = '    model_config = SettingsConfigDict(env_prefix="SHOP_")\n'
MYSQL = UV_LOCK.replace('"psycopg"', '"aiomysql"')
ASYNC = UV_LOCK.replace('"psycopg"', '"asyncpg"') + '\n[[package]]\nname = "sqlalchemy"\nversion = "2.0.1"\n'
COMPOSE = """\
services:
  web:
    build: .
    command: uvicorn app.main:app
    environment:
      DATABASE_URL: postgresql+asyncpg://shop:${PASSWORD:?set it}@db:5432/shop_db
  db:
    image: postgres:17
"""
CASES: dict[str, tuple[dict[str, str], dict[str, str]]] = {
    "a URL, its scheme in .env.example": (
        {"config.py": SETTINGS, ".env.example": "DATABASE_URL=postgresql+psycopg://a:b@localhost/c\n"},
        {"DATABASE_URL": f"postgresql+psycopg://{BODY}"},
    ),
    "production before the example": (
        {"config.py": SETTINGS, ".env.example": "DATABASE_URL=postgresql://a:b@localhost/c\n", "compose.yaml": COMPOSE},
        {"DATABASE_URL": f"postgresql+asyncpg://{BODY}"},
    ),
    "a default in the code": (
        {"config.py": HEAD + "    DB_URI: str = 'postgres://a:b@localhost/c'\n"}, {"DB_URI": f"postgres://{BODY}"},
    ),
    "two URLs": (
        {"config.py": HEAD + "    DATABASE_URL: PostgresDsn\n    DATABASE_ASYNC_URL: PostgresDsn\n",
         ".env.example": "DATABASE_URL=postgresql://a:b@h/c\nDATABASE_ASYNC_URL=postgresql+asyncpg://a:b@h/c\n"},
        {"DATABASE_URL": f"postgresql://{BODY}", "DATABASE_ASYNC_URL": f"postgresql+asyncpg://{BODY}"},
    ),
    "parts under a prefix": (
        {"settings.py": PARTS + SHOP},
        {"SHOP_DB_HOST": "{host}", "SHOP_DB_PORT": "{port}", "SHOP_DB_USER": "{user}", "SHOP_DB_PASS": "{password}",
         "SHOP_DB_BASE": "{name}"},
    ),
    "POSTGRES_*, beside MYSQL_*": (
        {"config.py": HEAD + "".join(f"    {kind}_{part}: str = 'x'\n" for kind in ("MYSQL", "POSTGRES")
                                     for part in ("SERVER", "PORT", "USER", "PASSWORD", "DB"))
         + "    POSTGRES_PREFIX: str = 'postgresql://'\n    POSTGRES_URL: str | None = None\n"},
        {"POSTGRES_SERVER": "{host}", "POSTGRES_PORT": "{port}", "POSTGRES_USER": "{user}",
         "POSTGRES_PASSWORD": "{password}", "POSTGRES_DB": "{name}"},
    ),
    "what Slipway calls so itself": (
        {"config.py": HEAD + "".join(f"    DATABASE_{part}: str\n" for part in ("HOSTNAME", "PORT", "USER",
            "PASSWORD", "NAME"))},
        {"DATABASE_USER": "{user}"},
    ),
    "of Slipway's own, in the example alone": ({".env.example": "DATABASE_HOSTNAME=db\nDATABASE_NAME=shop\n"}, {}),
    "os.environ": ({"db.py": "import os\n\nURL = os.environ['POSTGRES_URL']\n", ".env.example": "POSTGRES_URL=postgresql://a:b@h/c\n"},
                   {"POSTGRES_URL": f"postgresql://{BODY}"}),
}  # fmt: skip


@pytest.mark.parametrize(("files", "rendered"), CASES.values(), ids=CASES)
def test_the_names_are_those_of_the_project(tmp_path: Path, files: dict[str, str], rendered: dict[str, str]) -> None:
    found = detect(project(tmp_path, files)).database

    assert found
    assert found.rendered == rendered


@pytest.mark.parametrize(
    ("files", "login"),
    [
        ({"config.py": SETTINGS, "compose.yaml": COMPOSE}, ("shop_db", "shop")),
        ({"config.py": PARTS}, ("shop", "me")),
    ],
    ids=["a URL with variables", "parts"],
)
def test_the_database_keeps_its_name(tmp_path: Path, files: dict[str, str], login: tuple[str, str]) -> None:
    found = detect(project(tmp_path, files)).database

    assert found
    assert (found.name, found.user) == login


@pytest.mark.parametrize(
    ("lock", "scheme"), [(UV_LOCK, "postgresql"), (ASYNC, "postgresql+asyncpg")], ids=["psycopg", "asyncpg"]
)
def test_a_scheme_that_nothing_says_is_a_guess_and_told(tmp_path: Path, lock: str, scheme: str) -> None:
    found = detect(project(tmp_path, {"config.py": SETTINGS, "uv.lock": lock}))

    assert found.database
    assert found.database.rendered == {"DATABASE_URL": f"{scheme}://{BODY}"}
    assert [one.line for one in found.untold if "guess" in one.what] == [f'DATABASE_URL = "{scheme}://{BODY}"']


@pytest.mark.parametrize(
    ("files", "said"),
    [
        ({"config.py": HEAD + "    DATABASE_URL: str = 'mysql://a:b@h/c'\n"}, "its scheme is mysql"),
        ({"config.py": HEAD + "    DATABASE_URL: str = 'sqlite:///./x.db'\n"}, "its scheme is sqlite"),
        ({"settings.py": PARTS.replace("5432", "3306")}, "DB_HOST (settings.py:7) and its like lead to MySQL"),
        ({"settings.py": PARTS.replace("5432", "1"), "uv.lock": MYSQL}, "and its like lead to MySQL"),
        ({"uv.lock": UV_LOCK}, "psycopg is locked (uv.lock), and no variable"),
        ({"db.py": "engine = create('postgresql+psycopg://a:b@h/c')\n"}, "stands in the code itself (db.py:1)"),
    ],
    ids=["mysql", "sqlite", "its port", "its driver", "a driver alone", "in the code"],
)
def test_what_cannot_be_told_is_named_with_the_line_to_write(tmp_path: Path, files: dict[str, str], said: str) -> None:
    found = detect(project(tmp_path, files))

    assert found.database is None
    (untold,) = [one for one in found.untold if said in one.what]
    assert f"://{BODY}" in untold.line or untold.line == 'DB_HOST = "{host}"'


def test_a_service_may_have_no_database(tmp_path: Path) -> None:
    found = detect(project(tmp_path, {"config.py": HEAD + "    REDIS_HOST: str = 'x'\n    REDIS_PORT: int = 1\n"}))

    assert found.database is None
    assert not [one for one in found.untold if "database" in one.what]
