"""A project to release, on real git."""

from collections.abc import Mapping
from pathlib import Path

from slipway.core.steps import Steps
from slipway.project.checkout import Checkout
from tests.slipway.project.support import git

REPOSITORY = "localhost:5000/team/shop"
PROJECT = """\
[project]
name = "shop"
version = "1.2.3"

[tool.slipway]
registry = "localhost:5000/team"
"""
CHANGELOG = """
[tool.towncrier]
directory = "changelog.d"
filename = "CHANGELOG.md"
"""
FILES = {
    ".gitignore": ".env\n.slipway/\n.mypy_cache/\n",
    ".dockerignore": "*\n!app\n!pyproject.toml\n!poetry.lock\n**/.env*\n**/.git\n",
    "Dockerfile": "FROM python\nARG SCHEMA=\n",
    "poetry.lock": 'package = []\n[metadata]\nlock-version = "2.1"\n',
    "app/main.py": "app = None\n",
}
# What lets no gate be left out.
WHOLE = {
    "pyproject.toml": PROJECT
    + '[tool.slipway.tests]\nhttp = ["tests/http"]\n[tool.slipway.secrets]\nSECRET_KEY = 32\n',
    "Dockerfile": "FROM scratch AS requirements\nFROM python\nARG SCHEMA=\n",
    ".env.example": "DATABASE_HOSTNAME=db\nSECRET_KEY=\n",
    "alembic/env.py": "",
    "compose.prod.yaml": "",
    "compose.release.yaml": "",
    "Caddyfile": "",
}


def commit(root: Path, message: str) -> str:
    """Commit everything; return the commit."""
    git(root, "add", "--all")
    git(root, "commit", "--quiet", "--message", message)
    return git(root, "rev-parse", "HEAD")


def write(root: Path, files: Mapping[str, str]) -> None:
    """Write files of a project."""
    for name, text in files.items():
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_text(text)


def real(root: Path) -> Checkout:
    """Return the checkout of a project."""
    return Checkout.at(root, Steps())
