"""What the service runs once it is migrated: each command a step, and nothing goes on after one that fails."""

from dataclasses import replace
from pathlib import Path

import pytest

from slipway.core.errors import Problem
from slipway.core.shell import Ran
from slipway.database import after, schema
from slipway.project.checkout import Checkout
from slipway.project.tables import Hooks
from slipway.runtime import LATE
from tests.slipway.database.support import Noting, checkout, environment, said

NOTHING = said(**{"from": ["0001"], "to": ["0001"], "applied": [], "waiting": []})
COMMANDS = ("python app/initial_data.py --all 'two words'", "sh -c 'a && b'")


@pytest.fixture
def of(tmp_path: Path) -> Checkout:
    """Give a project that runs two commands."""
    made = checkout(tmp_path)
    return replace(made, project=replace(made.project, hooks=Hooks(after_migrate=COMMANDS)))


def test_they_run_after_each_migration_also_where_nothing_was_pending(
    of: Checkout, capsys: pytest.CaptureFixture[str]
) -> None:
    runtime = Noting(of, environment(of), NOTHING, Ran(0), Ran(0))

    after.up_to_date(of, environment(of), runtime)

    assert [list(job.argv) for job in runtime.jobs[1:]] == [
        ["python", "app/initial_data.py", "--all", "two words"],
        ["sh", "-c", "a && b"],
    ]
    assert {(job.env["SLIPWAY_ENV"], job.seconds) for job in runtime.jobs[1:]} == {("dev", 600)}
    lines = capsys.readouterr().err.splitlines()
    assert [line.split()[:3] for line in lines if line.startswith("  after")] == [
        ["after", "python", "app/initial_data.py"],
        ["after", "sh", "-c"],
    ]
    assert all(line.endswith(" s") for line in lines)


def test_a_project_without_migrations_runs_them_as_well(of: Checkout) -> None:
    of = replace(of, project=replace(of.project, migrations=""))
    runtime = Noting(of, environment(of), Ran(0), Ran(0))

    after.up_to_date(of, environment(of), runtime)

    assert len(runtime.jobs) == 2


def test_the_first_that_fails_is_named_with_what_it_said_and_ends_it(
    of: Checkout, capsys: pytest.CaptureFixture[str]
) -> None:
    runtime = Noting(of, environment(of), NOTHING, Ran(3, "a line\nno user\n"))

    with pytest.raises(Problem) as raised:
        after.up_to_date(of, environment(of), runtime)

    assert raised.value.code == 1
    assert raised.value.message == (
        f"{COMMANDS[0]!r} of after-migrate in pyproject.toml ended with status 3 (see above). What was migrated stays; "
        "nothing was started on it.\nOnce it is mended: ./inv up"
    )
    assert len(runtime.jobs) == 2
    assert "no user\n" in capsys.readouterr().err


def test_one_that_does_not_end_is_ended_and_the_setting_named(of: Checkout) -> None:
    with pytest.raises(Problem, match=r"did not end in 600 s, and was ended \(\[tool.slipway.migrate\] data-timeout\)"):
        after.up_to_date(of, environment(of), Noting(of, environment(of), NOTHING, Ran(LATE)))


def test_none_runs_after_a_migration_that_failed(of: Checkout) -> None:
    runtime = Noting(of, environment(of), Ran(1))

    with pytest.raises(Problem, match=schema.MIGRATION_FAILED[:20]):
        after.up_to_date(of, environment(of), runtime)
    assert len(runtime.jobs) == 1
