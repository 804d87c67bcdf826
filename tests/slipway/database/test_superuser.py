"""What the superuser does for a service whose role may not."""

from dataclasses import replace
from pathlib import Path

import pytest

from slipway.core.errors import Problem
from slipway.core.shell import Ran
from slipway.database import superuser
from slipway.project.checkout import Checkout
from slipway.project.tables import DatabaseRules
from slipway.runtime import Where
from slipway.runtime.bring_over import Role
from tests.slipway.database.support import ENV, Noting, checkout, environment


def with_extensions(root: Path, *answers: Ran, names: tuple[str, ...] = ("postgis", "uuid-ossp")) -> Noting:
    """Return a runtime of a project that names extensions."""
    of = checkout(root)
    of = Checkout(replace(of.project, database=DatabaseRules(names)), of.shell)
    return Noting(of, environment(of), *answers)


def test_extensions_are_made_in_the_database_and_for_those_to_come(tmp_path: Path) -> None:
    runtime = with_extensions(tmp_path, Ran(0), Ran(0))
    superuser.prepare(runtime.checkout, runtime.environment, runtime)
    assert {job.where for job in runtime.jobs} == {Where.SUPERUSER}
    assert [job.argv[job.argv.index("-d") + 1] for job in runtime.jobs] == ["template1", "shop"]
    assert 'CREATE EXTENSION IF NOT EXISTS "postgis" CASCADE;' in runtime.jobs[1].argv[-1]
    assert 'CREATE EXTENSION IF NOT EXISTS "uuid-ossp" CASCADE;' in runtime.jobs[1].argv[-1]


def test_nothing_is_asked_when_there_are_none_or_the_database_is_elsewhere(tmp_path: Path) -> None:
    runtime = with_extensions(tmp_path / "none", names=())
    elsewhere = with_extensions(tmp_path / "elsewhere")
    (elsewhere.checkout.root / ".env").write_text(ENV.replace("HOSTNAME=db", "HOSTNAME=db.example.com"))
    for one in (runtime, elsewhere):
        superuser.prepare(one.checkout, one.environment, one)
        assert one.jobs == []


def test_one_that_cannot_be_made_is_a_problem_that_names_the_key(tmp_path: Path) -> None:
    runtime = with_extensions(tmp_path, Ran(1))
    with pytest.raises(Problem, match=r"\[tool\.slipway\.database\] in pyproject\.toml names them"):
        superuser.prepare(runtime.checkout, runtime.environment, runtime)


@pytest.mark.parametrize("role", list(Role))
def test_what_the_role_is_is_asked_where_the_superuser_logs_in(tmp_path: Path, role: Role) -> None:
    runtime = with_extensions(tmp_path, Ran(0, role.value))
    assert superuser.role(runtime.environment, runtime) is role
    assert runtime.jobs[0].where is Where.SUPERUSER
    assert runtime.jobs[0].argv[-4:] == ["state", "shop", "superuser", "shop"]


def test_it_is_no_answer_when_that_cannot_be_told(tmp_path: Path) -> None:
    runtime = with_extensions(tmp_path, Ran(2, ""))
    with pytest.raises(Problem, match="could not be told"):
        superuser.role(runtime.environment, runtime)


def test_a_role_is_given_over_before_and_the_sessions_end_after(tmp_path: Path) -> None:
    runtime = with_extensions(tmp_path, Ran(0), Ran(0), Ran(1), Ran(1))
    database = runtime.environment.settings.database
    superuser.give_over(runtime.checkout, runtime, database)
    superuser.end_sessions(runtime.checkout, runtime, database)
    assert [job.argv[4] for job in runtime.jobs] == ["begin", "end"]
    with pytest.raises(Problem, match="it serves as before, and the next deployment goes on with it"):
        superuser.give_over(runtime.checkout, runtime, database)
    with pytest.raises(Problem, match=r"The release is live\..*/inv deploy ends them"):
        superuser.end_sessions(runtime.checkout, runtime, database)
