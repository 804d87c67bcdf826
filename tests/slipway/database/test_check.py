"""What `inv check` makes of the trials."""

from dataclasses import replace
from pathlib import Path

import pytest

from slipway.core.errors import Problem
from slipway.database import check
from slipway.database.check import Result
from slipway.database.findings import NO_EXCUSE, Finding
from slipway.project.tables import Lint
from slipway.schema.answers import Checked
from tests.slipway.database.support import Noting, checkout, environment, revision, said, trial

CLEAN = {"phase": "expand", "message": "m", "sql": "SELECT 1;\n"}


def test_the_migrations_as_a_whole(tmp_path: Path) -> None:
    project = checkout(tmp_path).project

    assert check.general(project, Checked(("0002",))) == []
    assert check.general(project, Checked(("0002", "0003"), "New upgrade operations detected", (), ("app.a",))) == [
        Finding("-", "heads", "there are 2: 0002, 0003. Join them: ./inv revision --merge"),
        Finding("-", "models", "New upgrade operations detected"),
        Finding("-", "imports", "app.a defines tables, and alembic/env.py does not import it: import it there."),
    ]


def test_a_long_history_is_linted_from_where_the_project_says(tmp_path: Path) -> None:
    of = checkout(tmp_path)
    for name, before in (("0001", None), ("0002", "0001"), ("0003", "0002")):
        revision(tmp_path, name, before)
    trials = [trial(revision=name) for name in ("0001", "0002", "0003")]

    assert check.after(of.project, trials) == trials
    assert check.after(replace(of.project, lint=Lint("0002")), trials) == trials[2:]
    with pytest.raises(Problem, match="after = '0009' is no revision"):
        check.after(replace(of.project, lint=Lint("0009")), trials)


def test_what_is_wrong_is_returned_and_not_raised(tmp_path: Path) -> None:
    of = checkout(tmp_path)
    good, bad = {"revision": "0001", **CLEAN}, {"revision": "0002", **CLEAN, "irreversible": "NotImplementedError"}
    runtime = Noting(of, environment(of), said(heads=["0002"], models="", trials=[good, bad]))

    result = check.check(of, environment(of), runtime)

    assert result == Result((Finding("0002", "downgrade", "NotImplementedError"),), 2, 0)
    assert result.line == "2 revisions up, down and up again"
    older = "older ones applied, not linted ([tool.slipway.lint] after)"
    assert Result((), 1, 3).line == f"1 revision up, down and up again; 3 {older}"
    assert Result((), 0, 1).line == "1 older one applied, not linted ([tool.slipway.lint] after)"


def test_an_older_one_that_cannot_be_applied_is_found_all_the_same(tmp_path: Path) -> None:
    of = checkout(tmp_path)
    revision(tmp_path, "0001", None)
    of = replace(of, project=replace(of.project, lint=Lint("0001")))
    bad = {"revision": "0001", "phase": "", "ignores": {"fails": "it is old"}, "error": "division by zero"}
    runtime = Noting(of, environment(of), said(heads=["0001"], trials=[bad]))

    result = check.check(of, environment(of), runtime)

    fails = Finding("0001", "fails", "division by zero")
    assert result == Result((fails, Finding("0001", "ignores", NO_EXCUSE)), 0, 1)
