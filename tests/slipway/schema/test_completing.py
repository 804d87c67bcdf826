"""What is written into a revision's file, where its template has no place for it."""

from pathlib import Path

import pytest

from slipway.schema.completing import complete, unknown, with_imports, with_phase

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
    assert with_imports(REVISION, ["import alembic_utils.pg", "import sqlalchemy"]) == REVISION.replace(
        "import sqlalchemy as sa\n", "import sqlalchemy as sa\nimport alembic_utils.pg\nimport sqlalchemy\n"
    )
    assert with_imports(f"import shop.types\n{REVISION}", ["import shop.types"]) == f"import shop.types\n{REVISION}"


def test_a_file_that_has_everything_is_left_alone(tmp_path: Path) -> None:
    path = tmp_path / "0002.py"
    path.write_text(REVISION)
    path.chmod(0o400)

    assert complete(path, "", []) == []

    assert path.read_text() == REVISION


def test_what_nobody_has_imported_is_named_and_what_is_known_is_imported(tmp_path: Path) -> None:
    path = tmp_path / "0002.py"
    uses = "    def inner(a): return [a, b, len(a)]\n    op.add(sa.Column(Text(), JSONB(), Path(), Nowhere()))\n"
    path.write_text(f"{REVISION}b = 1\n\n\ndef upgrade() -> None:\n{uses}")

    left = complete(path, "", ["pathlib"])

    assert left == ["Nowhere"] == unknown(path.read_text())
    for line in ("from sqlalchemy import Text", "from sqlalchemy.dialects.postgresql import JSONB"):
        assert f"\n{line}\n" in path.read_text()
    assert "\nfrom pathlib import Path\n" in path.read_text()
