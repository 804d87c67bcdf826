"""What is asked of alembic, and what becomes of its file."""

from pathlib import Path

import pytest

from slipway.core.errors import Problem
from slipway.core.shell import Ran
from slipway.database import revise
from slipway.database.revise import NO_REVISION, Wanted
from slipway.runtime import Job, Where
from tests.slipway.database.support import Noting, checkout, environment, revision, said


@pytest.mark.parametrize(
    ("wanted", "expected"),
    [
        (Wanted("m", "", "autogenerate"), ["--how", "autogenerate", "--message=m"]),
        (Wanted("-m", "expand", "empty"), ["--how", "empty", "--message=-m", "--phase", "expand"]),
        (Wanted("m", "expand", "merge"), ["--how", "merge", "--message=m", "--phase", "expand"]),
    ],
)
def test_the_command_that_makes_a_revision(tmp_path: Path, wanted: Wanted, expected: list[str]) -> None:
    of = checkout(tmp_path)
    revision(tmp_path, "0001", None)
    runtime = Noting(of, environment(of), said(files=["alembic/versions/0001.py"]))

    revise.make(of, environment(of), runtime, wanted)

    (job,) = runtime.jobs
    assert job.argv == ["python", "-m", "slipway.schema", "revise", *expected, "--json"]


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
    runtime = Writing(of, environment(of), said(files=["alembic/versions/0002.py"]))

    revise.make(of, environment(of), runtime, Wanted("m", "", "empty"))

    (job,) = runtime.jobs
    assert (job.where, job.for_caller) == (Where.SERVICE, True)
    out, told = capsys.readouterr()
    assert out == ""
    assert "alembic/versions/0002.py" in told
    assert '  next       say in it whether it only adds: phase = "expand" or "contract"' in told
    assert "  then       ./inv check, ./inv migrate" in told
    assert 'revision = "0002"' in (tmp_path / "alembic/versions/0002.py").read_text()  # as ruff has it


def test_a_revision_that_cannot_be_made_is_a_problem(tmp_path: Path) -> None:
    of = checkout(tmp_path)

    with pytest.raises(Problem) as raised:
        revise.make(of, environment(of), Noting(of, environment(of), Ran(5)), Wanted("m", "", "empty"))
    assert (raised.value.message, raised.value.code) == (NO_REVISION, 5)


def test_where_nothing_differs_nothing_is_written_and_why_that_may_be_is_said(tmp_path: Path) -> None:
    of = checkout(tmp_path)
    runtime = Noting(of, environment(of), said(), said(unimported=["app.shop.models"]))

    with pytest.raises(Problem, match="no revision was written") as plain:
        revise.make(of, environment(of), runtime, Wanted("m", "", "autogenerate"))
    with pytest.raises(Problem, match=r"app\.shop\.models defines tables, and alembic/env\.py does not import it"):
        revise.make(of, environment(of), runtime, Wanted("m", "", "autogenerate"))
    assert plain.value.code == 1
    assert "Does alembic/env.py import your models, and is its target_metadata theirs?" in str(plain.value.message)


def test_what_is_not_in_a_revision_is_said(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    of = checkout(tmp_path)
    revision(tmp_path, "0001", None)
    runtime = Noting(of, environment(of), said(files=["alembic/versions/0001.py"], unimported=["app.a", "app.b"]))

    revise.make(of, environment(of), runtime, Wanted("m", "", "autogenerate"))

    assert "app.a and app.b define tables, and alembic/env.py does not import them" in capsys.readouterr().err
