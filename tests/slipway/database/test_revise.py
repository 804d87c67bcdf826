"""What is asked of alembic, and what becomes of its file."""

from pathlib import Path

import pytest

from slipway.core.errors import Problem
from slipway.core.shell import Ran
from slipway.database import revise
from slipway.database.revise import NO_REVISION, Wanted
from slipway.runtime import Job, Where
from tests.slipway.database.support import Noting, checkout, environment, revision


@pytest.mark.parametrize(
    ("wanted", "expected"),
    [
        (Wanted("m", "", "autogenerate"), ["revision", "--message", "m", "--autogenerate"]),
        (Wanted("m", "expand", "empty"), ["-x", "phase=expand", "revision", "--message", "m"]),
        (Wanted("m", "expand", "merge"), ["-x", "phase=expand", "merge", "--message", "m", "heads"]),
    ],
)
def test_the_command_that_makes_a_revision(wanted: Wanted, expected: list[str]) -> None:
    assert revise.alembic_command(wanted) == ["python", "-m", "alembic", *expected]


def test_what_cannot_be_made_is_said_before(tmp_path: Path) -> None:
    of = checkout(tmp_path)
    project, dev, prod = of.project, environment(of), environment(of, "prod")

    assert revise.check(project, dev, "m", merge=True) == Wanted("m", "expand", "merge")
    assert revise.check(project, dev, "m", phase="contract") == Wanted("m", "contract", "autogenerate")
    assert revise.check(project, dev, "m", empty=True) == Wanted("m", "", "empty")
    with pytest.raises(Problem, match="What does the migration do"):
        revise.check(project, dev, "")
    with pytest.raises(Problem, match="leave out --prod"):
        revise.check(project, prod, "m")
    with pytest.raises(Problem, match="not 'both'"):
        revise.check(project, dev, "m", phase="both")
    with pytest.raises(Problem, match="exclude each other"):
        revise.check(project, dev, "m", empty=True, merge=True)


class Writing(Noting):
    """A runtime whose alembic writes a file, in two lines."""

    def run(self, job: Job) -> Ran:
        """Write it."""
        revision(self.checkout.root, "0002", "0001", phase="")
        return super().run(job)


def test_the_file_is_made_as_the_callers_own_and_named(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    of = checkout(tmp_path)
    revision(tmp_path, "0001", None)
    runtime = Writing(of, environment(of), Ran(0, "Generating ..."))

    revise.make(of, runtime, Wanted("m", "", "empty"))

    (job,) = runtime.jobs
    assert (job.where, job.for_caller, dict(job.env)) == (Where.SERVICE, True, {})
    out, said = capsys.readouterr()
    assert out == ""
    assert "alembic/versions/0002.py" in said
    assert '  next       say in it whether it only adds: phase = "expand" or "contract"' in said
    assert "  then       ./inv check, ./inv migrate" in said
    assert 'revision = "0002"' in (tmp_path / "alembic/versions/0002.py").read_text()  # as ruff has it


def test_alembic_that_fails_or_writes_nothing_is_a_problem(tmp_path: Path) -> None:
    of = checkout(tmp_path)

    with pytest.raises(Problem) as raised:
        revise.make(of, Noting(of, environment(of), Ran(5)), Wanted("m", "", "empty"))
    assert (raised.value.message, raised.value.code) == (NO_REVISION, 5)
    with pytest.raises(Problem, match="alembic wrote no file"):
        revise.make(of, Noting(of, environment(of), Ran(0)), Wanted("m", "", "empty"))


def test_why_alembic_makes_none_is_shown(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    of = checkout(tmp_path)
    runtime = Noting(of, environment(of), Ran(255, "FAILED: Target database is not up to date."))
    with pytest.raises(Problem, match="No migration was made"):
        revise.make(of, runtime, Wanted("m", "", "autogenerate"))
    assert "FAILED: Target database is not up to date." in capsys.readouterr().err
