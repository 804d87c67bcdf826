"""The service as a whole: index, health, documentation, settings, migrations."""

import re
import subprocess
import sys
from pathlib import Path

import psycopg
import pytest
from pydantic import ValidationError

from app.core.config import Settings, get_settings
from tests.app.support import ROOT, Client, migrations

REQUIRED = {
    "DATABASE_HOSTNAME", "DATABASE_PORT", "DATABASE_PASSWORD", "DATABASE_NAME", "DATABASE_USERNAME",
    "SECRET_KEY_FASTAPI_AUTH", "ALGORITHM", "ACCESS_TOKEN_EXPIRE_MINUTES",
}  # fmt: skip
KEY = "0123456789abcdef0123456789ABCDEF"


def test_index_links_lead_somewhere(client: Client) -> None:
    index = client.get("/").json()

    assert index["name"]
    assert re.fullmatch(r"\d+\.\d+\.\d+", index["version"])
    assert client.get("/openapi.json").json()["info"]["version"] == index["version"]
    for link in index["links"].values():
        assert client.get(link).status_code == 200, link


@pytest.mark.parametrize(
    ("version", "reload", "shown"),
    [
        ("1.2.3", False, "1.2.3"),
        ("1.2.3-dev.4-abcdef012345", False, "1.2.3"),
        ("0.0.0+source", False, "0.0.0"),
        ("1.2.3-dev.4-abcdef012345", True, "1.2.3-dev.4-abcdef012345"),
    ],
)
def test_of_which_commit_it_was_made_is_for_those_who_develop(version: str, reload: bool, shown: str) -> None:
    assert Settings.model_construct(version=version, reload=reload).shown_version == shown


def test_ready_asks_the_database(client: Client) -> None:
    assert client.get("/health/ready").json() == {"status": "ok", "database": "ok"}


@pytest.mark.parametrize("name", ["swagger-ui-bundle.js", "swagger-ui.css", "favicon-32x32.png", "page.js"])
def test_the_documentation_serves_what_it_loads(client: Client, name: str) -> None:
    page = client.get("/docs").text

    assert f'"docs/{name}"' in page
    assert client.get(f"/docs/{name}").content


def test_the_documentation_names_no_other_host(client: Client) -> None:
    page = client.get("/docs")

    assert "http" not in page.text
    assert "http" not in page.headers["Content-Security-Policy"]


@pytest.fixture
def values(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> pytest.MonkeyPatch:
    """Set every variable; a test changes one."""
    monkeypatch.chdir(tmp_path)  # away from a .env
    monkeypatch.setenv("SECRET_KEY_FASTAPI_AUTH", KEY)
    return monkeypatch


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("SECRET_KEY_FASTAPI_AUTH", ""),
        ("SECRET_KEY_FASTAPI_AUTH", "short"),
        ("SECRET_KEY_FASTAPI_AUTH", KEY[:31]),
        ("SECRET_KEY_FASTAPI_AUTH", "x" * 64),
        ("SECRET_KEY_FASTAPI_AUTH", "abcabcabcabcabcabcabcabcabcabcabcabc"),
        ("SECRET_KEY_FASTAPI_AUTH", "changethis-" + KEY),
        ("SECRET_KEY_FASTAPI_AUTH", "your-secret-key-here-0123456789abcdef"),
        ("SECRET_KEY_FASTAPI_AUTH", "09d25e094faa6ca2556c818166b7a9563b93f7099f6f0f4caa6cf63b88e8d3e7"),
        ("ALGORITHM", "none"),
        ("ALGORITHM", "RS256"),
        ("ALGORITHM", "HS512"),
        ("DATABASE_PORT", "x"),
        ("DATABASE_PORT", "65536"),
        ("DATABASE_HOSTNAME", ""),
        ("DATABASE_SSLMODE", "maybe"),
        ("DATABASE_POOL_SIZE", "0"),
        ("ACCESS_TOKEN_EXPIRE_MINUTES", "0"),
        ("REFRESH_TOKEN_EXPIRE_DAYS", "-1"),
        ("LOGIN_ATTEMPTS_PER_ACCOUNT", "0"),
        ("REGISTRATIONS_PER_CLIENT", "0"),
        ("METRICS_PORT", "0"),
    ],
)
def test_settings_that_are_no_good_are_refused(values: pytest.MonkeyPatch, name: str, value: str) -> None:
    values.setenv(name, value)

    with pytest.raises(SystemExit) as refused:
        Settings.load()

    assert name in str(refused.value)
    assert not value or value.isdigit() or len(value) < 10 or value not in str(refused.value)


@pytest.mark.parametrize(
    ("key", "algorithm"), [(KEY, "HS256"), (KEY + KEY[:16], "HS384"), (KEY + KEY, "HS512"), ("ä€" * 5 + KEY, "HS256")]
)
def test_a_key_as_long_as_its_hash_is_accepted(values: pytest.MonkeyPatch, key: str, algorithm: str) -> None:
    values.setenv("SECRET_KEY_FASTAPI_AUTH", key)
    values.setenv("ALGORITHM", algorithm)

    assert Settings.load().secret_key_fastapi_auth.get_secret_value() == key


def test_settings_are_frozen_and_do_not_show_their_secrets(values: pytest.MonkeyPatch) -> None:
    settings = Settings.load()

    with pytest.raises(ValidationError):
        settings.algorithm = "HS512"  # type: ignore[misc]
    assert KEY not in repr(settings) + str(settings)
    assert settings.database_password.get_secret_value() not in repr(settings) + str(settings.database_url)


def test_an_optional_setting_that_is_empty_has_its_default(values: pytest.MonkeyPatch) -> None:
    values.setenv("METRICS_PORT", "")
    values.setenv("REFRESH_TOKEN_EXPIRE_DAYS", "")

    assert (Settings.load().metrics_port, Settings.load().refresh_token_expire_days) == (None, 30)


def test_secrets_are_read_from_files(values: pytest.MonkeyPatch, tmp_path: Path) -> None:
    values.delenv("SECRET_KEY_FASTAPI_AUTH")
    values.delenv("DATABASE_PASSWORD")
    (tmp_path / "secret_key_fastapi_auth").write_text(KEY + "\n")
    (tmp_path / "DATABASE_PASSWORD").write_text("from a file")

    settings = Settings(_secrets_dir=tmp_path)

    assert settings.secret_key_fastapi_auth.get_secret_value() == KEY
    assert settings.database_password.get_secret_value() == "from a file"


def test_without_settings_one_message_lists_all(values: pytest.MonkeyPatch) -> None:
    for name in REQUIRED:
        values.delenv(name)

    with pytest.raises(SystemExit, match=r"\.env\.example") as refused:
        Settings.load()

    assert all(name in str(refused.value) for name in REQUIRED)


def test_the_models_are_read_without_the_web_framework() -> None:
    models = [".".join(path.relative_to(ROOT).with_suffix("").parts) for path in (ROOT / "app").rglob("models.py")]
    reads = f"import sys, {', '.join(models)}; print(*sys.modules)"
    loaded = subprocess.run([sys.executable, "-c", reads], capture_output=True, text=True, check=True).stdout.split()

    assert "sqlalchemy" in loaded
    assert not {"fastapi", "psycopg"} & set(loaded)  # a migration has no use for them


def test_migrations_lead_to_the_models_and_back(database: psycopg.Connection) -> None:
    from alembic import command

    assert get_settings().database_name == database.info.dbname

    command.check(migrations())  # raises when the models say otherwise
    command.downgrade(migrations(), "base")
    left = database.execute("SELECT tablename FROM pg_tables WHERE schemaname = 'public'").fetchall()
    command.upgrade(migrations(), "head")

    assert left == [("alembic_version",)]
