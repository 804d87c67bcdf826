"""A project that calls its database otherwise: its .env, what is checked of it, and the variables of its tests."""

from pathlib import Path

import pytest

from slipway.core.errors import Problem
from slipway.core.steps import Steps
from slipway.project import suites
from slipway.project.config import Project, load
from slipway.project.database import NAMES
from slipway.project.settings import Settings
from slipway.project.values import example_values

PYPROJECT = """
[project]
name = "my-shop"
version = "1.0.0"

[tool.slipway.database]
POSTGRES_SERVER = "{host}"
POSTGRES_PASSWORD = "{password}"
DATABASE_URL = "postgresql+asyncpg://{user}:{password}@{host}:{port}/{name}"
"""
EXAMPLE = "PROJECT=Shop\nPOSTGRES_SERVER=localhost\nPOSTGRES_PASSWORD=\n# POSTGRES_PORT=5432\n"


@pytest.fixture(autouse=True)
def no_database_of_the_run(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let the environment name no database: it counts before .env."""
    for name in NAMES:
        monkeypatch.delenv(name, raising=False)


def project(root: Path, example: str = EXAMPLE, text: str = "") -> Project:
    """Load a project with this .env.example, "" for none."""
    (root / "pyproject.toml").write_text(PYPROJECT + text)
    if example:
        (root / ".env.example").write_text(example)
    return load(root)


def settings(of: Project) -> Settings:
    """Return a project's settings."""
    return Settings(of, Steps(), lambda: False)


def test_a_fresh_clone_gets_a_whole_env_and_its_example_stays(tmp_path: Path) -> None:
    found = settings(project(tmp_path))

    found.prepare()

    values = found.values
    assert (values["DATABASE_HOSTNAME"], values["DATABASE_NAME"], values["PROJECT"]) == ("db", "my_shop", "Shop")
    assert (len(values["DATABASE_PASSWORD"]), values["POSTGRES_PASSWORD"]) == (43, "")
    assert found.secrets == {"DATABASE_PASSWORD": values["DATABASE_PASSWORD"]}
    assert (tmp_path / ".env.example").read_text() == EXAMPLE


def test_a_project_without_an_example_may_set_what_it_likes(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    found = settings(project(tmp_path, ""))
    found.prepare()
    assert ".env made, its secrets generated" in capsys.readouterr().err

    (tmp_path / ".env").write_text((tmp_path / ".env").read_text() + "ANYTHING=1\nPORT=9000\n")
    again = settings(found.project)
    assert (again.values["ANYTHING"], again.port_of("dev")) == ("1", 9000)


def test_an_existing_env_has_to_say_where_the_database_is(tmp_path: Path) -> None:
    of = project(tmp_path)
    (tmp_path / ".env").write_text("PROJECT=Shop\nPOSTGRES_SERVER=localhost\nPORTT=1\n")

    with pytest.raises(Problem) as raised:
        _ = settings(of).values

    said = str(raised.value.message)
    for name in ("HOSTNAME", "PORT", "NAME", "USERNAME", "PASSWORD"):
        assert f"DATABASE_{name} is missing" in said
    assert "PORTT is unknown: did you mean PORT?" in said
    assert "POSTGRES" not in said


def test_slipways_own_settings_are_known_where_an_example_lacks_them(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "pyproject.toml").write_text('[project]\nname = "shop"\nversion = "1.0.0"\n')
    (tmp_path / ".env.example").write_text("A=1\n")
    (tmp_path / ".env").write_text("A=1\nDOMAIN=shop.example.com\n")
    monkeypatch.setenv("PORT", "9001")

    found = settings(load(tmp_path))

    assert (found.domain, found.port_of("dev"), found.has_database) == ("shop.example.com", 9001, False)


def test_without_a_database_there_is_nothing_of_one(tmp_path: Path) -> None:
    (tmp_path / "pyproject.toml").write_text('[project]\nname = "shop"\nversion = "1.0.0"\n')
    (tmp_path / ".env.example").write_text("A=1\n")

    assert "DATABASE" not in load(tmp_path).example
    assert "PROXY_MEMORY" in load(tmp_path).example


def test_the_projects_own_lines_for_them_stay(tmp_path: Path) -> None:
    own = "DATABASE_HOSTNAME=pg.example.com\nDATABASE_PORT=5433\n# PORT=7000\n"
    example = project(tmp_path, own).example

    assert example.startswith(own)
    assert (example.count("DATABASE_HOSTNAME="), example.count("DATABASE_PORT="), example.count(" PORT=")) == (1, 1, 1)


@pytest.mark.parametrize(
    ("name", "called"), [("shop", "shop"), ("a.b-c", "a_b_c"), ("9lives", "app_9lives"), ("pg_x", "app_pg_x")]
)
def test_the_database_is_called_as_the_project_as_far_as_postgresql_lets_it(
    tmp_path: Path, name: str, called: str
) -> None:
    assert example_values(project(tmp_path, text=f'[tool.slipway]\nname = "{name}"'))["DATABASE_NAME"] == called


def test_tests_have_their_own_database_by_the_services_names(tmp_path: Path) -> None:
    of = project(tmp_path, text='[tool.slipway.tests]\nenv = { TESTING = "1", PROJECT = "Test" }')

    found = suites.of_tests(of, {"DATABASE_HOSTNAME": "127.0.0.1", "DATABASE_PORT": "5433"})

    password = found["DATABASE_PASSWORD"]
    assert found["DATABASE_URL"] == f"postgresql+asyncpg://my_shop:{password}@127.0.0.1:5433/my_shop"
    assert (found["POSTGRES_SERVER"], found["POSTGRES_PASSWORD"]) == ("127.0.0.1", password)
    assert (found["TESTING"], found["PROJECT"]) == ("1", "Test")
    assert not found.keys() & {"SLIPWAY_SCHEMA", "SLIPWAY_RENDER"}, "what tests start may be about another project"


@pytest.mark.parametrize(
    ("workers", "options"),
    [("auto", ["--numprocesses=auto"]), ("4", ["--numprocesses=4"]), ("1", []), ("0", [])],
)
def test_one_worker_needs_no_xdist(tmp_path: Path, workers: str, options: list[str]) -> None:
    assert suites.options(project(tmp_path, text=f'[tool.slipway.tests]\nworkers = "{workers}"')) == options
