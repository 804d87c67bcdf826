"""[tool.slipway]: defaults, and clear refusals."""

from pathlib import Path

import pytest

from slipway.core.errors import Problem
from slipway.project.config import Project, load

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
        ('[tool.slipway.secrets]\nTOKEN = "long"', "table of whole numbers"),
        ('[tool.slipway.tests]\nhost = "tests"', "list of strings"),
        ("[tool.slipway.tests]\nhosts = []", "did you mean 'host'"),
        ("[tool.slipway", "cannot be read"),
    ],
)
def test_a_mistake_is_named(tmp_path: Path, text: str, said: str) -> None:
    with pytest.raises(Problem, match=said):
        project(tmp_path, text)


def test_a_missing_file_or_version_is_named(tmp_path: Path) -> None:
    with pytest.raises(Problem, match=r"no pyproject\.toml"):
        load(tmp_path)
    (tmp_path / "pyproject.toml").write_text('[project]\nname = "x"\n')
    with pytest.raises(Problem, match="no version"):
        load(tmp_path)
