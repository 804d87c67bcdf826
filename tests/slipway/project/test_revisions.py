"""The migrations in the tree, read without running them."""

from dataclasses import replace
from pathlib import Path

import pytest

from slipway.core.errors import Problem
from slipway.project.config import Project, load
from slipway.project.revisions import heads, known
from tests.support import ROOT


def project(root: Path, **files: str) -> Project:
    """Return a project with these migrations."""
    versions = root / "alembic/versions"
    versions.mkdir(parents=True)
    for name, text in files.items():
        (versions / f"{name}.py").write_text(text)
    return replace(load(ROOT), root=root)


def migration(revision: str, down: object) -> str:
    """Return a migration that cannot be imported here."""
    return f"import nowhere\ndown_revision: str | None\nrevision: str = {revision!r}\ndown_revision = {down!r}\n"


def test_the_head_is_what_no_other_follows(tmp_path: Path) -> None:
    files = {"one": migration("1", None), "two": migration("2", "1"), "__init__": "for revision in []:\n    pass\n"}

    assert heads(project(tmp_path, **files)) == "2"


def test_two_heads_are_named_and_a_merge_joins_them(tmp_path: Path) -> None:
    files = {"one": migration("1", None), "a": migration("2a", "1"), "b": migration("2b", "1")}
    branched = project(tmp_path, **files)
    assert heads(branched) == "2a,2b"

    (tmp_path / "alembic/versions/merge.py").write_text(migration("3", ("2a", "2b")))
    assert heads(branched) == "3"


def test_without_migrations_there_is_no_head(tmp_path: Path) -> None:
    assert heads(project(tmp_path)) == ""
    assert heads(replace(project(tmp_path / "other"), migrations="")) == ""


@pytest.mark.parametrize("text", ["revision = (\n", "revision = name()\n", "revision = '2'\ndown_revision = 1\n"])
def test_a_migration_that_cannot_be_read_is_named(tmp_path: Path, text: str) -> None:
    with pytest.raises(Problem, match=r"broken\.py"):
        heads(project(tmp_path, broken=text))


INI = "[alembic]\nscript_location = {}\nversion_locations = {}\nversion_path_separator = space\n"


def laid_out(root: Path, ini: str, *folders: str) -> Project:
    """Make a project with an .ini below src, and a revision in each of some folders, one after the other."""
    (root / "src/moves").mkdir(parents=True)
    (root / "src/moves/env.py").touch()
    (root / "src/alembic.ini").write_text(ini)
    before = None
    for number, folder in enumerate(folders):
        (root / folder).mkdir(parents=True, exist_ok=True)
        name = f"r{number}"
        (root / folder / f"{name}.py").write_text(f"revision = {name!r}\ndown_revision = {before!r}\n")
        before = name
    (root / "pyproject.toml").write_text(
        '[project]\nname = "x"\nversion = "1.0.0"\n[tool.slipway]\nalembic = "src/alembic.ini"\n'
    )
    return load(root)


@pytest.mark.parametrize("location", ["moves", "src/moves", "%(here)s/moves", "src:moves"])
def test_an_ini_says_where_the_migrations_are(tmp_path: Path, location: str) -> None:
    project = laid_out(tmp_path, f"[alembic]\nscript_location = {location}\n", "src/moves/versions")

    assert (project.migrations, heads(project)) == ("src/moves", "r0")


def test_an_ini_may_have_several_folders_of_revisions(tmp_path: Path) -> None:
    places = ["src/moves/versions", "src/more"]
    project = laid_out(tmp_path, INI.format("moves", "%(here)s/moves/versions more"), *places)

    assert (heads(project), set(known(project, ["r1"]))) == ("r1", {"r0", "r1"})


def test_an_ini_may_have_folders_in_folders(tmp_path: Path) -> None:
    ini = "[alembic]\nscript_location = moves\nrecursive_version_locations = true\n"

    assert heads(laid_out(tmp_path, ini, "src/moves/versions", "src/moves/versions/2026/11")) == "r1"


def test_pyproject_may_have_several_folders_too(tmp_path: Path) -> None:
    laid_out(tmp_path, "[alembic]\nscript_location = moves", "alembic/versions", "more")
    (tmp_path / "pyproject.toml").write_text(
        '[project]\nname = "x"\nversion = "1.0.0"\n[tool.alembic]\nscript_location = "%(here)s/alembic"\n'
        'version_locations = ["%(here)s/alembic/versions", "more"]\n'
    )

    assert heads(load(tmp_path)) == "r1"


@pytest.mark.parametrize(
    ("ini", "said"),
    [
        ("", "has no script_location"),
        ("[alembic]\nscript_location = nowhere", "where there is no env.py"),
        ("nonsense", "cannot be read"),
        ("[alembic]\nscript_location = ../../outside", "leads out of the project"),
    ],
)
def test_an_ini_that_leads_nowhere_is_a_mistake(tmp_path: Path, ini: str, said: str) -> None:
    (tmp_path / "outside").mkdir()
    (tmp_path / "outside/env.py").touch()
    (tmp_path / "x").mkdir()

    with pytest.raises(Problem, match=said):
        laid_out(tmp_path / "x", ini)
