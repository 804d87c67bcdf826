"""Small projects to adopt, as files by name."""

from collections.abc import Mapping
from pathlib import Path

from slipway.adopt.files import Files

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
