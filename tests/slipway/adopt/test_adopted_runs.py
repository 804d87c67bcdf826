"""Projects that were there before Slipway, adopted and run on this machine: no line of their code is changed."""

import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

import httpx2
import pytest

from tests.adopted import ENV, TABLE, Adopted
from tests.slipway.adopt.support import APP, put
from tests.support import ROOT, free_port

ITEMS = """
from fastapi import FastAPI
from pydantic_settings import BaseSettings, SettingsConfigDict
from sqlalchemy import text
from sqlalchemy.ext.asyncio import create_async_engine


class Settings(BaseSettings):
    model_config = SettingsConfigDict(env_prefix="SHOP_", env_file=".env")  # which refuses what it does not know
    db_host: str = "localhost"
    db_port: int = 5432
    db_user: str = "shop"
    db_password: str
    db_name: str = "shop"
    secret_key: str

    @property
    def url(self) -> str:
        login = f"{self.db_user}:{self.db_password}"
        return f"postgresql+psycopg://{login}@{self.db_host}:{self.db_port}/{self.db_name}"


def create_app() -> FastAPI:
    settings, app = Settings(), FastAPI()
    engine = create_async_engine(settings.url)

    @app.get("/healthz")
    async def healthy() -> str:
        return "ok"

    @app.get("/items")
    async def items() -> int:
        async with engine.connect() as connection:
            return (await connection.execute(text("SELECT count(*) FROM item"))).scalar_one()

    return app
"""
TEST = """
import os

from shop.main import Settings


def test_the_database_is_the_tests_own():
    assert Settings().db_password == os.environ["DATABASE_PASSWORD"]
"""
URL = """
import os

import psycopg
from fastapi import FastAPI

DATABASE_URL = os.environ["DATABASE_URL"]
app = FastAPI()


@app.get("/ready")
def ready() -> int:
    with psycopg.connect(DATABASE_URL) as connection:
        return connection.execute("SELECT 1").fetchone()[0]
"""
DOCKERFILE = "FROM python:3.13-slim\nWORKDIR /srv\nCOPY {} .\nCMD [{}]\n"
PROJECT = '[project]\nname = "shop"\nversion = "0.3.0"\nrequires-python = ">=3.11"\n'
PREFIX: dict[str, str | bytes] = {  # a src layout, a factory, parts under a prefix, an async env.py
    "pyproject.toml": PROJECT,
    "src/shop/__init__.py": "",
    "src/shop/main.py": ITEMS,
    "db/env.py": ENV.format(imports="from shop.main import Settings", url="Settings().url"),
    "db/versions/0001.py": TABLE,
    "alembic.ini": "[alembic]\nscript_location = %(here)s/db\nprepend_sys_path = src\n",
    "tests/test_shop.py": TEST,
    ".env": "SHOP_SECRET_KEY=of-before-and-long-enough-for-anything\n",
    ".gitignore": ".env\n",
    "Dockerfile": DOCKERFILE.format(".", '"uvicorn", "--factory", "shop.main:create_app"'),
}
MONOREPO: dict[str, str | bytes] = {  # a service in a folder of a repository, its URL, no migrations
    "backend/pyproject.toml": PROJECT,
    "backend/app/__init__.py": "",
    "backend/app/main.py": URL,
    "backend/Dockerfile": DOCKERFILE.format("backend", '"fastapi", "run", "app/main.py"'),
    "compose.yml": "services: {db: {image: postgres:17}}\n",
    "backend/.env.example": "DATABASE_URL=postgresql://shop:change@localhost:5432/shop\n",
}
PLAIN: dict[str, str | bytes] = {"requirements.txt": "fastapi\n", "main.py": APP}  # no pyproject.toml, no database


def adopted(folder: Path, files: Mapping[str, str | bytes], inside: str) -> Adopted:
    """Adopt a project, as it is told to."""
    put(folder, files)
    for command in (["init", "--quiet"], ["add", "."], ["commit", "--quiet", "--message", "Ours"]):
        subprocess.run(
            ["git", "-c", "user.name=a", "-c", "user.email=a@b", *command], cwd=folder, check=True, timeout=60
        )
    root = folder / inside
    (root / "slipway.lock").write_text("-e .\n")
    project = Adopted(root, {"PORT": str(free_port()), "PYTHONPATH": str(ROOT)})
    done = subprocess.run(
        [sys.executable, "-P", "-m", "slipway", "adopt", "--yes"], cwd=root, env=project.environ(),
        capture_output=True, text=True, check=False, timeout=60,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr + done.stdout
    return project


@pytest.mark.parametrize(
    ("files", "inside", "path", "answer"),
    [(PREFIX, ".", "/items", 0), (MONOREPO, "backend", "/ready", 1), (PLAIN, ".", "/health", "ok")],
    ids=["prefix", "monorepo", "plain"],
)
def test_it_comes_up_as_it_is(
    files: Mapping[str, str | bytes], inside: str, path: str, answer: object, tmp_path: Path
) -> None:
    project = adopted(tmp_path / "shop", files, inside)
    try:
        project.succeeds("up", "--runtime", "host")
        assert httpx2.get(f"{project.url}{path}", timeout=10).json() == answer
        if files is PREFIX:
            assert "at head, 0001" in project.succeeds("migrate")
            assert "1 passed" in project.succeeds("test")
    finally:
        project.succeeds("down", "--runtime", "host")
    kept = {name for name in files if not name.endswith(("pyproject.toml", ".env.example", ".gitignore"))}
    assert {name: (tmp_path / "shop" / name).read_text() for name in kept} == {name: files[name] for name in kept}
