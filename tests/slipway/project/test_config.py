"""[tool.slipway]: defaults, and clear refusals."""

import json
import re
from dataclasses import fields
from pathlib import Path

import pytest

from slipway.core.errors import Problem
from slipway.project.config import Project, load
from slipway.project.tables import TABLES

MINIMAL = '[project]\nname = "thing"\nversion = "1.0.0"\n'


def project(root: Path, text: str = "") -> Project:
    """Load a project with this in its pyproject.toml."""
    (root / "pyproject.toml").write_text(MINIMAL + text)
    return load(root)


def test_every_setting_has_a_sensible_default(tmp_path: Path) -> None:
    found = project(tmp_path)

    assert (found.name, found.version, found.asgi, found.port, found.workers) == (
        "thing",
        "1.0.0",
        "app.main:app",
        8000,
        4,
    )
    assert found.migrations == ""  # no folder, no migrations


def test_the_source_is_that_of_the_projects_urls_unless_named(tmp_path: Path) -> None:
    urls = '[project.urls]\nHomepage = "https://a"\n"Source Code" = "https://b"\n'

    assert project(tmp_path).source == ""
    assert project(tmp_path, urls).source == "https://b"
    assert project(tmp_path, f'{urls}[tool.slipway]\nsource = "https://c"\n').source == "https://c"


@pytest.mark.parametrize(
    ("registry", "write"),
    [
        ("ghcr.io/MyOrg", "write 'ghcr.io/myorg'"),
        ("https://ghcr.io/me/", "write 'ghcr.io/me'"),
        ("MyOrg", "write 'myorg'"),
        ("ghcr.io/me team", "HOST, HOST:PORT or HOST/TEAM"),
    ],
)
def test_a_registry_is_what_an_image_can_be_called_by(tmp_path: Path, registry: str, write: str) -> None:
    with pytest.raises(Problem, match=re.escape(f"registry = {registry!r} cannot be") + f".*{re.escape(write)}"):
        project(tmp_path, f"[tool.slipway]\nregistry = {json.dumps(registry)}\n")


@pytest.mark.parametrize(
    "registry",
    ["", "localhost:5000", "127.0.0.1:5000/a", "[::1]:5000", "GHCR.io/my-org/a__b", "docker.io/library", "team"],
)
def test_a_registry_may_have_a_port_and_a_path(tmp_path: Path, registry: str) -> None:
    assert project(tmp_path, f'[tool.slipway]\nregistry = "{registry}"\n').registry == registry


def test_migrations_are_found(tmp_path: Path) -> None:
    (tmp_path / "alembic").mkdir()

    assert project(tmp_path).migrations == "alembic"


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("[tool.slipway]\nprot = 1", "did you mean 'port'"),
        ('[tool.slipway]\nport = "1"', "whole number"),
        ("[tool.slipway]\nport = true", "whole number"),
        ("[tool.slipway]\nasgi = 1", "a string"),
        ('[tool.slipway]\nname = "My Service"', "cannot name an image"),
        (
            '[tool.slipway.secrets]\nTOKEN = "long"',
            r"secrets\.TOKEN = '\.\.\.' should be a whole number from 0 to 4096",
        ),
        ("[tool.slipway.build-args]\nA = 1", r"build-args\.A = 1 should be a string"),
        ("[tool.slipway]\nsecrets = 12", "secrets = 12 should be a table"),
        ("[tool.slipway]\ndeploy = 30", "deploy = 30 should be a table"),
        ("[tool]\nslipway = 5", r"\[tool\] slipway = 5 should be a table"),
        ('[tool.slipway.tests]\nhost = "tests"', "list of strings"),
        ("[tool.slipway.tests]\nhosts = []", "did you mean 'host'"),
        ("[tool.slipway", "cannot be read"),
    ],
)
def test_a_mistake_is_named(tmp_path: Path, text: str, said: str) -> None:
    with pytest.raises(Problem, match=said):
        project(tmp_path, text)


NUMBERS = [
    ("deploy", "settle", 0, 86400),
    ("deploy", "bake", 0, 86400),
    ("deploy", "errors", 0, 100),
    ("deploy", "drain", 0, 86400),
    ("deploy", "keep", 1, 1000),
    ("hooks", "timeout", 1, 86400),
    ("backups", "keep-last", 1, 1000),
    ("backups", "keep-daily", 0, 1000),
    ("backups", "keep-weekly", 0, 1000),
    ("migrate", "lock-timeout", 1, 1000000),
    ("migrate", "statement-timeout", 1, 1000000),
    ("migrate", "data-timeout", 1, 1000000),
    ("migrate", "online-timeout", 1, 1000000),
    ("migrate", "tries", 1, 1000),
    ("", "port", 1, 65535),
    ("", "workers", 1, 1000),
    ("", "wait", 1, 86400),
    ("", "repeat-after", 1, 86400),
    ("secrets", "TOKEN", 0, 4096),
]


@pytest.mark.parametrize(("table", "key", "least", "most"), NUMBERS)
def test_a_number_is_whole_and_has_limits(tmp_path: Path, table: str, key: str, least: int, most: int) -> None:
    head = f"[tool.slipway{table and '.'}{table}]\n{key} = "
    for good in (least, most):
        project(tmp_path, f"{head}{good}")
    for bad in (least - 1, most + 1, -(2**40), 2**62, "true", "'1'", "1.0", "inf", "nan", "[1]", "1979-05-27"):
        with pytest.raises(Problem, match=rf"{key} = .* should be a whole number from {least} to {most}\.$"):
            project(tmp_path, f"{head}{bad}")


def test_there_is_no_number_without_limits() -> None:
    numbers = [
        one for table in (Project, *TABLES.values()) for one in fields(table) if re.search(r"\bint\b", str(one.type))
    ]
    assert len(numbers) == len(NUMBERS)
    assert all("range(" in str(one.type) for one in numbers)


def test_a_missing_file_or_version_is_named(tmp_path: Path) -> None:
    with pytest.raises(Problem, match=r"no pyproject\.toml"):
        load(tmp_path)
    (tmp_path / "pyproject.toml").write_text('[project]\nname = "x"\n')
    with pytest.raises(Problem, match="no version"):
        load(tmp_path)
