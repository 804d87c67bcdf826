"""The service as a whole: index, health, settings, migrations."""

import os
import subprocess
import sys
from pathlib import Path

import psycopg
import pytest
from alembic.config import Config
from fastapi.testclient import TestClient

from alembic import command
from app.core.config import get_settings

ROOT = Path(__file__).resolve().parents[2]
REQUIRED = {
    "DATABASE_HOSTNAME", "DATABASE_PORT", "DATABASE_PASSWORD", "DATABASE_NAME", "DATABASE_USERNAME",
    "SECRET_KEY_FASTAPI_AUTH", "ALGORITHM", "ACCESS_TOKEN_EXPIRE_MINUTES",
}  # fmt: skip


def test_index_links_lead_somewhere(client: TestClient) -> None:
    index = client.get("/").json()

    assert index["name"]
    assert index["version"]
    for link in index["links"].values():
        assert client.get(link).status_code == 200, link


def test_ready_says_that_the_database_is_away(database: psycopg.Connection) -> None:
    from app.main import create_app

    settings = get_settings().model_copy(update={"database_port": 1})
    with TestClient(create_app(settings)) as client:
        assert client.get("/health/live").status_code == 200
        answer = client.get("/health/ready")
        assert client.get("/").status_code == 200

    assert answer.status_code == 503
    assert answer.json() == {"status": "unavailable", "database": "away"}


def test_a_request_without_a_database_is_503(database: psycopg.Connection) -> None:
    from app.main import create_app

    settings = get_settings().model_copy(update={"database_port": 1})
    with TestClient(create_app(settings)) as client:
        answer = client.post("/users", json={"email": "ada@example.com", "password": "correct horse"})

    assert answer.status_code == 503
    assert "Retry-After" in answer.headers


def start(tmp_path: Path, **env: str) -> subprocess.CompletedProcess[str]:
    """Import the application as the server does, with no settings but these."""
    kept = {name: value for name, value in os.environ.items() if name not in REQUIRED}
    code = "import app.main"
    return subprocess.run(
        [sys.executable, "-c", code], cwd=tmp_path, env=kept | {"PYTHONPATH": str(ROOT)} | env,
        capture_output=True, text=True, check=False,
    )  # fmt: skip


def test_without_settings_one_message_lists_all(tmp_path: Path) -> None:
    done = start(tmp_path)

    assert done.returncode == 1
    assert "Traceback" not in done.stderr
    assert all(name in done.stderr for name in REQUIRED)


def test_wrong_settings_are_named_and_secrets_not_shown(tmp_path: Path) -> None:
    wrong = {"ALGORITHM": "none", "DATABASE_PORT": "x", "SECRET_KEY_FASTAPI_AUTH": "hush-hush"}
    done = start(tmp_path, **dict.fromkeys(REQUIRED, "1") | wrong)

    assert done.returncode == 1
    assert all(f"Wrong setting {name}" in done.stderr for name in wrong)
    assert "hush-hush" not in done.stderr


def test_migrations_lead_to_the_models_and_back(database: psycopg.Connection) -> None:
    config = Config(toml_file=ROOT / "pyproject.toml")

    command.check(config)  # raises when the models say otherwise
    command.downgrade(config, "base")
    assert database.execute("SELECT count(*) FROM pg_tables WHERE tablename IN ('users', 'posts')").fetchone() == (0,)
    command.upgrade(config, "head")


@pytest.mark.parametrize("path", ["/docs", "/openapi.json"])
def test_documentation_is_there(client: TestClient, path: str) -> None:
    assert client.get(path).status_code == 200
