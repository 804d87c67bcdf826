"""The migrations in the tree, read without running them."""

from dataclasses import replace
from pathlib import Path

import pytest

from slipway.core.errors import Problem
from slipway.project.config import Project, load
from slipway.project.revisions import heads
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
