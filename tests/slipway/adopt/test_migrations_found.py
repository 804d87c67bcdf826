"""Alembic's migrations, wherever they are."""

from pathlib import Path

import pytest

from slipway.adopt.detect import detect
from slipway.adopt.migrations import migrations
from tests.slipway.adopt.support import ENV_PY, INI, project, revision

ASYNC = "from alembic import context\n\n\nasync def main():\n    context.run_migrations()\n"
CASES: dict[str, tuple[dict[str, str], tuple[str, str, str, int, bool]]] = {
    "in the root": (
        {"alembic.ini": INI, "migrations/env.py": ENV_PY, "migrations/versions/a.py": revision("a1", None),
         "migrations/versions/b.py": revision("b2", "a1")},
        ("alembic.ini", "migrations", "b2", 2, False),
    ),
    "below, as seen from the ini": (
        {"src/alembic.ini": INI, "src/migrations/env.py": ASYNC}, ("src/alembic.ini", "src/migrations", "", 0, True),
    ),
    "below, as seen from the project": (
        {"conf/alembic.ini": INI.replace("migrations", "app/db"), "app/db/env.py": ENV_PY},
        ("conf/alembic.ini", "app/db", "", 0, False),
    ),
    "%(here)s": (
        {"alembic.ini": INI.replace("migrations", "%(here)s/db"), "db/env.py": ENV_PY}, ("alembic.ini", "db", "",
            0, False),
    ),
    "pyproject.toml": (
        {"pyproject.toml": '[tool.alembic]\nscript_location = "%(here)s/db"\n', "db/env.py": ENV_PY},
        ("pyproject.toml", "db", "", 0, False),
    ),
    "version_locations": (
        {"alembic.ini": INI + "version_locations = app/one/versions:app/two/versions\n", "migrations/env.py": ENV_PY,
         "app/one/versions/a.py": revision("a1", None), "app/two/versions/b.py": revision("b2", "a1")},
        ("alembic.ini", "migrations", "b2", 2, False),
    ),
    "a merge": (
        {"alembic.ini": INI, "migrations/env.py": ENV_PY, "migrations/versions/a.py": revision("a", None),
         "migrations/versions/b.py": revision("b", None),
         "migrations/versions/c.py": 'revision: str = "c"\ndown_revision: tuple[str, ...] = ("a", "b")\n'},
        ("alembic.ini", "migrations", "c", 3, False),
    ),
    "names in full after short ones": (
        {"alembic.ini": INI, "migrations/env.py": ENV_PY, "migrations/versions/a.py": revision("abc123", None),
         "migrations/versions/b.py": revision("def456", "abc123"), "migrations/versions/README.py": "# no revision\n"},
        ("alembic.ini", "migrations", "def456", 2, False),
    ),
}  # fmt: skip


@pytest.mark.parametrize(("files", "expected"), CASES.values(), ids=CASES)
def test_they_are_found_with_the_newest(
    tmp_path: Path, files: dict[str, str], expected: tuple[str, str, str, int, bool]
) -> None:
    found, untold = migrations(project(tmp_path, files))

    assert found
    assert (found.ini, found.folder, found.head, found.count, found.is_async) == expected
    assert untold == []


def test_several_heads_are_named_and_none_is_chosen(tmp_path: Path) -> None:
    files = {
        "alembic.ini": INI, "migrations/env.py": ENV_PY, "migrations/versions/a.py": revision("a1", None),
        "migrations/versions/b.py": revision("b2", "a1", "2026-03-01 10:00:00"),
        "migrations/versions/c.py": revision("c3", "a1", "2026-02-01 10:00:00"),
    }  # fmt: skip
    found, (untold,) = migrations(project(tmp_path, files))

    assert found
    assert found.head == ""
    assert "b2 (migrations/versions/b.py), c3 (migrations/versions/c.py)" in untold.what
    assert untold.line == 'after = "b2"'


def test_where_the_ini_leads_to_nothing_that_is_told(tmp_path: Path) -> None:
    found, (untold,) = migrations(project(tmp_path, {"alembic.ini": INI}))

    assert found is None
    assert untold.what.startswith("alembic.ini:2 says script_location = 'migrations', and there is no env.py")


def test_a_project_may_have_none(tmp_path: Path) -> None:
    assert migrations(project(tmp_path, {"main.py": ""})) == (None, [])


def test_the_folders_that_alembic_imports_from_are_the_services_as_well(tmp_path: Path) -> None:
    files = {"alembic.ini": INI + "prepend_sys_path = lib  # ours\n", "migrations/env.py": ENV_PY}

    assert [one.value for one in detect(project(tmp_path, files)).pythonpath] == ["lib"]


def test_tables_that_the_code_makes_itself_are_told(tmp_path: Path) -> None:
    files = {"alembic.ini": INI, "migrations/env.py": ENV_PY,
             "db.py": "# Base.metadata.create_all(engine)\ndef start(c):\n    "
                      "c.run_sync(Base.metadata.create_all)\n"}  # fmt: skip

    assert [one.what for one in detect(project(tmp_path, files)).untold if "db.py:3 makes tables" in one.what]
