"""Small projects to adopt, as files by name."""

from collections.abc import Mapping
from pathlib import Path

from slipway.adopt.detect import detect
from slipway.adopt.files import Files
from slipway.adopt.plan import Plan, plan

APP = """\
from fastapi import FastAPI

app = FastAPI()


@app.get("/health")
def health() -> str:
    return "ok"
"""
PYPROJECT = """\
[project]
name = "shop"
version = "1.2.0"
requires-python = ">=3.12"
dependencies = ["fastapi"]
"""
SETTINGS = """\
from pydantic import PostgresDsn
from pydantic_settings import BaseSettings


class Settings(BaseSettings):
    DATABASE_URL: PostgresDsn
    SECRET_KEY: str
    TITLE: str = "Shop"


settings = Settings()
"""
INI = "[alembic]\nscript_location = migrations\n"
ENV_PY = "from alembic import context\n\ncontext.run_migrations()\n"
UV_LOCK = """\
version = 1

[[package]]
name = "alembic"
version = "1.18.0"

[[package]]
name = "psycopg"
version = "3.2.1"

[[package]]
name = "pytest"
version = "9.0.0"
"""


def revision(name: str, before: str | None, created: str = "2026-01-01 10:00:00") -> str:
    """Return the text of a revision."""
    return f'"""A change.\n\nCreate Date: {created}\n"""\n\nrevision = "{name}"\ndown_revision = {before!r}\n'


OWN = {"tasks.py": b"from slipway.verbs.run import up\n", "inv": b"#!/bin/sh\n", "slipway.lock": b"-e .\n"}
SHOP: dict[str, str | bytes] = {
    "pyproject.toml": PYPROJECT, "uv.lock": UV_LOCK, "app/main.py": APP, "app/config.py": SETTINGS, "alembic.ini": INI,
    "migrations/env.py": ENV_PY, "migrations/versions/a.py": revision("a1", None), "tests/test_a.py": "",
    "Dockerfile": "FROM python:3.12-slim\nCOPY . .\nCMD uvicorn app.main:app\n",
    "compose.yaml": "services:\n  web:\n    build: .\n    environment:\n      DATABASE_URL: postgresql+psycopg://u:${P}@db/shop\n",
}  # fmt: skip


def put(folder: Path, files: Mapping[str, str | bytes]) -> Path:
    """Write files into a folder."""
    for name, text in files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(text.encode() if isinstance(text, str) else text)
    return folder


def project(folder: Path, files: Mapping[str, str | bytes], inside: str = "") -> Files:
    """Return a project with these files; with `inside`, the project is a folder of a repository."""
    put(folder, files)
    return Files(folder / inside, folder)


def planned(folder: Path, files: dict[str, str | bytes], own: dict[str, bytes] | None = None) -> Plan:
    """Return what adopting a project with these files would mean."""
    known = project(folder, files)
    return plan(known, detect(known), OWN if own is None else own)


def text(made: Plan, name: str) -> str:
    """Return what a file becomes."""
    return next(one.after.decode() for one in made.changes if one.name == name)
