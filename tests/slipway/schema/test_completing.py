"""What is written into a revision's file, where its template has no place for it."""

from pathlib import Path

import pytest

from slipway.schema.completing import complete, with_imports, with_phase

REVISION = '"m"\nfrom alembic import op\nimport sqlalchemy as sa\n\nrevision: str = "0002"\ndown_revision = "0001"\n'
REST = "\n\ndef upgrade() -> None:\n    pass\n"


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("", 'phase: str = "contract"\n'),
        ('phase = ""\n', 'phase: str = "contract"\n'),
        ("phase: str = (\n    'expand'\n)\n", 'phase: str = "contract"\n'),
        ("phase = 'contract'\n", "phase = 'contract'\n"),
        ("depends_on = None\n", 'depends_on = None\nphase: str = "contract"\n'),
    ],
    ids=["none", "empty", "another", "said", "behind the names"],
)
def test_the_phase_is_said_beside_the_name(before: str, after: str) -> None:
    assert with_phase(f"{REVISION}{before}{REST}", "contract") == f"{REVISION}{after}{REST}"


def test_modules_are_imported_once() -> None:
    assert with_imports(REVISION, ["alembic_utils.pg", "sqlalchemy"]) == REVISION.replace(
        "import sqlalchemy as sa\n", "import sqlalchemy as sa\nimport alembic_utils.pg\nimport sqlalchemy\n"
    )
    assert with_imports(f"import shop.types\n{REVISION}", ["shop.types"]) == f"import shop.types\n{REVISION}"


def test_a_file_that_has_everything_is_left_alone(tmp_path: Path) -> None:
    path = tmp_path / "0002.py"
    path.write_text(REVISION)
    path.chmod(0o400)

    complete(path, "", [])

    assert path.read_text() == REVISION
