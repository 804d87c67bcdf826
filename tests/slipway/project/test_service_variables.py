"""The variables of the service, and what its interpreter is given of Slipway."""

import ast
import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from slipway.project import carried, variables
from slipway.project.config import Project, load

TEXT = """
[project]
name = "thing"
version = "1.0.0"

[tool.slipway]
asgi = "shop.main:app"
migrate.tries = 3
lint.after = "0007"
"""
OTHERWISE = """
pythonpath = ["src"]
alembic = "src/alembic.ini"
secrets-as = "environment"

[tool.slipway.database]
DATABASE_URL = "postgresql+psycopg://{user}:{password}@{host}:{port}/{name}"
POSTGRES_SERVER = "{host}"
"""
VALUES = {
    "DATABASE_HOSTNAME": "127.0.0.1", "DATABASE_PORT": "5433", "DATABASE_NAME": "shop", "DATABASE_USERNAME": "me",
    "DATABASE_PASSWORD": "a/b", "POSTGRES_SERVER": "of .env", "OTHER": "1",
}  # fmt: skip


def project(root: Path, text: str = "") -> Project:
    """Load a project, beside migrations below src."""
    (root / "src/alembic").mkdir(parents=True, exist_ok=True)
    (root / "src/alembic/env.py").touch()
    (root / "src/alembic.ini").write_text("[alembic]\nscript_location = alembic\n")
    (root / "pyproject.toml").write_text(TEXT + text)
    return load(root)


def test_the_service_gets_what_it_calls_the_database(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PYTHONPATH", "/mine")

    found = variables.of_service(project(tmp_path, OTHERWISE), VALUES)

    assert found["DATABASE_URL"] == "postgresql+psycopg://me:a%2Fb@127.0.0.1:5433/shop"
    assert (found["POSTGRES_SERVER"], found["OTHER"]) == ("127.0.0.1", "1")
    assert found["PYTHONPATH"] == f"{tmp_path}/src{os.pathsep}/mine"
    assert list(json.loads(found["SLIPWAY_RENDER"])) == ["DATABASE_URL", "POSTGRES_SERVER"]
    assert "SLIPWAY_SECRETS_AS" not in found  # that is the entrypoint's


def test_a_service_that_knows_database_names_gets_them_as_they_are(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("PYTHONPATH", raising=False)

    found = variables.of_service(project(tmp_path), VALUES)

    assert found == VALUES | {"SLIPWAY_SCHEMA": found["SLIPWAY_SCHEMA"], "PYTHONPATH": str(tmp_path)}


def test_a_script_in_a_folder_finds_the_projects_modules(tmp_path: Path) -> None:
    (tmp_path / "shop").mkdir()
    (tmp_path / "shop/first.py").write_text("import shop.rest")
    (tmp_path / "shop/rest.py").touch()

    env = {**os.environ, "PYTHONPATH": variables.of_service(project(tmp_path), VALUES)["PYTHONPATH"]}
    done = subprocess.run([sys.executable, "shop/first.py"], cwd=tmp_path, env=env, capture_output=True, timeout=60)

    assert done.returncode == 0, done.stderr


def test_an_image_is_told_what_is_not_secret(tmp_path: Path) -> None:
    found = variables.of_image(project(tmp_path, OTHERWISE))

    assert found.keys() == {"SLIPWAY_SECRETS_AS", "SLIPWAY_RENDER", "SLIPWAY_SCHEMA"}
    told = json.loads(found["SLIPWAY_SCHEMA"])
    assert (told["asgi"], told["migrate"]["tries"], told["lint"]["after"]) == ("shop.main:app", 3, "0007")
    assert (told["alembic"], told["migrate"]["lock-timeout"]) == ("src/alembic.ini", 2)
    assert variables.of_image(project(tmp_path)).keys() == {"SLIPWAY_SCHEMA"}


def test_the_services_interpreter_finds_the_schema_and_nothing_else_of_slipway(tmp_path: Path) -> None:
    folder = carried.carried(tmp_path)
    before = {path: path.stat().st_mtime_ns for path in folder.rglob("*")}

    assert carried.carried(tmp_path) == folder
    assert {path: path.stat().st_mtime_ns for path in folder.rglob("*")} == before
    assert {path.name for path in (folder / "slipway").iterdir()} == {"__init__.py", "entrypoint.py", "schema"}
    for words in (["-m", "slipway.schema", "--help"], ["-m", "slipway.entrypoint", "true"]):
        env = {"PYTHONPATH": str(folder), "PATH": os.environ["PATH"], "PYTHONDONTWRITEBYTECODE": "1"}
        done = subprocess.run(
            [sys.executable, *words], cwd=tmp_path, env=env, capture_output=True, text=True, timeout=60
        )
        assert done.returncode == 0, done.stderr


def test_what_another_slipway_made_is_left_to_its_processes(tmp_path: Path) -> None:
    (tmp_path / "schema/0123456789abcdef/slipway").mkdir(parents=True)

    carried.carried(tmp_path)

    assert len(list((tmp_path / "schema").iterdir())) == 2


def test_it_is_of_python_3_10(tmp_path: Path) -> None:
    files = list(carried.carried(tmp_path).rglob("*.py"))

    assert len(files) > 20
    for path in files:
        tree = ast.parse(path.read_bytes(), feature_version=(3, 10))
        names = {one.name for node in ast.walk(tree) if isinstance(node, ast.ImportFrom) for one in node.names}
        assert not names & {"Self", "UTC", "StrEnum", "chdir", "assert_never", "LiteralString", "Never"}, path
