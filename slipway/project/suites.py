"""pytest's command line and variables, for suites of the project."""

from collections.abc import Mapping, Sequence
from pathlib import Path

from slipway import entrypoint
from slipway.project import variables
from slipway.project.config import Project
from slipway.project.values import example_values
from slipway.schema import GIVEN


def pytest_command(
    python: Sequence[str], suites: Sequence[str], args: Sequence[str], root: Path, *options: str
) -> list[str]:
    """Return the pytest command line.

    The suites are left out when the arguments name files of their own.
    """
    paths = [arg.partition("::")[0] for arg in args if "/" in arg or ".py" in arg]  # not the word after -k
    named = any((root / path).exists() for path in paths)
    return [*python, "pytest", *options, *args, *([] if named else suites)]


def options(project: Project) -> list[str]:
    """Return pytest's options for as many workers as the project's tests have; none where pytest-xdist isn't needed."""
    workers = project.tests.workers
    return [] if workers.isdigit() and int(workers) <= 1 else [f"--numprocesses={workers}"]


def of_tests(project: Project, where: Mapping[str, str]) -> dict[str, str]:
    """Return the variables of tests: .env.example's with fresh secrets, and `where` DATABASE_* lead to.

    What the service calls the database is made of them; [tool.slipway.tests] env comes last.
    """
    told = variables.of_service(project, {**example_values(project), **where})
    about = {GIVEN, entrypoint.RENDER}  # this project: what tests start may be about another one
    return {name: value for name, value in told.items() if name not in about} | project.tests.env
