"""Settings that are changed: .env gets other values, in one step, and they are in force."""

import os
from pathlib import Path

import pytest

from slipway.core.errors import Problem
from slipway.core.steps import Steps
from slipway.project.config import load
from slipway.project.database import NAMES, PASSWORD
from slipway.project.settings import Settings

PROJECT = '[project]\nname = "shop"\nversion = "1.0.0"\n[tool.slipway.secrets]\nDATABASE_PASSWORD = 12\nTOKEN = 12\n'
EXAMPLE = "DATABASE_HOSTNAME=db\nDATABASE_PORT=5432\nDATABASE_NAME=shop\nDATABASE_USERNAME=shop\nDATABASE_PASSWORD=\n"
OLD, NEW = "a-password-that-is-old", "a-password-that-is-new"


@pytest.fixture
def settings(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Settings:
    """Give settings whose .env is in order."""
    for name in NAMES:
        monkeypatch.delenv(name, raising=False)
    (tmp_path / "pyproject.toml").write_text(PROJECT)
    (tmp_path / ".env.example").write_text(f"{EXAMPLE}# TOKEN=\n")
    (tmp_path / ".env").write_text(f"# mine\n{EXAMPLE.rstrip()}{OLD}\n")
    return Settings(load(tmp_path), Steps(), lambda: True)


def text(settings: Settings) -> str:
    """Return what .env has."""
    return (settings.project.root / ".env").read_text()


def test_other_values_are_in_force_and_never_shown_until_they_are_taken_back(settings: Settings) -> None:
    before = text(settings)
    assert settings.database.password == OLD

    take_back = settings.change({PASSWORD: NEW, "TOKEN": "another-token"})

    assert text(settings) == before.replace(OLD, NEW) + "TOKEN=another-token\n"
    assert (settings.database.password, settings.secrets["TOKEN"]) == (NEW, "another-token")
    assert settings.steps.redact(f"{OLD} {NEW} another-token") == "[secret] [secret] [secret]"
    take_back()
    assert (text(settings), settings.database.password, "TOKEN" in settings.secrets) == (before, OLD, False)


def test_the_file_stays_a_link_of_the_same_mode(settings: Settings, tmp_path: Path) -> None:
    file, target = settings.project.root / ".env", tmp_path / "elsewhere"
    file.rename(target)
    file.symlink_to(target)
    target.chmod(0o640)

    settings.change({PASSWORD: NEW})

    assert file.is_symlink()
    assert target.stat().st_mode & 0o777 == 0o640
    assert NEW in target.read_text()
    assert not list(tmp_path.glob("*.new"))


def test_what_the_environment_sets_is_not_written(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    before = text(settings)
    monkeypatch.setenv(PASSWORD, NEW)
    settings.change({PASSWORD: NEW})
    assert (text(settings), settings.database.password) == (before, NEW)


def test_a_file_that_is_not_there_is_named(settings: Settings) -> None:
    (settings.project.root / ".env").unlink()
    with pytest.raises(Problem, match=r"There is no \.env to write into"):
        settings.change({PASSWORD: NEW})


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write everywhere")
def test_a_file_that_cannot_be_written_is_as_it_was(settings: Settings) -> None:
    before = text(settings)
    settings.project.root.chmod(0o500)
    try:
        with pytest.raises(Problem, match=r"\.env cannot be written"):
            settings.change({PASSWORD: NEW})
    finally:
        settings.project.root.chmod(0o700)
    assert text(settings) == before
