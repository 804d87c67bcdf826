"""What no finding shows, and what means the same as a variable and as a file."""

import os
from pathlib import Path

import pytest
from pydantic import SecretStr
from pydantic_settings import BaseSettings, SettingsConfigDict

from slipway.core.errors import Problem
from slipway.core.steps import Steps
from slipway.project import dotenv, hidden
from slipway.project.config import Project
from slipway.project.settings import Settings
from slipway.schema import database
from tests.support import random_values

GOOD = "kX8-qPz_4mW7vR2tLnB5cYdF9sHj3gTa"
EXAMPLE = """\
WHOM=world
SECRET=
PORT=9321
DATABASE_NAME=shop
# EXTRA_SECRET=
# API_TOKEN=only-in-development
"""
ENV = f"WHOM=world\nSECRET={GOOD}\nPORT=9321\nDATABASE_NAME=shop\n"


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Project:
    """Give a project with secrets, which the environment doesn't set."""
    (tmp_path / ".env.example").write_text(EXAMPLE)
    for name in ("PORT", "DATABASE_NAME", "SECRET", "EXTRA_SECRET", "API_TOKEN"):
        monkeypatch.delenv(name, raising=False)
    return Project(root=tmp_path, name="shop", version="1.0.0", secrets={"SECRET": 16, "EXTRA_SECRET": 8})


def refused(project: Project, env: str, steps: Steps | None = None) -> str:
    """Return what is said of a .env."""
    (project.root / ".env").write_bytes(env.encode())
    with pytest.raises(Problem) as stopped:
        Settings(project, steps or Steps(), lambda: False).check()
    return str(stopped.value)


STRAY = "MIIEvQIBADANBgkqhkiG9w0BAQEFAASC"


@pytest.mark.parametrize(
    "line",
    [
        STRAY, f"{STRAY}=", f"{STRAY}==", f"  {STRAY}", f"-----BEGIN\n{STRAY}", f"SECRET='{STRAY}",
        f"SECRET={STRAY}$", f"API_TOKEN={STRAY}$x", f'API_TOKEN="{STRAY}" x', f"A_URL=redis://:{STRAY}$@host",
        f"PORT={STRAY}", f"OTHER_PASSWORD: {STRAY}", f"export {STRAY}", f"EXTRA_SECRET=' {STRAY}'",
    ],
)  # fmt: skip
def test_no_finding_shows_what_may_be_secret(project: Project, line: str) -> None:
    said = refused(project, f"{ENV}{line}\n")
    assert STRAY not in said
    assert "  - " in said


def test_what_is_not_secret_is_still_shown_in_the_spelling_that_works(project: Project) -> None:
    assert "write GREETING='a$b'" in refused(project, f"{ENV}GREETING=a$b\n")


def test_of_a_value_that_the_environment_sets_the_place_is_named(
    project: Project, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PORT", "x")
    assert "PORT, which the environment sets, is not a whole number from 1 to 65535" in refused(project, ENV)


def test_what_is_secret_is_hidden_even_of_an_env_that_is_not_in_order(project: Project) -> None:
    steps = Steps()
    refused(project, f"{ENV.replace(GOOD, 'abcdefg$')}API_TOKEN={GOOD}\nTHEIR_TOKEN='{GOOD[::-1]}\n", steps)
    said = steps.redact(f"abcdefg$ {GOOD} {GOOD[::-1]} only-in-development world")
    assert said == "[secret] [secret] [secret] only-in-development world"


def test_a_verb_that_only_looks_hides_them_as_well(project: Project) -> None:
    steps = Steps()
    (project.root / ".env").write_text(f"SECRET={GOOD}\nTHEIR_TOKEN=12345678\nnonsense\n")
    Settings(project, steps, lambda: False).hide()
    assert steps.redact(f"{GOOD} 12345678") == "[secret] 12345678"


@pytest.mark.parametrize(
    ("env", "said"),
    [
        (ENV.replace(GOOD, f"' {GOOD}'"), "SECRET begins or ends with white space"),
        (ENV.replace(GOOD, f'"{GOOD}\\n"'), "SECRET begins or ends with white space"),
        (ENV.replace(GOOD, f'"{GOOD}\\r"'), "SECRET begins or ends with white space"),
        (ENV.replace(GOOD, f"'{GOOD}\u2003'"), "SECRET begins or ends with white space"),
        (ENV.replace(GOOD, f'"{GOOD}\\r{GOOD}"'), "SECRET has a carriage return"),
        (ENV.replace("shop", "'shop '"), "DATABASE_NAME begins or ends with white space"),
        (f"{ENV}EXTRA_SECRET='1 2 3 4 5 '\n", "EXTRA_SECRET begins or ends with white space"),
        (f"{ENV}EXTRA_SECRET=1\n", "EXTRA_SECRET is too short: 1 bytes of at least 8"),
        (f"{ENV}EXTRA_SECRET=\n", "EXTRA_SECRET is empty"),
        (ENV.replace(GOOD, ""), "SECRET is empty"),
        (ENV.replace(GOOD, f"{GOOD}\0"), "there is a NUL"),
    ],
)
def test_what_would_be_another_secret_in_production_is_refused(project: Project, env: str, said: str) -> None:
    told = refused(project, env)
    assert said in told
    assert GOOD not in told


def test_lines_of_windows_and_a_byte_order_mark_change_nothing(project: Project) -> None:
    (project.root / ".env").write_bytes(b"\xef\xbb\xbf" + ENV.replace("\n", "\r\n").encode())
    assert Settings(project, Steps(), lambda: False).values["SECRET"] == GOOD


def test_bytes_that_are_no_text_are_refused(project: Project, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(os.environ, "SECRET", f"{GOOD}\udcff")
    assert "SECRET, which the environment sets, is not UTF-8 text" in refused(project, ENV)


ODD = [" a", "a\n", "\ta", "a\r\nb", "a\rb", "a\nb", "\u00a0a", "a\u3000", "\ufeffa", "ä€😀", "", "a  b"]


def test_what_is_taken_is_the_same_as_a_file(project: Project, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    class Foreign(BaseSettings):
        model_config = SettingsConfigDict(secrets_dir=tmp_path)
        secret: SecretStr

    monkeypatch.setattr(database, "SECRETS", tmp_path)
    taken = 0
    for value in [*ODD, *random_values(300)]:
        (tmp_path / "SECRET").write_bytes(value.encode())
        read = Foreign().secret.get_secret_value()
        assert database.variable("SECRET") == read
        assert (hidden.misread(project, {"SECRET": value}) == []) == (read == value)
        taken += read == value
    assert taken > 100


def test_what_the_example_has_is_found_in_comments_too() -> None:
    assert dotenv.examples(EXAMPLE) == {"world", "9321", "shop", "only-in-development"}
